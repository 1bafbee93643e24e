"""Inner products of queries with rows, computed by BLAS or by FAISS, whichever is faster for their numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.index.runtime import faiss
from moodrec.typing import Float32Array, RowNumbers, Vectors

_PICK_BELOW: Final = 0.25
"""Up to this share of the rows, it is cheaper to copy the rows out than to compute the products of all rows."""


def products(vectors: Vectors, rows: RowNumbers | None, queries: Vectors) -> Float32Array:
    """Compute inner products in float32.

    Args:
        vectors: (n, d) vectors of unit length.
        rows: (m,) the rows to multiply; None: all.
        queries: (q, d) vectors of unit length.

    Returns:
        (q, m) float32 products.
    """
    pick = rows is not None and len(rows) < _PICK_BELOW * len(vectors)
    if len(queries) > 1 or not vectors.flags.c_contiguous:
        scores = queries @ (vectors[rows] if pick else vectors).T
    else:
        scores = _of_one_query(vectors, rows if pick else None, queries)
    return scores if rows is None or pick else scores[:, rows]


def _of_one_query(vectors: Vectors, rows: RowNumbers | None, query: Vectors) -> Float32Array:
    """Compute the products of one query with FAISS, which copies no rows and takes one thread, where BLAS
    takes all.
    """
    dim = vectors.shape[1]
    scores = np.empty((1, len(vectors) if rows is None else len(rows)), np.float32)
    if rows is None:
        faiss.fvec_inner_products_ny(_at(scores), _at(query), _at(vectors), dim, len(vectors))
    else:
        chosen = np.ascontiguousarray(rows, np.int64)
        faiss.fvec_inner_products_by_idx(
            _at(scores), _at(query), _at(vectors), _at(chosen), dim, 1, len(chosen)
        )
    return scores


def _at(array: NDArray[Any]) -> Any:
    return faiss.swig_ptr(array)
