"""``moodrec list``: tracks by mood and metadata, without a seed."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption, WhereOption, chosen_library
from moodrec.cli.playlist_files import AbsoluteOption, M3uOption, write_list
from moodrec.cli.tracks import mentioned, records, track_document

_SHOWN: Final = 50
_DEFAULT_MOODS: Final = 4


def list_tracks(
    where: WhereOption = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", "-s", metavar="COLUMNS", help="With commas; - for falling: -calm,year."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=0, help="Else all with --json, 50 in the table.")
    ] = None,
    m3u: M3uOption = None,
    absolute: AbsoluteOption = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List tracks by mood and metadata.

    Conditions are SQL: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL over moods and metadata.
    A mood score of 0.8 reads "more than 80 % of reference music"; prob(calm) is the probability, pct(calm) the
    percentile within this library.

    Example: moodrec list --where "calm >= 0.8 AND year BETWEEN 1990 AND 1999" --sort -calm
    """
    from moodrec.recommend.queries import notes_on
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet)
    recommender = Recommender.open(chosen_library(library))
    found = recommender.list(where, sort, limit)
    for note in (*recommender.notes, *notes_on(recommender.index, where)):
        screen.warn(note)
    if m3u is not None:
        write_list(screen, found, m3u, where or "Tracks", absolute)
    moods = recommender.moods
    if as_json:
        tracks = [track_document(row, moods) for row in records(found)]
        screen.document({"count": len(tracks), "tracks": tracks})
        return
    columns = mentioned(moods, where, sort) or list(moods[:_DEFAULT_MOODS])
    shown = found if limit is not None else found.head(_SHOWN)
    screen.table(
        ["title", "artist", "album", "year", *columns],
        [
            [words.name_of(row), words.artist_of(row), words.text(row.get("album")), words.year_of(row)]
            + [words.score(row.get(mood)) for mood in columns]
            for row in records(shown)
        ],
    )
    more = f"; {len(found) - len(shown):,} more with --limit" if len(found) > len(shown) else ""
    screen.note(f"{words.plural(len(found), 'track')}{more}")
