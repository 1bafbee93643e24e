"""The backend of the ``flat`` preset, which holds no structure: every search compares all rows that pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moodrec.index.backends.base import UNBOUNDED, Candidates, Facts, PassesOver
from moodrec.index.rows.segment import Segment
from moodrec.index.search.blending import Blend
from moodrec.index.search.request import Request


@dataclass(frozen=True, eq=False)
class FlatBackend:
    """A backend that holds nothing: its candidates are all rows that pass."""

    name: str = "flat"
    always_scans: bool = True
    passes_over: PassesOver = "any"
    deepest: int = UNBOUNDED
    lists_are_scanned: bool = False

    def follows(self, blend: Blend) -> bool:
        return False

    def find(self, segment: Segment, request: Request, depth: int) -> Candidates:
        passing, n = request.passing.rows, len(request.queries)
        rows = np.arange(len(segment)) if passing is None else passing
        return Candidates([rows] * n, [True] * n, [True] * n, n * len(segment), n * len(rows), every=True)

    def extended(self, segment: Segment, n_new: int) -> FlatBackend:
        return self  # It holds nothing of the rows.

    def outgrown(self, n: int, max_growth: float) -> bool:
        return False

    def save(self, folder: Path) -> Facts:
        return {}

    def save_extended(self, folder: Path, segment: Segment, n_new: int) -> Facts:
        return {}
