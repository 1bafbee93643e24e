"""``moodrec playlist``: radio, path, mix, arc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.arguments import brief
from moodrec.cli.completion import complete_mood, complete_targets, complete_title
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    chosen_library,
)
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
from moodrec.cli.search_options import DRAWING, SELECTING, in_words, parse_targets, takes_search_options
from moodrec.cli.seeds import chosen_seed
from moodrec.cli.tracks import mentioned
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.index.search.options import SearchOptions
    from moodrec.recommend.recommender import Recommender


@takes_search_options(*SELECTING, *DRAWING)
def radio(
    seed: Annotated[
        str,
        typer.Argument(
            metavar="SEED", help="A title, 'artist - title', a path, or an id.", autocompletion=complete_title
        ),
    ],
    n: NOption = None,
    minutes: MinutesOption = None,
    drift: Annotated[
        float, typer.Option("--drift", min=0, max=1, help="0 stays near the seed, 1 wanders off.")
    ] = 0.3,
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
    """A station that starts with a track and stays near it.

    Example: moodrec playlist radio "Teardrop" --minutes 60 --out teardrop.m3u8
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = start_on(library, Screen(as_json, quiet, form, columns), options)
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = kinds.radio(recommender, chosen_seed(screen, recommender.resolve, seed), rules, drift, options)
    outputs = Outputs(tuple(out or ()), absolute, plot)
    finish(screen, recommender, playlist, outputs, mentioned(recommender.moods, in_words(options)))


@takes_search_options(*SELECTING)
def path(
    start: Annotated[
        str, typer.Argument(metavar="FROM", help="The first track.", autocompletion=complete_title)
    ],
    end: Annotated[str, typer.Argument(metavar="TO", help="The last track.", autocompletion=complete_title)],
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
    """From one track to another in even steps of sound.

    Example: moodrec playlist path "Teardrop" "Breathe" --n 10 --out path.xspf
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = start_on(library, Screen(as_json, quiet, form, columns), options)
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    ends = [chosen_seed(screen, recommender.resolve, seed) for seed in (start, end)]
    playlist = kinds.path(recommender, ends[0], ends[1], rules, options)
    outputs = Outputs(tuple(out or ()), absolute, plot)
    finish(screen, recommender, playlist, outputs, mentioned(recommender.moods, in_words(options)))


@takes_search_options(*SELECTING)
def mix(
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            "-a",
            metavar="SEED",
            help="More like this track; repeatable.",
            autocompletion=complete_title,
        ),
    ] = None,
    subtract: Annotated[
        list[str] | None,
        typer.Option(
            "--subtract",
            "-s",
            metavar="SEED",
            help="Less like it; repeatable.",
            autocompletion=complete_title,
        ),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--more", metavar="MOOD", help="More of a mood; repeatable.", autocompletion=complete_mood
        ),
    ] = None,
    less: Annotated[
        list[str] | None,
        typer.Option(
            "--less", metavar="MOOD", help="Less of a mood; repeatable.", autocompletion=complete_mood
        ),
    ] = None,
    mood_weight: Annotated[
        float | None,
        typer.Option("--mood-weight", min=0, max=1, help="Of the moods against the sound; 0.5 by default."),
    ] = None,
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
    """Tracks and moods, added and subtracted.

    Example: moodrec playlist mix --add "Teardrop" --add "Breathe" --subtract "Angel" --more dreamy --less tense
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = start_on(library, Screen(as_json, quiet, form, columns), options)
    weights: dict[str, float] = {}
    for seeds, weight in ((add, 1.0), (subtract, -0.5)):
        for seed in seeds or ():
            track_id = recommender.resolve(chosen_seed(screen, recommender.resolve, seed))
            weights[track_id] = weights.get(track_id, 0.0) + weight
    if both := sorted({*(more or ())} & {*(less or ())}):
        raise UsageError(f"--more and --less both name {', '.join(both)}; a mood goes one way")
    targets = dict.fromkeys(more or (), 1.0) | dict.fromkeys(less or (), 0.0)
    options = options.replace(mood=targets, mood_weight=mood_weight)
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = kinds.mix(recommender, weights, rules, options)
    shown = [*targets] or mentioned(recommender.moods, in_words(options))
    finish(screen, recommender, playlist, Outputs(tuple(out or ()), absolute, plot), shown)


@takes_search_options(*SELECTING)
def arc(
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="NAME[=TARGET],...",
            help="The mood to begin in.",
            autocompletion=complete_targets,
        ),
    ],
    end: Annotated[
        str,
        typer.Option(
            "--to", metavar="NAME[=TARGET],...", help="The mood to end in.", autocompletion=complete_targets
        ),
    ],
    n: NOption = None,
    minutes: MinutesOption = None,
    *,
    options: SearchOptions,
    artist_gap: GapOption = 3,
    max_per_artist: CapOption = None,
    variety: VarietyOption = 0.0,
    random_seed: RandomOption = 0,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            "--hold", metavar="MOOD", help="Shall not sink on the way, or 'none'; else valence. Repeatable."
        ),
    ] = None,
    out: OutOption = None,
    absolute: AbsoluteOption = False,
    plot: PlotOption = None,
    library: LibraryOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """From one mood to another in even steps.

    Example: moodrec playlist arc --from calm --to energetic --minutes 45 --out wake-up.m3u8
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = start_on(library, Screen(as_json, quiet, form, columns), options)
    ends = [_targets(start), _targets(end)]
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    held = None if not hold else [mood for mood in hold if mood != "none"]
    playlist = kinds.arc(recommender, ends[0], ends[1], rules, options, hold=held)
    shown = list(dict.fromkeys([*ends[0], *ends[1]]))
    finish(screen, recommender, playlist, Outputs(tuple(out or ()), absolute, plot), shown)


def start_on(library: Path | None, screen: Screen, options: SearchOptions) -> tuple[Screen, Recommender]:
    """Open the recommender that a playlist comes from.

    Args:
        library: the value of ``--library``.
        screen: the output of the command, which is returned too.
        options: what the tracks are to meet; where that leaves next to none, advice is printed.
    """
    from moodrec.recommend.hints import hints_on
    from moodrec.recommend.recommender import Recommender

    recommender = Recommender.open(chosen_library(library))
    if options.where is not None:
        passed = len(recommender.index.matching(options.where))
        for hint in hints_on(recommender.index, options.where, passed):
            screen.note(hint)
    return screen, recommender


def _targets(text: str) -> dict[str, float]:
    """Read ``calm`` or ``calm=0.8,dreamy``; a mood alone is asked for wholly."""
    parts = [part if "=" in part else f"{part}=1" for part in text.split(",")]
    targets = parse_targets(",".join(parts))
    if not targets:
        raise UsageError(f"{brief(text)}: should be moods, such as calm or calm=0.8,dreamy")
    return targets
