"""Answers to searches: hits as documents, with the reasons for each where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from numpy.typing import ArrayLike

from moodrec.errors import UsageError
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.results import Recommendations
from moodrec.recommend.why import reasons
from moodrec.serve.documents import chosen_columns, plain_value, read_columns, track_documents
from moodrec.serve.settings import Limits
from moodrec.serve.view import View


def within(k: int, limits: Limits) -> int:
    """Check a number of tracks against the server's limit.

    Args:
        k: what was asked for.
        limits: of the server.

    Raises:
        UsageError: it is larger.
    """
    if k > limits.k:
        raise UsageError(f"k is {k}; this server gives at most {limits.k:,} tracks at once")
    return k


def found_document(
    view: View, found: Recommendations, k: int, columns: Sequence[str] | None = None
) -> dict[str, Any]:
    """Make the document of an answer.

    Args:
        view: the version of the index.
        found: the hits.
        k: what was asked for.
        columns: of the tracks; None takes all but paths and probabilities.
    """
    table = found.select(read_columns(chosen_columns(found.column_names, view.index.moods, columns)))
    return {
        "version": view.name,
        "count": len(found),
        "tracks": track_documents(table, view.index.moods, columns),
        # Reading the explanation costs more than the search, so that a full answer does without.
        "shortfall": found.explanation.shortfall if len(found) < k else None,
        "notes": list(found.notes),
    }


def explained(
    view: View,
    found: Recommendations,
    options: SearchOptions,
    query: ArrayLike | None,
    seed_moods: Mapping[str, float | None] | None = None,
) -> dict[str, Any]:
    """Make the part of an answer that tells why.

    Args:
        view: the version of the index.
        found: the hits.
        options: what was asked for.
        query: (d,) the query vector; None where the search went by mood alone.
        seed_moods: the scores of the seed, where there is one.
    """
    ids = found.track_ids
    spreads = view.spreads if seed_moods else None
    why = reasons(view.index, ids, query, options, seed_moods, spreads)
    return {
        "explain": found.explanation.as_dict(),
        "why": [
            {"track_id": track_id, **plain_value(asdict(reason))}
            for track_id, reason in zip(ids, why, strict=True)
        ],
    }
