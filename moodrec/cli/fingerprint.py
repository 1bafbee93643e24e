"""``moodrec playlist fingerprint``: what a play history sounds like, and tracks that sound so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    ConflictOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
)
from moodrec.cli.playlist import start_on
from moodrec.cli.playlist_options import (
    AbsoluteOption,
    CapOption,
    GapOption,
    MinutesOption,
    NOption,
    OutOption,
    Outputs,
    PlotOption,
    RandomOption,
    VarietyOption,
    finish,
    rules_of,
)
from moodrec.cli.search_options import SELECTING, takes_search_options

if TYPE_CHECKING:
    from moodrec.index.search.options import SearchOptions


@takes_search_options(*SELECTING)
def fingerprint(
    history: Annotated[
        Path,
        typer.Argument(
            metavar="HISTORY",
            help="CSV, Parquet or JSON lines, a row a play: played_at, and track_id, path or title (with artist).",
        ),
    ],
    half_life: Annotated[
        float, typer.Option("--half-life", help="Days after which a play counts half.")
    ] = 30.0,
    on_conflict: ConflictOption = "error",
    n: NOption = None,
    minutes: MinutesOption = None,
    *,
    options: SearchOptions,
    artist_gap: GapOption = 3,
    max_per_artist: CapOption = None,
    variety: VarietyOption = 0.0,
    random_seed: RandomOption = 0,
    out: OutOption = None,
    absolute: AbsoluteOption = False,
    plot: PlotOption = None,
    library: LibraryOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What a play history sounds like, and tracks outside it that sound so.

    Example: moodrec playlist fingerprint plays.csv --half-life 14 --on-conflict ignore --out for-you.m3u8
    """
    from moodrec.recommend.playlists.fingerprint import fingerprint as sum_up
    from moodrec.recommend.playlists.fingerprint import fingerprint_playlist, read_plays

    screen, recommender = start_on(library, Screen(as_json, quiet, form, columns), options)
    plays = read_plays(history, recommender)
    found = sum_up(recommender, plays, half_life, on_conflict=on_conflict)
    if found.n_dropped:
        screen.warn(
            f"{found.n_dropped} of {words.plural(found.n_plays, 'play')} left out: not in the library"
        )
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = fingerprint_playlist(recommender, found, rules, options)
    strongest = sorted(found.moods, key=lambda mood: -found.moods[mood])[:3]
    if not screen.as_json:
        moods = ", ".join(f"{mood} {found.moods[mood]:.2f}" for mood in strongest)
        screen.text(
            f"{words.plural(found.n_plays, 'play')} of {words.plural(len(found.weights), 'track')}: {moods}"
        )
    finish(screen, recommender, playlist, Outputs(tuple(out or ()), absolute, plot), strongest)
