"""SpecAugment masks parts of the spectrograms of a training batch."""

from __future__ import annotations

import torchaudio
from torch import Tensor, nn

from moodrec.training.recipe import AugmentConfig


class SpecAugment(nn.Module):
    """Masks bands and stretches of every excerpt with the batch's mean (Park et al. 2019, arXiv 1904.08779).

    Time warping is left out: the paper finds it the weakest of the three.
    """

    def __init__(self, config: AugmentConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, log_mel: Tensor) -> Tensor:
        """Mask a batch (batch, n_mels, frames), drawing from torch's global generator; the shape stays."""
        fill = float(log_mel.mean())
        masked = log_mel.unsqueeze(1)
        for _ in range(self.config.frequency_masks):
            masked = _mask(masked, self.config.frequency_width, fill, axis=2)
        for _ in range(self.config.time_masks):
            masked = _mask(masked, self.config.time_width, fill, axis=3)
        return masked.squeeze(1)


def _mask(log_mel: Tensor, width: int, fill: float, axis: int) -> Tensor:
    masked: Tensor = torchaudio.functional.mask_along_axis_iid(log_mel, width, fill, axis)
    return masked
