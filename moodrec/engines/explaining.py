"""How a search in an engine went, in the words of the index of one machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from moodrec.arguments import listed
from moodrec.engines.request import Candidates, EngineRequest
from moodrec.filters.conditions import Field, IsNull, Not
from moodrec.index.search.hits import Drop, Explanation, shortfall_text
from moodrec.index.search.resolve import MOST_SKIPPED
from moodrec.typing import Codes

if TYPE_CHECKING:
    from moodrec.engines.reading import EngineReader


def explanation(
    index: EngineReader, request: EngineRequest, found: list[Candidates], counts: Codes
) -> Explanation:
    """Explain a search; the engine is asked to count.

    Args:
        index: what was searched.
        request: the search.
        found: the candidates of each of q queries.
        counts: (q,) the hits of each.
    """
    n = len(index)
    # As on one machine: a few excluded tracks are passed over among the hits, many are a condition.
    few = len(request.options.exclude) <= MOST_SKIPPED
    asked = request.without_exclusions() if few else request
    passed = index._count(asked)
    drops = [Drop(text, n - index._count(one)) for text, one in _terms(request, few)]
    return Explanation(
        path=found[0].path if found else index.kind,
        reason=found[0].reason if found else "no queries",
        rows=n,
        passed=passed,
        queries=len(found),
        scanned=sum(map(len, found)),
        scored=sum(map(len, found)),
        dropped=tuple(drop for drop in drops if drop.rows or not drop.condition.startswith(_UNSCORED)),
        shortfall=_shortfall(index, request, asked, passed, int(counts.min(initial=request.k))),
        kernel=None,
    )


_UNSCORED = "mood target: no score for "


def _terms(request: EngineRequest, few: bool) -> Iterator[tuple[str, EngineRequest]]:
    """Yield each condition by itself, with its text."""
    options = request.options
    for one in request.conditions:
        yield str(one), request.asking(where=one)
    for mood in request.needed_moods:
        yield _UNSCORED + mood, request.asking(where=Not(IsNull(Field(mood))))
    if options.exclude_artist:
        artists = sorted(options.exclude_artist)
        yield f"exclude_artist {listed(artists)}", request.asking(exclude_artist=artists)
    if not few:
        yield f"exclude ({len(options.exclude)} tracks)", request.asking(exclude=options.exclude)
    if options.only is not None:
        yield f"only ({len(options.only)} tracks)", request.asking(only=options.only)


def _shortfall(
    index: EngineReader, request: EngineRequest, asked: EngineRequest, passed: int, fewest: int
) -> str | None:
    if fewest == request.k:
        return None
    options = request.options
    excluded = passed - index._count(request)
    if seeds := set(request.own) - set(options.exclude):
        allowed = seeds if options.only is None else seeds & set(options.only)
        excluded += bool(index._count(asked.limited_to(allowed)))
    names = ("max_per_artist", "max_per_album")
    limits = [f"{name}={limit}" for name in names if (limit := getattr(options, name)) is not None]
    return shortfall_text(request.k, fewest, passed, excluded, limits + ["distinct"] * options.distinct)
