"""Seeds that are not in the index: any audio file, which is analysed when it is used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.audio.quiet import quiet_c_libraries
from moodrec.errors import ModelMismatchError
from moodrec.index.front import SearchFront
from moodrec.schema import PATH

if TYPE_CHECKING:
    from moodrec.embedding.mood_model import MoodModel


@dataclass(frozen=True, eq=False)
class AudioSeed:
    """An audio file that serves as a seed."""

    table: pa.Table
    """One row with the file's path and its mood scores."""
    embedding: NDArray[np.float32]
    """(d,) The embedding, of unit length."""


class AudioSeeds:
    """Analyses audio files with the model that made the vectors of an index."""

    def __init__(self, index: SearchFront, model: MoodModel | Path | str | None) -> None:
        """Remember the model; it is loaded for the first file.

        Args:
            index: what the files are compared with.
            model: a model, its folder, or None for the model that comes with moodrec.
        """
        self._index, self._model = index, model

    def over(self, index: SearchFront) -> AudioSeeds:
        """Return the same for another index; a model that was loaded is kept."""
        return AudioSeeds(index, self._model)

    def analyze(self, path: Path) -> AudioSeed:
        """Decode a file and infer its embedding and its moods.

        Raises:
            ModelMismatchError: the index holds vectors of another model, or does not say of which.
            AudioError: the file cannot be decoded, or is silent.
        """
        model = self._loaded()
        if self._index.model_fingerprint is None:
            raise ModelMismatchError(
                "the index does not say which model made its vectors, so a file cannot be compared with them; "
                "give a seed that is in the index"
            )
        self._index.require_model(model.fingerprint)
        with quiet_c_libraries():
            track = model.analyze(path)
        moods = {mood: [score] for mood, score in zip(model.moods, track.mood_scores.tolist(), strict=True)}
        return AudioSeed(pa.table({PATH: [str(path)], **moods}), track.embedding)

    def _loaded(self) -> MoodModel:
        from moodrec.embedding.mood_model import MoodModel  # and with it torch

        if not isinstance(self._model, MoodModel):
            self._model = MoodModel.load(self._model)
        return self._model


def file_called(text: str) -> Path | None:
    """Return the file that a text is the path of; None where it is none, or cannot be a path at all."""
    # Path raises errors of texts that are too long, and of "~nobody".
    path = os.path.expanduser(text)  # noqa: PTH111
    return Path(path) if os.path.isfile(path) else None  # noqa: PTH113
