"""The exact scan on a GPU by PyTorch: every row is scored, and rows that do not pass are masked.

So filters and mood targets of any kind take no longer than a search without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from moodrec.errors import MissingExtraError
from moodrec.extras import has_modules
from moodrec.index.rows.segment import Segment
from moodrec.index.search.request import Request
from moodrec.typing import RowMask, RowNumbers, Vectors

if TYPE_CHECKING:
    import torch

_SCORES_AT_ONCE = 1 << 28
"""Scores that are held at a time, 1 GiB; larger batches of queries are cut into parts."""


class GpuScan:
    """The vectors of a segment in the memory of a device."""

    def __init__(self, vectors: Vectors, device: str) -> None:
        """Copy vectors to a device.

        Args:
            vectors: (n, d) float32 rows of unit length.
            device: the PyTorch device: ``cuda``, or ``cpu`` to test the same code without a GPU.

        Raises:
            MissingExtraError: PyTorch is not installed.
        """
        if not has_modules("torch"):
            raise MissingExtraError("searching on a GPU", "gpu")
        import torch  # Here alone, because importing PyTorch takes seconds and gigabytes.

        self._torch = torch
        self._device = device
        self._vectors = torch.from_numpy(np.array(vectors, np.float32)).to(device)

    def find(self, segment: Segment, request: Request, depth: int) -> list[RowNumbers]:
        """Find the best rows of each query that pass.

        Args:
            segment: the rows.
            request: the search.
            depth: the number of rows a query; fewer are returned where no more pass.
        """
        torch = self._torch
        passed = self._mask(request.passing.mask)
        most = min(depth, request.passing.count)
        step = max(1, _SCORES_AT_ONCE // max(1, len(segment)))
        found: list[RowNumbers] = []
        for start in range(0, len(request.queries), step):
            part = range(start, min(start + step, len(request.queries)))
            scores = self._scores(segment, request, part)
            if passed is not None:
                scores.masked_fill_(~passed, -torch.inf)
            found += list(torch.topk(scores, most, dim=1).indices.cpu().numpy())
        return found

    def _mask(self, mask: RowMask | None) -> torch.Tensor | None:
        return None if mask is None else self._torch.from_numpy(np.ascontiguousarray(mask)).to(self._device)

    def _scores(self, segment: Segment, request: Request, queries: Sequence[int]) -> torch.Tensor:
        """Return (queries, n) scores, blended with the mood targets."""
        blend = request.blend
        rows = self._torch.from_numpy(request.queries[list(queries)]).to(self._device)
        scores: torch.Tensor = rows @ self._vectors.T
        if blend is None:
            return scores
        moods = self._torch.from_numpy(segment.mood_scores(blend.moods)).to(self._device)
        for i, query in enumerate(queries):
            target = self._torch.from_numpy(blend.targets[query]).to(self._device)
            weight = float(blend.weights[query])
            affinity = 1 - ((moods - target) ** 2).mean(dim=1)
            scores[i] = (1 - weight) * scores[i] + weight * affinity
        return scores
