"""``moodrec list``: tracks by mood and metadata, without a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    AudioOnlyOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    WhereOption,
    chosen_library,
)
from moodrec.cli.tracks import mentioned, records, shown_columns, track_document

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
    audio_only: AudioOnlyOption = False,
    m3u: Annotated[Path | None, typer.Option("--m3u", metavar="FILE", help="Write a playlist too.")] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List tracks by mood and metadata.

    Conditions are SQL: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL over moods and metadata.
    A mood score of 0.8 reads "more than 80 % of reference music"; prob(calm) is the probability, pct(calm) the
    percentile within this library, audio(calm) the score without metadata and labels.

    Example: moodrec list --where "calm >= 0.8 AND year BETWEEN 1990 AND 1999" --sort -calm
    """
    from moodrec.recommend.playlists.m3u import write_m3u
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet)
    recommender = Recommender.open(chosen_library(library))
    for note in recommender.notes:
        screen.warn(note)
    found = recommender.list(where, sort, limit, audio_only=audio_only)
    if m3u is not None:
        screen.note(f"{words.plural(write_m3u(found, m3u), 'track')} in {m3u}")
    moods = recommender.moods
    if as_json:
        tracks = [track_document(row, moods) for row in records(found)]
        screen.document({"count": len(tracks), "tracks": tracks})
        return
    columns = shown_columns(
        recommender.index, mentioned(moods, where, sort) or moods[:_DEFAULT_MOODS], audio_only
    )
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
