"""The embedding is made steadier against copies of tracks, by a linear map that is computed and not trained.

In the embedding, let T be the covariance of windows of originals and S the mean second moment of the differences
between a copy and its original. ``(T + strength * S)^-1 T`` scales each direction by how much of what is seen there
is music: directions in which copies differ little stay, and those in which they differ as much as tracks do shrink.
It is the Wiener filter, and a relative of within-class covariance normalisation (Hatch, Kajarekar & Stolcke,
Interspeech 2006).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import DataError
from moodrec.model.network import MoodNetwork
from moodrec.training.copies import CopiesConfig
from moodrec.training.embedding_map import apply_map, embedded_windows
from moodrec.training.inputs import NetworkInputs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CopiedTracks:
    """Some training tracks, and their copies of each kind."""

    rows: NDArray[np.int64]
    """(n,) rows of the tracks in the joined table."""
    copies: Mapping[str, NetworkInputs]
    """Kind to n inputs: the copies of ``rows``, in their order."""


def make_steady(
    network: MoodNetwork,
    originals: NetworkInputs,
    copied: CopiedTracks,
    seen: NDArray[np.bool_],
    config: CopiesConfig,
) -> None:
    """Change the embedding of a trained network so that copies lie closer to their originals.

    Args:
        network: in evaluation mode; its projection, its norm and its heads are changed.
        originals: the inputs of all tracks.
        copied: the tracks that have copies.
        seen: (tracks,) which of all tracks the network was trained on; copies of others are not used.
        config: how much differences by copying count.

    Raises:
        ConfigError: a head is not linear in the embedding.
        DataError: no track that the network was trained on has copies.
    """
    places = np.flatnonzero(seen[copied.rows])
    if not len(places):
        raise DataError("copies: none of the tracks that the network is trained on has copies")
    windows = {int(place): embedded_windows(network, originals, int(copied.rows[place])) for place in places}
    differences = [
        np.concatenate(
            [
                differences_by_copying(embedded_windows(network, inputs, place), own)
                for place, own in windows.items()
            ]
        )
        for inputs in copied.copies.values()
    ]
    apply_map(network, steady_map(np.concatenate([*windows.values()]), differences, config.strength))


def steady_map(originals: Floats, differences: Sequence[Floats], strength: float) -> Floats:
    """Compute the map of embeddings, as rows: ``embedding @ map``.

    Args:
        originals: (windows, d) embeddings of originals.
        differences: for each kind of copy, (m, d) embeddings of copies minus those of their originals. Each kind
            counts the same.
        strength: not negative; with 0 the map is the identity.

    Returns:
        (d, d).
    """
    dim = originals.shape[1]
    music = np.cov(originals.T).reshape(dim, dim)
    # A trace of every direction keeps the map invertible where there are few tracks.
    music += 1e-3 * np.trace(music) / dim * np.eye(dim)
    copying = np.mean([own.T @ own / len(own) for own in differences], axis=0)
    return np.asarray(np.linalg.solve(music + strength * copying, music), np.float64)


def differences_by_copying(copies: Floats, originals: Floats) -> Floats:
    """Compare a copy with its original, window by window.

    An encoder may add samples, and another speed changes their number. Where a window comes or goes by that, windows
    of the same number hold other music, and the means of both are compared instead.

    Args:
        copies: (windows, d) embeddings of the copy.
        originals: (windows, d) embeddings of the original, which may have another number of windows.

    Returns:
        (windows, d), or (1, d).
    """
    if len(copies) != len(originals):
        return np.asarray(copies.mean(0, keepdims=True) - originals.mean(0, keepdims=True))
    return copies - originals
