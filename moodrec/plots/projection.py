"""Embeddings of many dimensions are projected to two, for a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.errors import DataError, MissingExtraError, UsageError
from moodrec.typing import FloatArray

Projection = Literal["pca", "umap"]

NEIGHBOURS: Final = 15
"""Number of neighbours that UMAP keeps together."""
_BLOCK: Final = 1 << 16


def project(embeddings: ArrayLike, method: Projection = "pca") -> NDArray[np.float64]:
    """Compute places on a map.

    ``pca`` takes principal components, the two directions in which the tracks differ most. ``umap`` keeps
    neighbourhoods together and separates what lies apart (McInnes, Healy, Melville, arXiv 1802.03426); it needs the
    extra ``umap`` and takes seconds. The same embeddings give the same map either way.

    Args:
        embeddings: ``(n, d)`` finite.
        method: the projection.

    Returns:
        ``(n, 2)``, mean 0; zeros where there are fewer dimensions or tracks than axes.

    Raises:
        DataError: the embeddings are not ``(n, d)``, empty, or not finite.
        UsageError: there is no such method.
        MissingExtraError: UMAP is not installed.
    """
    vectors = np.asarray(embeddings)
    if vectors.dtype != np.float32:  # single precision is kept: a million embeddings would be a gigabyte else
        vectors = vectors.astype(np.float64)
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise DataError(f"a map needs finite embeddings (n, d), not {vectors.shape}")
    if method == "pca" or len(vectors) < 4:
        return _components(vectors)
    if method == "umap":
        return _neighbourhoods(vectors)
    raise UsageError(f"no such projection: {method!r}; there are 'pca' and 'umap'")


def _neighbourhoods(vectors: FloatArray) -> NDArray[np.float64]:
    try:
        from umap import UMAP
    except ModuleNotFoundError:
        raise MissingExtraError("a map by UMAP", "umap") from None

    # With more than one job the seed would not give the same map, and UMAP would warn of that.
    mapper = UMAP(n_neighbors=min(NEIGHBOURS, len(vectors) - 1), metric="cosine", random_state=0, n_jobs=1)
    points = np.asarray(mapper.fit_transform(vectors.astype(np.float32)), np.float64)
    return np.asarray(points - points.mean(axis=0))


def _components(vectors: FloatArray) -> NDArray[np.float64]:
    """Project on the eigenvectors of the covariance, which is summed up in double precision block by block."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((vectors.shape[1], vectors.shape[1]))
    for block in _blocks(vectors):
        centred = block - mean
        covariance += centred.T @ centred
    axes = np.linalg.eigh(covariance)[1].T[::-1][: min(2, len(vectors))]
    # Signs are fixed, so that the same library gives the same map.
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    turned = (axes * np.where(largest < 0, -1, 1)).T
    points = np.concatenate([(block - mean) @ turned for block in _blocks(vectors)])
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))


def _blocks(vectors: FloatArray) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(vectors), _BLOCK):
        yield vectors[start : start + _BLOCK].astype(np.float64)
