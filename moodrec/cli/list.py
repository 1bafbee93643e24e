"""``moodrec list``: tracks by mood and metadata, without a seed."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from moodrec.cli import words
from moodrec.cli.completion import complete_columns
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    AudioOnlyOption,
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    WhereOption,
    chosen_library,
)
from moodrec.cli.playlist_files import AbsoluteOption, M3uOption, write_list
from moodrec.cli.tracks import (
    mentioned,
    print_tracks,
    records,
    shown_columns,
    track_columns,
    track_documents,
)

_SHOWN: Final = 50
_DEFAULT_MOODS: Final = 4


def list_tracks(
    where: WhereOption = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            "-s",
            metavar="COLUMNS",
            help="With commas; - for falling: -calm,year.",
            autocompletion=complete_columns,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=0, help="Else 50 in the table, and all in JSON, CSV and TSV."),
    ] = None,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many at the head.")] = 0,
    audio_only: AudioOnlyOption = False,
    m3u: M3uOption = None,
    absolute: AbsoluteOption = False,
    library: LibraryOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List tracks by mood and metadata.

    Conditions are SQL: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL over moods and metadata.
    A mood score of 0.8 reads "more than 80 % of reference music"; prob(calm) is the probability, pct(calm) the
    percentile within this library, audio(calm) the score without metadata and labels.

    Example: moodrec list --where "calm >= 0.8 AND year BETWEEN 1990 AND 1999" --sort -calm
    """
    from moodrec.recommend.hints import hints_on
    from moodrec.recommend.queries import notes_on
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, columns)
    recommender = Recommender.open(chosen_library(library))
    found = recommender.list(where, sort, limit, offset=offset, audio_only=audio_only)
    for note in (*recommender.notes, *notes_on(recommender.index, where)):
        screen.warn(note)
    if m3u is not None:
        write_list(screen, found, m3u, where or "Tracks", absolute)
    moods = recommender.moods
    shown_moods = shown_columns(
        recommender.index, mentioned(moods, where, sort) or moods[:_DEFAULT_MOODS], audio_only
    )
    all_columns = track_columns(found.columns, moods, ["title", "artist", "album", "year", *shown_moods])
    shown = found if limit is not None or not screen.for_people else found.head(_SHOWN)
    rows = records(shown)
    hints = [] if offset else hints_on(recommender.index, where, len(found))
    if screen.as_json:
        tracks = track_documents(screen, rows, moods, all_columns)
        screen.document({"count": len(tracks), "tracks": tracks, "hints": hints})
        return
    print_tracks(screen, rows, all_columns)
    for hint in hints:
        screen.note(hint)
    more = f"; {len(found) - len(shown):,} more with --limit" if len(found) > len(shown) else ""
    screen.note(f"{words.plural(len(found), 'track')}{more}")
