"""FAISS indexes with inverted lists: they are trained on the rows, filled with them, and copied before they grow."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.config import IndexConfig
from moodrec.index.backends.ivf.clustering import some_rows, split_centroids
from moodrec.index.runtime import faiss
from moodrec.typing import Float32Array, Vectors

_SOME_ROWS: Final = 250_000
"""Up to this many rows, there are four lists for each unit of the square root of the rows."""
_MANY_LISTS: Final = 3_000
"""From this many lists on, centroids are learnt group by group."""
_ROUNDS: Final = 10
"""Rounds of k-means."""
_ROWS_AT_ONCE: Final = 1 << 16
"""Rows that FAISS is given at a time, so that mapped vectors are copied in parts."""


def trained(vectors: Vectors, config: IndexConfig) -> Any:
    """Train an index without rows: its centroids and its codes.

    Args:
        vectors: (n, d) float32 rows of unit length, at least one.
        config: the settled preset.

    Returns:
        A FAISS index of the preset's kind.
    """
    n, dim = vectors.shape
    nlist = min(config.nlist or _n_lists(n), n)
    index = _empty(_bits(n), dim, nlist, config)
    index.cp.spherical = True
    index.cp.niter = _ROUNDS
    index.cp.seed = config.seed
    index.cp.min_points_per_centroid = 1  # FAISS would warn of small catalogues
    index.cp.max_points_per_centroid = config.training_rows
    if nlist >= _MANY_LISTS:
        sample = some_rows(vectors, config.training_rows * nlist, config.seed)
        index.quantizer.add(split_centroids(sample, nlist, config.seed))
    index.train(
        np.ascontiguousarray(_enough_to_learn_from(vectors, config))
    )  # centroids that are there are kept, and the codes are learnt
    return index


def _n_lists(n: int) -> int:
    """Return the number of lists for n rows: four times the square root of n, and eight times from a million rows on.

    Fewer rows do not repay the time that a search takes to compare the query with more centroids.
    """
    return max(1, int(4 * np.sqrt(n) * np.clip(np.sqrt(n / _SOME_ROWS), 1, 2)))


def _empty(bits: int, dim: int, nlist: int, config: IndexConfig) -> Any:
    """Make a FAISS index of the preset's kind that nothing has been learnt for; ``bits`` are those of ``ivf-pq``."""
    quantizer, product = faiss.IndexFlatIP(dim), faiss.METRIC_INNER_PRODUCT
    if config.kind == "ivf-sq8":
        eight = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, nlist, eight, product, False)
    elif config.kind == "ivf-pq":
        index = faiss.IndexIVFPQ(quantizer, dim, nlist, _pieces(dim, config.pq_bytes), bits, product)
        index.pq.cp.min_points_per_centroid = 1
    else:
        index = faiss.IndexIVFFlat(quantizer, dim, nlist, product)
    return index


def _pieces(dim: int, most: int) -> int:
    """Return into how many pieces of one length ``ivf-pq`` cuts a vector of ``dim`` numbers: at most ``most``."""
    return max(pieces for pieces in range(1, min(dim, most) + 1) if dim % pieces == 0)


def _enough_to_learn_from(vectors: Vectors, config: IndexConfig) -> Vectors:
    """Return the rows, repeated where they are fewer than the codes of ``ivf-pq``, as FAISS refuses to learn
    from those.
    """
    codes = 1 << _bits(len(vectors)) if config.kind == "ivf-pq" else 1
    return vectors if len(vectors) >= codes else np.tile(vectors, (codes, 1))


def _bits(n: int) -> int:
    """Return the bits of a code of ``ivf-pq``: 8, or fewer where there are too few rows to learn so many
    codes from.
    """
    return min(8, max(1, n.bit_length() - 1))


def centroids_of(index: Any) -> Float32Array:
    """Return the (nlist, d) centroids of an index."""
    centroids: Float32Array = index.quantizer.reconstruct_n(0, index.nlist)
    return centroids


def sizes_of(index: Any) -> NDArray[np.int64]:
    """Return (nlist,) the number of rows in each list of an index."""
    return np.array([index.invlists.list_size(i) for i in range(index.nlist)], np.int64)


def nearest_lists(index: Any, vectors: Vectors) -> NDArray[np.int64]:
    """Find the list of each row: that of the nearest centroid, because a search easily misses a row in any other.

    Args:
        index: a trained index.
        vectors: (n, d) float32 rows of unit length.

    Returns:
        (n,) lists.
    """
    parts = []
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        parts.append(index.quantizer.search(part, 1)[1][:, 0])
    return np.concatenate(parts)


def fill(index: Any, vectors: Vectors, list_of: NDArray[np.int64]) -> None:
    """Append rows to the lists of an index.

    Args:
        index: a trained index.
        vectors: (n, d) float32 rows of unit length.
        list_of: (n,) the list of each row.
    """
    if not index.ntotal:
        _make_room(index, np.bincount(list_of, minlength=index.nlist))
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE])
        lists = np.ascontiguousarray(list_of[start : start + _ROWS_AT_ONCE])
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(lists))


def _make_room(index: Any, sizes: NDArray[np.int64]) -> None:
    """Let empty lists take up their final sizes, where each row would else double a list now and then."""
    for number, size in enumerate(sizes.tolist()):
        index.invlists.resize(number, size)
        index.invlists.resize(number, 0)


def grown(index: Any, vectors: Vectors, list_of: NDArray[np.int64], config: IndexConfig) -> Any:
    """Return a copy of an index with more rows at the ends of its lists; the index itself stays as it is.

    Args:
        index: an index of this package, whose lists may be mapped from a file.
        vectors: (m, d) the new rows, whose numbers follow the last row of the index.
        list_of: (m,) the list of each new row.
        config: the settled preset that the index was built by.
    """
    copy = emptied(index, config)
    there, lists = faiss.downcast_InvertedLists(index.invlists), copy.invlists
    for i in range(index.nlist):
        if size := there.list_size(i):
            lists.add_entries(i, size, there.get_ids(i), there.get_codes(i))
    copy.ntotal = index.ntotal
    fill(copy, vectors, list_of)
    return copy


def new_rows(index: Any, vectors: Vectors, list_of: NDArray[np.int64], config: IndexConfig) -> Any:
    """Return an index with the centroids and codes of another one, whose lists hold new rows alone.

    Args:
        index: an index of this package.
        vectors: (m, d) the new rows, whose numbers follow the last row of the index.
        list_of: (m,) the list of each new row.
        config: the settled preset that the index was built by.
    """
    alone = emptied(index, config)
    alone.ntotal = index.ntotal
    fill(alone, vectors, list_of)
    return alone


def emptied(index: Any, config: IndexConfig) -> Any:
    """Return an index with the centroids and codes of another one, and no rows.

    Args:
        index: an index of this package.
        config: the settled preset that the index was built by.
    """
    bits = int(index.pq.nbits) if config.kind == "ivf-pq" else 0
    copy = _empty(bits, index.d, index.nlist, config)
    copy.quantizer.add(centroids_of(index))
    if config.kind == "ivf-sq8":
        faiss.copy_array_to_vector(faiss.vector_to_array(index.sq.trained), copy.sq.trained)
    elif config.kind == "ivf-pq":
        copy.pq = index.pq
        copy.by_residual = index.by_residual
    copy.is_trained = True
    return copy
