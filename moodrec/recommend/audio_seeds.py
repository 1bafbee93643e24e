"""Seeds that are not in the index: any audio file, which is analysed when it is used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.audio.opening import printable
from moodrec.audio.quiet import quiet_c_libraries
from moodrec.catalog.current_model import known_folder
from moodrec.errors import ModelMismatchError, SilentAudioError
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


@dataclass(frozen=True)
class ModelsOf:
    """The models of a library, each in the folder that it was loaded from when it analysed the music."""

    library: Path
    """The library's folder."""

    def folder_of(self, index: SearchFront) -> Path | None:
        """Return the folder of the model that made the vectors of an index; None for the one that comes with moodrec,
        or where the library does not say.
        """
        return known_folder(self.library, index.model_fingerprint)


SeedModel: TypeAlias = "MoodModel | ModelsOf | Path | str | None"
"""A model, its folder, the models of a library, or None for the model that comes with moodrec."""


class AudioSeeds:
    """Analyses audio files with the model that made the vectors of an index."""

    def __init__(self, index: SearchFront, model: SeedModel) -> None:
        """Remember the model; it is loaded for the first file.

        Args:
            index: what the files are compared with.
            model: a model, its folder, the models of a library, or None for the model that comes with moodrec.
        """
        self._index, self._named = index, model
        self._model: MoodModel | None = None

    def over(self, index: SearchFront) -> AudioSeeds:
        """Return the same for another index; a model that was loaded is kept, unless that index is of another one."""
        other = AudioSeeds(index, self._named)
        same = index.model_fingerprint == self._index.model_fingerprint
        other._model = self._model if same or not isinstance(self._named, ModelsOf) else None
        return other

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
            try:
                track = model.analyze(path)
            except SilentAudioError as error:
                raise SilentAudioError(f"{printable(path)}: {error}") from None
        moods = {mood: [score] for mood, score in zip(model.moods, track.mood_scores.tolist(), strict=True)}
        return AudioSeed(pa.table({PATH: [str(path)], **moods}), track.embedding)

    def _loaded(self) -> MoodModel:
        from moodrec.embedding.mood_model import MoodModel  # and with it torch

        if self._model is None:
            named = self._named.folder_of(self._index) if isinstance(self._named, ModelsOf) else self._named
            self._model = named if isinstance(named, MoodModel) else MoodModel.load(named)
        return self._model


def file_called(text: str) -> Path | None:
    """Return the file that a text is the path of; None where it is none, or cannot be a path at all."""
    # Path raises errors of texts that are too long, and of "~nobody".
    path = os.path.expanduser(text)  # noqa: PTH111
    return Path(path) if os.path.isfile(path) else None  # noqa: PTH113
