"""A context with round weights, so that its effects can be told in advance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from moodrec.library.records import ModelRecord
from moodrec.model.context.model import ContextModel, MoodContext, Offset
from tests.library.tracks import MODEL

QUANTILES = tuple(np.linspace(0, 1, 11).tolist())


def made_context(moods: tuple[str, ...] = MODEL.moods) -> ContextModel:
    """Ambient music gets more of each mood, artists and albums are drawn together, labels count half."""
    mood = MoodContext(
        centre=0.0,
        spread=2.0,
        intercept=-0.5,
        audio=1.0,
        genres={"ambient": 0.5, "metal": -0.5},
        year=(0.1, 0.0),
        artist=Offset(weight=0.5, shrinkage=1.0),
        album=Offset(weight=0.25, shrinkage=0.5),
        artist_labels=Offset(weight=0.5, shrinkage=0.3),
        album_labels=Offset(weight=0.25, shrinkage=0.3),
        slope=1.0,
        bias=0.1,
        quantiles=QUANTILES,
    )
    return ContextModel(
        moods=dict.fromkeys(moods, mood), means={"ambient": 0.1}, fitted_on="nothing; made for tests"
    )


IN_CONTEXT: ModelRecord = replace(MODEL, fingerprint="c0de", context=made_context().model_dump_json())
"""The toy model, with a context."""
