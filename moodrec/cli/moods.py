"""``moodrec moods`` lists the moods, and how their scores are distributed over the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moodrec.cli import words
from moodrec.cli.completion import complete_mood, complete_title
from moodrec.cli.console import Screen
from moodrec.cli.mood_quality import description_of, quality
from moodrec.cli.options import (
    AudioOnlyOption,
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    chosen_library,
    drawable,
)
from moodrec.cli.seeds import chosen_seed
from moodrec.cli.tables import Column
from moodrec.cli.tracks import records, track_document
from moodrec.library.place import holds_library
from moodrec.names import name_of

if TYPE_CHECKING:
    import pandas as pd

    from moodrec.catalog.explain import Explained
    from moodrec.plots.projection import Projection
    from moodrec.recommend.recommender import Recommender

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
BINS: Final = 10
HIGH: Final = 0.8
"""The score, and the percentile, from which a mood counts as strong in the overview."""
_LEAST_SHOWN: Final = 0.005
_STEPS: Final = {
    "genres": "genres",
    "artist_labels": "labels of the artist",
    "album_labels": "labels of the album",
    "scale": "scale",
}
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def moods(
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            metavar="SEED",
            help="Show the moods of this track instead; repeatable.",
            autocompletion=complete_title,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            callback=drawable,
            help="Draw a map of the library, or with --of a radar (.png, .svg).",
        ),
    ] = None,
    colour_by: Annotated[
        str | None,
        typer.Option(
            "--colour-by",
            metavar="MOOD",
            help="Mood that colours the map; else valence and arousal.",
            autocompletion=complete_mood,
        ),
    ] = None,
    umap: Annotated[
        bool, typer.Option("--umap", help="Lay out the map by UMAP, an extra, not by PCA.")
    ] = False,
    titles: Annotated[
        int,
        typer.Option("--titles", min=0, help="Write at most so many titles on the map, where there is room."),
    ] = 0,
    audio_only: AudioOnlyOption = False,
    library: LibraryOption = None,
    model: ModelOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the moods and the distribution of their scores.

    For each mood, it shows the quantiles of its score over the library, and how many tracks have a score from 0 to
    0.1, from 0.1 to 0.2, and so on. With --of it says where the scores of a track come from: the audio, its genres
    and year, the other tracks of its artist and album, and labels.

    Examples:

        moodrec moods --plot map.png

        moodrec moods --of "Teardrop"
    """
    from moodrec.catalog.current_model import known_folder
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, columns)
    place = chosen_library(library)
    recommender = Recommender.open(place)
    if of:
        _of_tracks(screen, recommender, of, plot, audio_only, place)
        return
    if plot is not None:
        _draw_map(screen, recommender, plot, colour_by, umap, titles)
    fingerprint = recommender.index.model_fingerprint
    described = description_of(model or known_folder(place, fingerprint), fingerprint)
    meanings = described.moods if described else {}
    frame = recommender.frame
    found = [
        spread(frame[column], name, meanings.get(name, "")) | quality(described, name)
        for name, column in recommender.index.mood_columns(audio_only).items()
    ]
    for note in recommender.notes:
        screen.warn(note)
    screen.document({"tracks": len(recommender.frame), "moods": found})
    screen.table(
        [
            Column("mood", "fixed"),
            *(Column(f"{q:.0%}", "fixed", show=words.score) for q in QUANTILES),
            Column("passing", "fixed", heading=f">= {HIGH}"),
            Column("top fifth from", "fixed", heading=f"pct {HIGH}", show=words.score),
            Column("0 to 1", "fixed", show=blocks),
            Column("reliable", "fixed"),
            Column("meaning", "prose"),
            Column("known", shown=False),
        ],
        [
            [
                mood["name"],
                *mood["quantiles"].values(),
                mood["passing"],
                mood["top_fifth_from"],
                mood["histogram"],
                mood["reliability"],
                mood["meaning"],
                mood["known"],
            ]
            for mood in found
        ],
    )
    tracks = words.plural(len(recommender.frame), "track")
    screen.text(f"scores of {tracks}: {HIGH} is more than 80 % of reference music,")
    screen.text(f"and '>= {HIGH}' counts the tracks that reach it.")
    screen.text(f"Within this library pct(MOOD) >= {HIGH} passes the top fifth:")
    screen.text(f"those with at least the score under 'pct {HIGH}'.")


def _of_tracks(
    screen: Screen,
    recommender: Recommender,
    seeds: list[str],
    plot: Path | None,
    audio_only: bool,
    place: Path,
) -> None:
    columns, resolve = recommender.index.mood_columns(audio_only), recommender.resolve
    tracks = recommender.index.tracks([resolve(chosen_seed(screen, resolve, seed)) for seed in seeds])
    if plot is not None:
        from moodrec.plots.mood_radar import mood_radar

        mood_radar(tracks, list(columns.values()), plot)
        screen.note(f"picture drawn to {plot}")
    rows = records(tracks)
    reasons = {} if audio_only else _reasons(place, [str(row["track_id"]) for row in rows])
    documents = [
        track_document(row, recommender.moods)
        | ({"explanation": reasons[row["track_id"]]} if row["track_id"] in reasons else {})
        for row in rows
    ]
    screen.document({"count": len(rows), "tracks": documents})
    screen.table(
        [Column("mood", "fixed"), *(Column(name, "fixed", show=_shown) for name in _distinct(rows))],
        [
            [
                mood,
                *(
                    _cell(row, column, reasons.get(row["track_id"], {}).get(mood))
                    if screen.for_people
                    else row.get(column)
                    for row in rows
                ),
            ]
            for mood, column in columns.items()
        ],
    )


def _cell(row: dict[str, Any], column: str, reason: Explained | None) -> str:
    score = words.score(row.get(column))
    return score if reason is None or not reason.steps else f"{score}  {in_words(reason)}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else words.score(value)


def in_words(reason: Explained) -> str:
    """Say where a score comes from: ``audio .62, genre ambient +.10, album +.04``; what rounds to 0 is left out."""
    parts = [f"audio {_short(reason.audio)}"]
    for step in reason.steps:
        if abs(step.adds) < _LEAST_SHOWN:
            continue
        name = _STEPS.get(step.what, step.what)
        if step.names:
            name = f"{'genre' if len(step.names) == 1 else 'genres'} {', '.join(step.names)}"
        parts.append(f"{name} {'+' if step.adds > 0 else '-'}{_short(abs(step.adds))}")
    return ", ".join(parts)


def _short(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")


def _reasons(place: Path, track_ids: list[str]) -> dict[str, dict[str, Explained]]:
    """Where the scores come from, if they are those of a library."""
    if not holds_library(place):
        return {}
    from moodrec.catalog.explain import explain_moods
    from moodrec.library.library import Library

    with Library.open(place) as store:
        return explain_moods(store, track_ids)


def _distinct(rows: list[dict[str, Any]]) -> list[str]:
    """Call tracks by their names, and tracks of one name by their ids as well."""
    names = [name_of(row) for row in rows]
    return [
        name if names.count(name) == 1 else f"{name} ({row['track_id']})"
        for name, row in zip(names, rows, strict=True)
    ]


def _draw_map(
    screen: Screen, recommender: Recommender, plot: Path, colour_by: str | None, umap: bool, titles: int
) -> None:
    from moodrec.plots.catalogue_map import catalogue_map

    index = recommender.index
    vectors = index.vectors(index.track_ids)
    method: Projection = "umap" if umap else "pca"
    catalogue_map(
        vectors,
        recommender.frame,
        recommender.moods,
        plot,
        colour_by=colour_by,
        projection=method,
        titles=titles,
    )
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
        "passing": int(np.count_nonzero(known >= np.float32(HIGH))),
        "top_fifth_from": round(float(np.quantile(known, HIGH)), 4) if known.size else None,
        "quantiles": {str(q): round(float(value), 4) for q, value in zip(QUANTILES, quantiles, strict=True)},
        "histogram": counts.tolist(),
    }


def blocks(counts: list[int]) -> str:
    """Draw a histogram as a row of block characters; an empty bin is a dot."""
    top = max(counts, default=0)
    return "".join(_BLOCKS[round(n / top * (len(_BLOCKS) - 1))] if n else "·" for n in counts)
