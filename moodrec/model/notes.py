"""The magnitudes of notes over time: a Fourier transform at the frequencies of the tempered scale, by one strided
convolution, which is the same in an ONNX graph.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONCERT_A: Final = 69
"""The MIDI number of the note of 440 Hz."""
_TINY: Final = 1e-12
"""Keeps the gradient of silence finite."""


class NoteMagnitudes(nn.Module):
    """Measures how strong each note is: a sine of amplitude 1 has half of that at its own note.

    It has no parameters, and nothing of it is stored with a network.
    """

    kernels: Tensor

    def __init__(self, lowest: int, notes: int, sample_rate: int, length: int, hop_length: int) -> None:
        """Make the kernels of all notes.

        Args:
            lowest: MIDI number of the lowest note.
            notes: number of semitones.
            sample_rate: Hz.
            length: samples in a frame, an even number, under a Hann window; notes that are less than
                ``4 * sample_rate / length`` Hz apart are not told apart wholly.
            hop_length: samples from one frame to the next.
        """
        super().__init__()
        self.length, self.hop_length = length, hop_length
        hertz = 440.0 * 2.0 ** ((np.arange(lowest, lowest + notes) - CONCERT_A) / 12)
        times = np.arange(length) - (length - 1) / 2
        window = np.cos(np.pi * times / length) ** 2
        angles = 2 * np.pi * hertz[:, None] / sample_rate * times
        kernels = np.concatenate([np.cos(angles), np.sin(angles)]) * window / window.sum()
        self.register_buffer(
            "kernels", torch.from_numpy(kernels.astype(np.float32))[:, None], persistent=False
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Map (batch, samples) to (batch, notes, frames), 1 + samples // hop_length frames, with silence around."""
        half = self.length // 2
        parts = F.conv1d(F.pad(samples[:, None], (half, half)), self.kernels, stride=self.hop_length)
        real, imaginary = parts.chunk(2, 1)
        return (real.square() + imaginary.square() + _TINY).sqrt()
