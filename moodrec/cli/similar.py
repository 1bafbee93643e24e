"""``moodrec similar``: the tracks most like a seed, in a mood, under conditions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    WhereOption,
    chosen_library,
)
from moodrec.cli.tracks import described, mentioned, records, strongest, track_document
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.recommend.recommender import Recommender
    from moodrec.recommend.results import SimilarTracks


def similar(
    seed: Annotated[
        str,
        typer.Argument(metavar="SEED", help="A title, 'artist - title', a file name, a path, or a track id."),
    ],
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many tracks.")] = 20,
    where: WhereOption = None,
    mood: Annotated[
        str | None,
        typer.Option(
            "--mood", "-m", metavar="NAME=TARGET,...", help="Draw towards moods: happy=0.9,calm=0.7."
        ),
    ] = None,
    mood_weight: Annotated[
        float | None,
        typer.Option("--mood-weight", min=0, max=1, help="Of the mood against the sound; 0.5 with --mood."),
    ] = None,
    max_per_artist: Annotated[
        int | None, typer.Option("--max-per-artist", min=1, help="At most so many by one artist.")
    ] = None,
    max_per_album: Annotated[
        int | None, typer.Option("--max-per-album", min=1, help="At most so many of one album.")
    ] = None,
    distinct: Annotated[
        bool, typer.Option("--distinct", help="No copies of a track that is listed, or of the seed.")
    ] = False,
    diversity: Annotated[
        float,
        typer.Option("--diversity", min=0, max=1, help="How much likeness to a listed track counts against."),
    ] = 0.0,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="TRACK_ID", help="Not this track; repeatable.")
    ] = None,
    exclude_artist: Annotated[
        list[str] | None, typer.Option("--exclude-artist", metavar="NAME", help="None by them; repeatable.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Look at every track that passes.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Tell how the tracks were found.")] = False,
    m3u: Annotated[Path | None, typer.Option("--m3u", metavar="FILE", help="Write a playlist too.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the map and the moods (.png, .svg).")
    ] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the tracks most like a seed.

    A path outside the library is analysed on the fly.

    Example: moodrec similar "Teardrop" --where "calm >= 0.6" --mood happy=0.9 --max-per-artist 1
    """
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet)
    recommender = Recommender.open(chosen_library(library), model)
    found = recommender.similar(
        seed,
        k=k,
        where=where,
        mood=parse_targets(mood),
        mood_weight=mood_weight,
        exclude=exclude or (),
        exclude_artist=exclude_artist or (),
        max_per_artist=max_per_artist,
        max_per_album=max_per_album,
        distinct=distinct,
        diversity=diversity,
        exact=exact,
    )
    if m3u is not None:
        _write_playlist(screen, found, m3u)
    if plot is not None:
        wish = ", ".join(filter(None, (where, mood)))
        _draw(screen, recommender, found, plot, wish)
    # Last, so that stdout stays one JSON document if a file cannot be written.
    _print(screen, recommender, found, mentioned(recommender.moods, where, mood), explain)


def parse_targets(text: str | None) -> dict[str, float] | None:
    """Read ``happy=0.9,energetic=0.7``.

    Raises:
        UsageError: it does not look like that.
    """
    if text is None:
        return None
    targets: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            if not equals or name.strip() in targets:
                raise ValueError
            targets[name.strip()] = float(value)
        except ValueError:
            message = (
                f"--mood {text}: should be NAME=TARGET,... with each name once, such as happy=0.9,calm=0.7"
            )
            raise UsageError(message) from None
    return targets


def _print(
    screen: Screen, recommender: Recommender, found: SimilarTracks, columns: list[str], explain: bool
) -> None:
    for note in found.notes:
        screen.warn(note)
    if screen.as_json:
        screen.document(document(recommender, found, explain))
        return
    seed = found.seed_row
    shown = columns or strongest(seed, recommender.moods)
    screen.text(f"like {described(seed, recommender.moods)}")
    screen.table(
        ["", "score", "title", "artist", *shown],
        [
            [str(row["rank"]), f"{row['score']:.3f}", words.name_of(row), words.artist_of(row)]
            + [words.score(row.get(mood)) for mood in shown]
            for row in records(found.table)
        ],
    )
    if explain:
        screen.text(found.explain())
    elif found.explanation.shortfall:
        screen.note(found.explanation.shortfall)


def document(recommender: Recommender, found: SimilarTracks, explain: bool) -> dict[str, Any]:
    """What ``--json`` prints."""
    seed = found.seed_row
    result = {
        "seed": {"track_id": found.seed_id, **track_document(seed, recommender.moods)},
        "count": len(found),
        "tracks": [track_document(row, recommender.moods) for row in records(found.table)],
        "shortfall": found.explanation.shortfall,
        "notes": found.notes,
    }
    return result | {"explain": found.explanation.as_dict()} if explain else result


def _write_playlist(screen: Screen, found: SimilarTracks, out: Path) -> None:
    from moodrec.recommend.playlists.m3u import write_m3u

    screen.note(f"{words.plural(write_m3u(found.tracks, out), 'track')} in {out}")


def _draw(screen: Screen, recommender: Recommender, found: SimilarTracks, out: Path, wish: str) -> None:
    from moodrec.demo.run import plotted_moods, with_names
    from moodrec.plots.demo_picture import demo_picture

    if found.seed_id is None:
        raise UsageError("--plot needs a seed that is in the library")
    index = recommender.index
    row = {track_id: row for row, track_id in enumerate(index.track_ids)}
    demo_picture(
        index.vectors(index.track_ids),
        with_names(recommender.frame),
        plotted_moods(recommender.moods),
        row[found.seed_id],
        [row[track_id] for track_id in found.tracks["track_id"]],
        out,
        condition=wish,
    )
    screen.note(f"picture drawn to {out}")
