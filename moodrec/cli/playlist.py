"""``moodrec playlist``: radio, path, mix, arc, clusters, fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import ConflictOption, JsonOption, LibraryOption, QuietOption, chosen_library
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
    playlist_document,
    print_playlist,
    rules_of,
)
from moodrec.cli.search_options import DRAWING, SELECTING, in_words, parse_targets, takes_search_options
from moodrec.cli.tracks import mentioned
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.index.search.options import SearchOptions
    from moodrec.recommend.recommender import Recommender


@takes_search_options(*SELECTING, *DRAWING)
def radio(
    seed: Annotated[str, typer.Argument(metavar="SEED", help="A title, 'artist - title', a path, or an id.")],
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
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """A station that starts with a track and stays near it.

    Example: moodrec playlist radio "Teardrop" --minutes 60 --out teardrop.m3u8
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = _start(library, as_json, quiet)
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = kinds.radio(recommender, seed, rules, drift, options)
    outputs = Outputs(tuple(out or ()), absolute, plot)
    finish(screen, recommender, playlist, outputs, mentioned(recommender.moods, in_words(options)))


@takes_search_options(*SELECTING)
def path(
    start: Annotated[str, typer.Argument(metavar="FROM", help="The first track.")],
    end: Annotated[str, typer.Argument(metavar="TO", help="The last track.")],
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
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """From one track to another in even steps of sound.

    Example: moodrec playlist path "Teardrop" "Breathe" --n 10 --out path.xspf
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = _start(library, as_json, quiet)
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = kinds.path(recommender, start, end, rules, options)
    outputs = Outputs(tuple(out or ()), absolute, plot)
    finish(screen, recommender, playlist, outputs, mentioned(recommender.moods, in_words(options)))


@takes_search_options(*SELECTING)
def mix(
    add: Annotated[
        list[str] | None,
        typer.Option("--add", "-a", metavar="SEED", help="More like this track; repeatable."),
    ] = None,
    subtract: Annotated[
        list[str] | None, typer.Option("--subtract", "-s", metavar="SEED", help="Less like it; repeatable.")
    ] = None,
    more: Annotated[
        list[str] | None, typer.Option("--more", metavar="MOOD", help="More of a mood; repeatable.")
    ] = None,
    less: Annotated[
        list[str] | None, typer.Option("--less", metavar="MOOD", help="Less of a mood; repeatable.")
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
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tracks and moods, added and subtracted.

    Example: moodrec playlist mix --add "Teardrop" --add "Breathe" --subtract "Angel" --more dreamy --less tense
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = _start(library, as_json, quiet)
    weights: dict[str, float] = {}
    for seeds, weight in ((add, 1.0), (subtract, -0.5)):
        for seed in seeds or ():
            track_id = recommender.resolve(seed)
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
    start: Annotated[str, typer.Option("--from", metavar="NAME[=TARGET],...", help="The mood to begin in.")],
    end: Annotated[str, typer.Option("--to", metavar="NAME[=TARGET],...", help="The mood to end in.")],
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
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """From one mood to another in even steps.

    Example: moodrec playlist arc --from calm --to energetic --minutes 45 --out wake-up.m3u8
    """
    from moodrec.recommend.playlists import kinds

    screen, recommender = _start(library, as_json, quiet)
    ends = [_targets(start), _targets(end)]
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = kinds.arc(recommender, ends[0], ends[1], rules, options)
    shown = list(dict.fromkeys([*ends[0], *ends[1]]))
    finish(screen, recommender, playlist, Outputs(tuple(out or ()), absolute, plot), shown)


@takes_search_options(*SELECTING)
def clusters(
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many moods to part the library into.")] = 6,
    n: NOption = None,
    *,
    options: SearchOptions,
    artist_gap: GapOption = 3,
    max_per_artist: CapOption = None,
    random_seed: RandomOption = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a file a cluster into a folder.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="m3u8, xspf or jspf.")] = "m3u8",
    absolute: AbsoluteOption = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """The moods that a library falls into, each as a playlist.

    Example: moodrec playlist clusters --k 5 --out moods/
    """
    from moodrec.recommend.playlists.clusters import mood_clusters

    screen, recommender = _start(library, as_json, quiet)
    rules = rules_of(n, None, artist_gap, max_per_artist, 0.0, random_seed)
    found = mood_clusters(recommender, k, rules, options=options)
    for number, cluster in enumerate(found, start=1):
        if out is not None:
            place = out / f"{number} {cluster.name}.{form.removeprefix('.')}"
            Outputs((place,), absolute, None).write(screen, cluster.playlist)
    documents = [
        {"name": c.name, "size": c.size, "share": c.share, "centre": c.centre}
        | {"playlist": playlist_document(recommender, c.playlist)}
        for c in found
    ]
    screen.document({"clusters": documents})
    for cluster in found:
        screen.text(
            f"{cluster.name}: {words.plural(cluster.size, 'track')}, {cluster.share:.0%} of the library"
        )
        print_playlist(screen, cluster.playlist, cluster.name.split(", "))


@takes_search_options(*SELECTING)
def fingerprint(
    history: Annotated[
        Path,
        typer.Argument(
            metavar="HISTORY",
            help="CSV, Parquet or JSON lines, a row a play: track_id (or a title, or a path) and played_at.",
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
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What a listening history sounds like, and tracks outside it that sound so.

    Example: moodrec playlist fingerprint plays.csv --half-life 14 --on-conflict ignore --out for-you.m3u8
    """
    from moodrec.recommend.playlists.fingerprint import fingerprint as sum_up
    from moodrec.recommend.playlists.fingerprint import fingerprint_playlist, read_plays

    screen, recommender = _start(library, as_json, quiet)
    plays = read_plays(history, recommender)
    found = sum_up(recommender, plays, half_life, on_conflict=on_conflict)
    if found.n_dropped:
        screen.warn(
            f"{found.n_dropped} of {words.plural(found.n_plays, 'play')} left out: not in the library"
        )
    rules = rules_of(n, minutes, artist_gap, max_per_artist, variety, random_seed)
    playlist = fingerprint_playlist(recommender, found, rules, options)
    strongest = sorted(found.moods, key=lambda mood: -found.moods[mood])[:3]
    if not as_json:
        moods = ", ".join(f"{mood} {found.moods[mood]:.2f}" for mood in strongest)
        screen.text(
            f"{words.plural(found.n_plays, 'play')} of {words.plural(len(found.weights), 'track')}: {moods}"
        )
    finish(screen, recommender, playlist, Outputs(tuple(out or ()), absolute, plot), strongest)


def _start(library: Path | None, as_json: bool, quiet: bool) -> tuple[Screen, Recommender]:
    from moodrec.recommend.recommender import Recommender

    return Screen(as_json, quiet), Recommender.open(chosen_library(library))


def _targets(text: str) -> dict[str, float]:
    """Read ``calm`` or ``calm=0.8,dreamy``; a mood alone is asked for wholly."""
    parts = [part if "=" in part else f"{part}=1" for part in text.split(",")]
    targets = parse_targets(",".join(parts))
    if not targets:
        raise UsageError(f"{text!r}: should be moods, such as calm or calm=0.8,dreamy")
    return targets
