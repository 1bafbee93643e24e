"""``moodrec similar``: the tracks most like a seed, in a mood, under conditions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moodrec.cli.completion import complete_title
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    chosen_library,
    drawable,
)
from moodrec.cli.playlist_files import AbsoluteOption, M3uOption, write_list
from moodrec.cli.search_options import in_words, takes_search_options
from moodrec.cli.seeds import chosen_seed
from moodrec.cli.tracks import (
    described,
    mentioned,
    print_tracks,
    records,
    shown_columns,
    strongest,
    track_columns,
    track_document,
    track_documents,
)
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.index.search.options import SearchOptions
    from moodrec.recommend.recommender import Recommender
    from moodrec.recommend.results import SimilarTracks


@takes_search_options()
def similar(
    seed: Annotated[
        str,
        typer.Argument(
            metavar="SEED",
            help="A title or a part of one, 'artist - title', a file name, a path, or a track id.",
            autocompletion=complete_title,
        ),
    ],
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many tracks.")] = 20,
    *,
    offset: Annotated[
        int | None, typer.Option("--offset", min=0, help="Leave out so many better ones: the next page.")
    ] = None,
    options: SearchOptions,
    explain: Annotated[bool, typer.Option("--explain", help="Tell how the tracks were found.")] = False,
    m3u: M3uOption = None,
    absolute: AbsoluteOption = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", callback=drawable, help="Draw the map and the moods (.png, .svg)."
        ),
    ] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the tracks most like a seed.

    A path outside the library is analysed on the fly.

    Example: moodrec similar "Teardrop" --where "calm >= 0.6" --mood happy=0.9 --max-per-artist 1
    """
    from moodrec.recommend.hints import hints_on
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, columns)
    recommender = Recommender.open(chosen_library(library), model)
    found = recommender.similar(chosen_seed(screen, recommender.resolve, seed), k, options, offset=offset)
    if m3u is not None:
        write_list(screen, found.tracks, m3u, f"Like {seed}", absolute)
    if plot is not None:
        _draw(screen, recommender, found, plot, in_words(options))
    # Last, so that stdout stays one JSON document if a file cannot be written.
    hints = hints_on(recommender.index, options.where, found.explanation.passed)
    moods = mentioned(recommender.moods, in_words(options))
    shown = shown_columns(recommender.index, moods or recommender.moods, options.audio_only)
    _print(screen, recommender, found, shown if moods else strongest(found.seed_row, shown), explain, hints)


def _print(
    screen: Screen,
    recommender: Recommender,
    found: SimilarTracks,
    shown: list[str],
    explain: bool,
    hints: list[str],
) -> None:
    for note in found.notes:
        screen.warn(note)
    seed, rows = found.seed_row, records(found.table)
    shown = ["rank", "score", "title", "artist", *shown]
    columns = track_columns(found.table.column_names, recommender.moods, shown)
    if screen.as_json:
        tracks = track_documents(screen, rows, recommender.moods, columns)
        screen.document(document(recommender, found, tracks, explain) | {"hints": hints})
        return
    screen.text(f"like {described(seed, recommender.moods)}")
    print_tracks(screen, rows, columns)
    if explain:
        screen.text(found.explain())
    elif found.explanation.shortfall:
        screen.note(found.explanation.shortfall)
    for hint in hints:
        screen.note(hint)


def document(
    recommender: Recommender, found: SimilarTracks, tracks: list[dict[str, Any]], explain: bool
) -> dict[str, Any]:
    """What ``--json`` prints.

    Args:
        recommender: whose moods are set apart from other columns.
        found: the answer.
        tracks: the documents of its tracks.
        explain: whether to tell how the tracks were found.
    """
    seed = found.seed_row
    result = {
        "seed": {"track_id": found.seed_id, **track_document(seed, recommender.moods)},
        "count": len(found),
        "tracks": tracks,
        "shortfall": found.explanation.shortfall,
        "notes": found.notes,
    }
    return result | {"explain": found.explanation.as_dict()} if explain else result


def _draw(screen: Screen, recommender: Recommender, found: SimilarTracks, out: Path, condition: str) -> None:
    from moodrec.plots.search_picture import search_picture

    if found.seed_id is None:
        raise UsageError("--plot needs a seed that is in the library")
    search_picture(recommender.index, found.seed_id, found.track_ids, out, condition)
    screen.note(f"picture drawn to {out}")
