"""The map of one version of the index: places as 16-bit numbers, made once and kept beside the library."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import MoodrecError
from moodrec.files.replacing import write_atomically
from moodrec.plots.projection import Projection, project
from moodrec.printable import shown_only
from moodrec.recommend.regions import Region, map_regions
from moodrec.schema import TRACK_ID
from moodrec.serve.problems import log
from moodrec.serve.settings import MapMethod
from moodrec.serve.view import View
from moodrec.typing import FloatArray

FOLDER: Final = "maps"
SIDE: Final = 65_535
"""The greatest coordinate."""
_LEAST_FOR_UMAP: Final = 30
_NEAREST: Final = 5

Places = NDArray[np.uint16]


class Atlas:
    """The map of a version: by PCA at once, then by UMAP where that is asked for or installed."""

    def __init__(self, view: View, method: MapMethod, folder: Path | None) -> None:
        """Remember what to lay out; nothing is computed yet.

        Args:
            view: the version.
            method: ``auto`` takes UMAP where it is installed.
            folder: where maps are kept; None keeps them in memory.
        """
        self._view, self._folder = view, folder
        wanted = method if method != "auto" else "umap" if find_spec("umap") else "pca"
        self.wanted: Projection = wanted if len(view.index) >= _LEAST_FOR_UMAP else "pca"
        self.method: Projection = "pca"
        self._places: Places | None = None
        self._regions: tuple[str, list[Region]] | None = None
        self._lock = threading.Lock()
        self._maker: threading.Thread | None = None

    @property
    def coming(self) -> Projection | None:
        """The method whose map is being made, and replaces this one."""
        return self.wanted if self.method != self.wanted else None

    @property
    def tag(self) -> str:
        """Changes with the map."""
        return f"{self._view.name}-{self.method}"

    def places(self) -> Places:
        """Return the places (n, 2) of the tracks in [0, 65535], in the order of the index."""
        with self._lock:
            if self._places is None:
                kept = self._kept(self.wanted)
                self.method = self.wanted if kept is not None else "pca"
                self._places = self._made("pca") if kept is None else kept
                if self.coming and self._maker is None:
                    self._maker = threading.Thread(target=self._improve, name="moodrec-map", daemon=True)
                    self._maker.start()
            return self._places

    def regions(self) -> list[Region]:
        """Return the named regions of the map."""
        places, method = self.places(), self.method
        known = self._regions
        if known is None or known[0] != method:
            found = map_regions(self._view.index, places.astype(np.float32), self._view.spreads)
            known = self._regions = (method, found)
        return known[1]

    def place_of(self, embedding: FloatArray) -> list[float]:
        """Return the place of a track that is not in the index: between its nearest neighbours.

        Args:
            embedding: (d,) of the track.
        """
        hits = self._view.index.search(embedding, min(_NEAREST, len(self._view.index)))
        ids = hits.track_ids[0, : int(hits.counts[0])].tolist()
        rows = self._view.rows_of(ids)
        weights = np.maximum(hits.scores[0, : len(ids)].astype(np.float64), 1e-3) ** 8
        mean = np.average(self.places()[rows].astype(np.float64), axis=0, weights=weights)
        return [round(float(value), 1) for value in mean]

    def _improve(self) -> None:
        try:
            made = self._made(self.wanted)
        except MoodrecError as error:
            log.warning("the map stays that of PCA: %s", shown_only(str(error)))
            self.wanted = "pca"
            return
        with self._lock:
            self._places, self.method = made, self.wanted

    def _made(self, method: Projection) -> Places:
        kept = self._kept(method)
        if kept is not None:
            return kept
        index = self._view.index
        if not len(index):
            return np.zeros((0, 2), np.uint16)
        places = as_places(project(index.vectors(index.track_ids), method))
        self._keep(method, places)
        return places

    def _file(self, method: str) -> Path | None:
        if self._folder is None:
            return None
        index = self._view.index
        digest = hashlib.blake2b(digest_size=12)
        digest.update(f"{index.model_fingerprint} {index.library_revision} {self._view.name}".encode())
        for chunk in index.table[TRACK_ID].chunks:
            digest.update(chunk.buffers()[-1] or b"")
        return self._folder / f"{digest.hexdigest()}-{method}.u16"

    def _kept(self, method: str) -> Places | None:
        file = self._file(method)
        if file is None or not file.is_file():
            return None
        data = file.read_bytes()
        expected = 4 * len(self._view.index)
        return np.frombuffer(data, "<u2").reshape(-1, 2) if len(data) == expected else None

    def _keep(self, method: str, places: Places) -> None:
        file = self._file(method)
        if file is None:
            return
        with suppress(OSError, MoodrecError):  # a library that may not be written to is served all the same
            file.parent.mkdir(exist_ok=True)
            write_atomically(file, places.astype("<u2").tobytes())
            for old in file.parent.glob("*.u16"):
                if not old.name.startswith(file.name.partition("-")[0]):
                    old.unlink()


def as_places(points: FloatArray) -> Places:
    """Spread places over the square of 16-bit numbers, each axis by its own range.

    Args:
        points: (n, 2) finite.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    scale = np.where(high > low, SIDE / np.maximum(high - low, 1e-30), 0.0)
    middle = np.where(high > low, 0.0, SIDE / 2)
    return np.asarray(np.rint((points - low) * scale + middle).clip(0, SIDE), np.uint16)
