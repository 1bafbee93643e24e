"""FAISS's inverted lists: learnt from the rows, filled with them, and copied before they grow."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.backends.ivf.clustering import some_rows, split_centroids
from moodrec.index.runtime import faiss
from moodrec.typing import Float32Array, Vectors

_SOME_ROWS: Final = 250_000
_MANY_LISTS: Final = 3_000
"""From this many lists on, they are learnt group by group."""
_ROUNDS: Final = 10
"""Rounds of k-means."""
_ROWS_AT_ONCE: Final = 1 << 16


def trained(vectors: Vectors, config: IndexConfig) -> Any:
    n, dim = vectors.shape
    nlist = min(config.nlist or _n_lists(n), n)
    index = _empty(n, dim, nlist, config)
    index.cp.spherical = True
    index.cp.niter = _ROUNDS
    index.cp.seed = config.seed
    index.cp.min_points_per_centroid = 1  # small catalogues are no reason for a warning
    index.cp.max_points_per_centroid = config.training_rows
    if nlist >= _MANY_LISTS:
        sample = some_rows(vectors, config.training_rows * nlist, config.seed)
        index.quantizer.add(split_centroids(sample, nlist, config.seed))
    index.train(np.ascontiguousarray(_enough_to_learn_from(vectors, config)))  # what is left to learn
    return index


def _n_lists(n: int) -> int:
    """Four times the square root of the rows; between a quarter of a million and a whole one this doubles. Fewer rows
    do not repay the look at more centroids.
    """
    return max(1, int(4 * np.sqrt(n) * np.clip(np.sqrt(n / _SOME_ROWS), 1, 2)))


def _empty(n: int, dim: int, nlist: int, config: IndexConfig) -> Any:
    quantizer, product = faiss.IndexFlatIP(dim), faiss.METRIC_INNER_PRODUCT
    if config.kind == "ivf-sq8":
        bits = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, nlist, bits, product, False)
    elif config.kind == "ivf-pq":
        index = faiss.IndexIVFPQ(quantizer, dim, nlist, _pieces(dim, config.pq_bytes), _bits(n), product)
        index.pq.cp.min_points_per_centroid = 1
    else:
        index = faiss.IndexIVFFlat(quantizer, dim, nlist, product)
    return index


def _pieces(dim: int, most: int) -> int:
    """Into how many pieces of one length a vector of ``dim`` numbers is cut, at most ``most``."""
    return max(pieces for pieces in range(1, min(dim, most) + 1) if dim % pieces == 0)


def _enough_to_learn_from(vectors: Vectors, config: IndexConfig) -> Vectors:
    """The rows, repeated where they are fewer than the codes of ``ivf-pq``."""
    codes = 1 << _bits(len(vectors)) if config.kind == "ivf-pq" else 1
    return vectors if len(vectors) >= codes else np.tile(vectors, (codes, 1))


def _bits(n: int) -> int:
    """Of a code of ``ivf-pq``: 8, fewer where there are too few rows to learn so many codes from."""
    return min(8, max(1, n.bit_length() - 1))


def centroids_of(index: Any) -> Float32Array:
    centroids: Float32Array = index.quantizer.reconstruct_n(0, index.nlist)
    return centroids


def sizes_of(index: Any) -> NDArray[np.int64]:
    """(nlist,) rows of each list."""
    return np.array([index.invlists.list_size(i) for i in range(index.nlist)], np.int64)


def nearest_lists(index: Any, vectors: Vectors) -> NDArray[np.int64]:
    """(n,) the list of each row: the nearest, for a row that lies elsewhere is easily missed by a search."""
    parts = []
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        parts.append(index.quantizer.search(part, 1)[1][:, 0])
    return np.concatenate(parts)


def fill(index: Any, vectors: Vectors, list_of: NDArray[np.int64]) -> None:
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        lists = np.ascontiguousarray(list_of[start : start + _ROWS_AT_ONCE])
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(lists))


def grown(index: Any, vectors: Vectors, list_of: NDArray[np.int64], config: IndexConfig) -> Any:
    """Return a copy of an index with more rows at the ends of its lists; the index itself stays as it is.

    Args:
        index: an index of this package; its lists may be mapped from a file.
        vectors: (m, d) rows, numbered on from the last.
        list_of: (m,) the list of each.
        config: the settled preset that the index was built by.
    """
    copy = _empty(int(index.ntotal), index.d, index.nlist, config)
    copy.quantizer.add(centroids_of(index))
    if config.kind == "ivf-sq8":
        faiss.copy_array_to_vector(faiss.vector_to_array(index.sq.trained), copy.sq.trained)
    elif config.kind == "ivf-pq":
        copy.pq = index.pq
        copy.by_residual = index.by_residual
    copy.is_trained = True
    there, lists = faiss.downcast_InvertedLists(index.invlists), copy.invlists
    for i in range(index.nlist):
        if size := there.list_size(i):
            lists.add_entries(i, size, there.get_ids(i), there.get_codes(i))
    copy.ntotal = index.ntotal
    fill(copy, vectors, list_of)
    return copy
