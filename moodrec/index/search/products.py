"""Inner products of queries with rows, computed by BLAS or by FAISS, whichever is faster for their numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.runtime import faiss
from moodrec.typing import Float32Array, Float64Array, RowNumbers, Vectors

_PICK_BELOW: Final = 0.25
"""Up to this share of the rows, it is cheaper to copy the rows out than to compute the products of all rows."""

_PAIRS_AT_ONCE: Final = 512
"""Pairs of rows that are multiplied together: as many as fit the second cache."""


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


def cosines_of(catalogue: Catalogue, lefts: RowNumbers, rights: RowNumbers) -> Float64Array:
    """Compute the cosine of each of m pairs of rows, in double precision and each by itself.

    Args:
        catalogue: the rows.
        lefts: (m,) the first rows; -1 is no row.
        rights: (m,) the second rows; -1 is no row.

    Returns:
        (m,) cosines; NaN where either is no row.
    """
    found = np.full(len(lefts), np.nan)
    both = np.flatnonzero((lefts >= 0) & (rights >= 0))
    for start in range(0, len(both), _PAIRS_AT_ONCE):
        here = both[start : start + _PAIRS_AT_ONCE]
        left, right = (catalogue.vectors_at(side[here]).astype(np.float64) for side in (lefts, rights))
        found[here] = np.einsum("ij,ij->i", left, right)
    return found


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
