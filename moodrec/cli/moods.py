"""``moodrec moods`` lists the moods, and how their scores are distributed over the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    chosen_library,
)
from moodrec.cli.tables import Column
from moodrec.cli.tracks import records, track_document
from moodrec.errors import MoodrecError

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.model.describe import ModelDescription
    from moodrec.plots.projection import Projection
    from moodrec.recommend.recommender import Recommender

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
BINS: Final = 10
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def moods(
    of: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="SEED", help="Show the moods of this track instead; repeatable."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw a map of the library, or with --of a radar (.png, .svg)."
        ),
    ] = None,
    colour_by: Annotated[
        str | None,
        typer.Option(
            "--colour-by", metavar="MOOD", help="Mood that colours the map; else valence and arousal."
        ),
    ] = None,
    umap: Annotated[
        bool, typer.Option("--umap", help="Lay out the map by UMAP, an extra, not by PCA.")
    ] = False,
    library: LibraryOption = None,
    model: ModelOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the moods and the distribution of their scores.

    For each mood, it shows the quantiles of its score over the library, and how many tracks have a score from 0 to
    0.1, from 0.1 to 0.2, and so on.

    Example: moodrec moods --plot map.png
    """
    from moodrec.catalog.current_model import known_folder
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, columns)
    recommender = Recommender.open(chosen_library(library))
    if of:
        _of_tracks(screen, recommender, of, plot)
        return
    if plot is not None:
        _draw_map(screen, recommender, plot, colour_by, umap)
    fingerprint = recommender.index.model_fingerprint
    place = model or known_folder(chosen_library(library), fingerprint)
    described = _description(place, fingerprint)
    meanings = described.moods if described else {}
    found = [
        spread(recommender.frame[name], name, meanings.get(name, "")) | quality(described, name)
        for name in recommender.moods
    ]
    for note in recommender.notes:
        screen.warn(note)
    screen.document({"tracks": len(recommender.frame), "moods": found})
    screen.table(
        [
            Column("mood", "fixed"),
            *(Column(f"{q:.0%}", "fixed", show=words.score) for q in QUANTILES),
            Column("0 to 1", "fixed", show=blocks),
            Column("reliable", "fixed"),
            Column("meaning", "prose"),
            Column("known", shown=False),
        ],
        [
            [
                mood["name"],
                *mood["quantiles"].values(),
                mood["histogram"],
                mood["reliability"],
                mood["meaning"],
                mood["known"],
            ]
            for mood in found
        ],
    )
    screen.text(
        f"scores of {words.plural(len(recommender.frame), 'track')}: 0.8 is more than 80 % of reference music"
    )


def _of_tracks(screen: Screen, recommender: Recommender, seeds: list[str], plot: Path | None) -> None:
    tracks = recommender.index.tracks([recommender.resolve(seed) for seed in seeds])
    if plot is not None:
        from moodrec.plots.mood_radar import mood_radar

        mood_radar(tracks, recommender.moods, plot)
        screen.note(f"picture drawn to {plot}")
    rows = records(tracks)
    screen.document({"count": len(rows), "tracks": [track_document(row, recommender.moods) for row in rows]})
    screen.table(
        [Column("mood", "fixed"), *(Column(name, "fixed", show=words.score) for name in _distinct(rows))],
        [[mood, *(row.get(mood) for row in rows)] for mood in recommender.moods],
    )


def _distinct(rows: list[dict[str, Any]]) -> list[str]:
    """Call tracks by their names, and tracks of one name by their ids as well."""
    names = [words.name_of(row) for row in rows]
    return [
        name if names.count(name) == 1 else f"{name} ({row['track_id']})"
        for name, row in zip(names, rows, strict=True)
    ]


def _draw_map(
    screen: Screen, recommender: Recommender, plot: Path, colour_by: str | None, umap: bool
) -> None:
    from moodrec.plots.catalogue_map import catalogue_map

    index = recommender.index
    vectors = index.vectors(index.track_ids)
    method: Projection = "umap" if umap else "pca"
    catalogue_map(vectors, recommender.frame, recommender.moods, plot, colour_by=colour_by, projection=method)
    screen.note(f"picture drawn to {plot}")


def spread(scores: pd.Series[Any], name: str, meaning: str) -> dict[str, Any]:
    """Summarise the distribution of one mood's scores; unknown ones do not count.

    Args:
        scores: the scores of all tracks, in [0, 1] or NaN.
        name: name of the mood.
        meaning: a sentence on what it means.
    """
    import numpy as np

    known = scores.dropna().to_numpy(dtype=np.float64)
    quantiles = np.quantile(known, QUANTILES) if known.size else np.full(len(QUANTILES), np.nan)
    counts, _ = np.histogram(known, BINS, (0, 1))
    return {
        "name": name,
        "meaning": meaning,
        "known": int(known.size),
        "quantiles": {str(q): round(float(value), 4) for q, value in zip(QUANTILES, quantiles, strict=True)},
        "histogram": counts.tolist(),
    }


def blocks(counts: list[int]) -> str:
    """Draw a histogram as a row of block characters; an empty bin is a dot."""
    top = max(counts, default=0)
    return "".join(_BLOCKS[round(n / top * (len(_BLOCKS) - 1))] if n else "·" for n in counts)


def quality(described: ModelDescription | None, mood: str) -> dict[str, Any]:
    """How well a mood is told of tracks that the model was not trained on; null where the model does not say.

    Args:
        described: the model that computed the scores, if it is known.
        mood: name of the mood.
    """
    known = described.quality.get(mood, {}) if described else {}
    return {
        "average_precision": known.get("average_precision"),
        "prevalence": known.get("prevalence"),
        "reliability": described.reliability(mood) if described else None,
    }


def _description(model: Path | None, fingerprint: str | None) -> ModelDescription | None:
    """Read the description of the model that computed the scores: the given one, or one in the package."""
    from moodrec.model.describe import describe_model, packaged_models

    for candidate in packaged_models() if model is None else (model,):
        try:
            description = describe_model(candidate)
        except MoodrecError:
            continue
        if description.fingerprint == fingerprint:
            return description
    return None
