"""The context of a model is fitted: how artist, album, genres and year correct its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.artists import credit
from moodrec.data.groups import library_groups
from moodrec.data.splits import grouped_folds
from moodrec.model import scales
from moodrec.model.context.applied import logits_of
from moodrec.model.context.fit import FitData
from moodrec.model.context.folds import LEAST_FOLDS, NestedFits
from moodrec.model.context.model import ContextModel
from moodrec.model.context.tracks import TrackContext
from moodrec.model.spec import ModelSpec
from moodrec.names import fold, known_name
from moodrec.typing import Float32Array

if TYPE_CHECKING:
    import pandas as pd

N_FOLDS: Final = 5
FOLD_SEED: Final = 0


def fit_context(
    spec: ModelSpec, logits: Float32Array, labels: NDArray[np.floating], tracks: pd.DataFrame, data: str
) -> ContextModel | None:
    """Fit how metadata corrects the scores of a model's moods.

    Weights, penalties and gates are chosen by folds of artists, nested. Inputs are the logits of calibrated
    probabilities, which is what a library or a table of moods has.

    Args:
        spec: the model, with its scales.
        logits: ``(n, targets)`` by models that were not trained on the track or its artist.
        labels: ``(n, moods)`` in [0, 1], NaN unknown.
        tracks: ``n`` rows with track_id, artist, album, genre (a list) and year.
        data: names of the datasets, for the file.

    Returns:
        None where there are fewer than three artists, or where no kind of metadata gains any mood anything on
        held-out tracks.
    """
    audio = logits_of(scales.probabilities(spec, scales.published_logits(spec, logits)))
    artists, albums = _main_artists(tracks["artist"].tolist()), _folded(tracks["album"].tolist())
    groups = library_groups(artists, albums, tracks["track_id"].tolist())
    n_folds = min(N_FOLDS, len(set(groups)))
    if n_folds < LEAST_FOLDS:
        return None
    told = TrackContext.of(
        artists,
        albums,
        [tuple(names) if isinstance(names, list | tuple | np.ndarray) else () for names in tracks["genre"]],
        tracks["year"].to_numpy(np.float64, na_value=np.nan),
    )
    fits = NestedFits(
        FitData(audio, labels.astype(np.float64), told), grouped_folds(groups, n_folds, FOLD_SEED)
    )
    found = ContextModel.fit(tuple(spec.moods), fits, f"out-of-fold scores of {len(audio)} tracks of {data}")
    return found if found.does_anything else None


def _main_artists(names: Sequence[str | None]) -> list[str | None]:
    main = [credit(name).main if isinstance(name, str) else () for name in names]
    return _folded([each[0] if each else None for each in main])


def _folded(names: Sequence[str | None]) -> list[str | None]:
    known = [known_name(name) if isinstance(name, str) else None for name in names]
    return [fold(name) if name else None for name in known]
