"""Inner products of queries with rows, by the kernel that is fastest for so many of each."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.index.runtime import faiss
from moodrec.typing import Float32Array, RowNumbers, Vectors

_PICK_BELOW: Final = 0.25
"""Share of the rows up to which picking them out is cheaper than going over all."""


def products(vectors: Vectors, rows: RowNumbers | None, queries: Vectors) -> Float32Array:
    """(q, m) float32 inner products of (q, d) queries with ``rows`` (m,) of the vectors, all rows if None."""
    pick = rows is not None and len(rows) < _PICK_BELOW * len(vectors)
    if len(queries) > 1 or not vectors.flags.c_contiguous:
        scores = queries @ (vectors[rows] if pick else vectors).T
    else:
        scores = _of_one_query(vectors, rows if pick else None, queries)
    return scores if rows is None or pick else scores[:, rows]


def _of_one_query(vectors: Vectors, rows: RowNumbers | None, query: Vectors) -> Float32Array:
    """FAISS's kernels: they copy no rows, and take one thread where BLAS takes and awaits all."""
    dim = vectors.shape[1]
    scores = np.empty((1, len(vectors) if rows is None else len(rows)), np.float32)
    if rows is None:
        faiss.fvec_inner_products_ny(_at(scores), _at(query), _at(vectors), dim, len(vectors))
    else:
        wanted = np.ascontiguousarray(rows, np.int64)
        faiss.fvec_inner_products_by_idx(
            _at(scores), _at(query), _at(vectors), _at(wanted), dim, 1, len(wanted)
        )
    return scores


def _at(array: NDArray[Any]) -> Any:
    return faiss.swig_ptr(array)
