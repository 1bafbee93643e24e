"""MusiCNN and MobileNetV3 side by side (``musicnn_mn.py``), and beside them features of the notes (``tonal.py``).

Both networks were trained to tag, and tags say little of mode and harmony, by which listeners tell pleasant from
unpleasant music. docs/results/ear.md says what the features of the notes bring; they take 130 kernels of 4,096
samples, every 1,024 samples.

Parameters without heads: 1.5 M at ``channels = 128``, with 764 features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from moodrec.model.backbones.musicnn_mn import MusiCNNBesideMN, in_single_precision, require_samples
from moodrec.model.tonal import FEATURES, Tonal


class MusiCNNBesideMNAndTonal(MusiCNNBesideMN):
    """The penultimate features of two networks and those of the notes, normalised; see the module's text."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, more=FEATURES)
        self.tonal = Tonal()

    def trunk(self, log_mel: Tensor) -> Tensor:
        """Map samples, (batch, 1, samples) at 16 kHz and 512 at least, to (batch, features)."""
        return torch.cat([super().trunk(log_mel), in_single_precision(self.tonal, log_mel.flatten(1))], 1)


def build(n_mels: int, channels: int) -> MusiCNNBesideMNAndTonal:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: 1, for it takes samples.
        channels: unit of the widths.

    Raises:
        ConfigError: it is given spectrograms.
    """
    require_samples("musicnn_mn_tonal", n_mels)
    return MusiCNNBesideMNAndTonal(channels)
