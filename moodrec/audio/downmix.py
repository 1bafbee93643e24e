"""Channels are mixed to one by their mean, except where the mean would lose the sound.

In stereo with one side inverted, ``(x, -x)``, the mean is silence though neither side is. Where the sum of a
track's channels has less than a quarter of the power that independent channels of their levels would have in sum,
channels that run against the rest are turned over before the mean is taken: ``(x, -x)`` then gives ``x``. Everything
else, and every ordinary recording, is mixed by the plain mean.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.typing import Samples

LEAST_KEPT: Final = 0.25
"""Least power of the sum of the channels, relative to the sum of their powers, that the plain mean is taken with."""
Signs = dict[int, NDArray[np.float32]]
"""For each number of channels, (channels,) of 1 and -1."""


class Mixer:
    """Mixes blocks of one track to mono, and learns whether that loses its sound."""

    def __init__(self, signs: Signs | None = None) -> None:
        """Make a mixer for the blocks of one track.

        Args:
            signs: what to turn over, from :meth:`turned` of an earlier pass; none is the plain mean.
        """
        self._signs = signs or {}
        self._products: dict[int, NDArray[np.float64]] = {}

    def mix(self, block: NDArray[np.float32]) -> Samples:
        """Mix a block (frames, channels) to (frames,)."""
        channels = block.shape[1]
        if channels > 1:
            products = (block.T @ block).astype(np.float64)
            self._products[channels] = self._products.get(channels, 0.0) + products
        signs = self._signs.get(channels)
        mixed: Samples = (block if signs is None else block * signs).mean(axis=1)
        return mixed

    def turned(self) -> Signs:
        """Tell, from all blocks so far, which channels to turn over; empty where the mean is right."""
        found = {channels: signs_for(products) for channels, products in self._products.items()}
        return {channels: signs for channels, signs in found.items() if signs is not None}


def signs_for(products: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Choose the channels to turn over, the loudest first, each so that it adds to those before it.

    Args:
        products: (channels, channels) sums of the products of the channels' samples.

    Returns:
        (channels,) of 1 and -1; None where the mean keeps the sound, or there is none.
    """
    powers = np.diagonal(products)
    if not powers.sum() > 0 or products.sum() >= LEAST_KEPT * powers.sum():
        return None
    signs = np.zeros(len(powers))
    for channel in np.argsort(-powers, kind="stable"):
        signs[channel] = -1.0 if signs @ products[:, channel] < 0 else 1.0
    return signs.astype(np.float32)


def mix_waveform(waveform: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Mix a whole waveform (channels, samples) to (samples,) by the rule above.

    The products are of double precision, so that many channels lose no digits.
    """
    exact = waveform.astype(np.float64)
    signs = signs_for(exact @ exact.T)
    mixed: NDArray[np.float64] = (exact if signs is None else exact * signs[:, None]).mean(axis=0)
    return mixed
