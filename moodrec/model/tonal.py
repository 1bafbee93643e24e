"""What the notes of a piece of music are like: intervals, mode and chords, the same in every key, and register.

Networks that were trained to tag music or sounds tell little of this, and listeners take it for mood: major for
pleasant, minor for sad. All of it is computed from the strength of notes (``notes.py``), without training:

- how often two notes sound together, by their interval: sums over pitch classes, of the chroma of each frame and of
  their mean;
- how well the mean chroma fits the best major key and the best minor key, by the profiles of Krumhansl & Kessler
  (Tracing the dynamic changes in perceived tonal organization in a spatial representation of musical keys,
  Psychological Review 89, 1982), and how even chroma are;
- which kinds of chords fit the chroma of half a second best (Fujishima, Realtime chord recognition of musical sound:
  a system using Common Lisp Music, ICMC 1999);
- in which register the notes lie, and how much of the sound is notes at all.

The strength of a note is what it has more than the notes within a tritone of it, so that the sound of drums, which
is in all of them, counts for little.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from moodrec.model.notes import NoteMagnitudes

SAMPLE_RATE: Final = 16_000
_LOWEST: Final = 36
_NOTES: Final = 65
"""Semitones, from C2 (65 Hz) to E7 (2.6 kHz)."""
_LENGTH: Final = 4096
_HOP: Final = 1024
_COMPRESSION: Final = 1000.0
"""``log(1 + 1000 * magnitude)``: of music at -16 LUFS, the quiet notes count, and noise does not."""
_AROUND: Final = 6
"""Semitones to either side that a note is compared with."""
_REGISTER: Final = 6
"""Semitones in a register."""
_CHORD_FRAMES: Final = 8
"""Frames of half a second."""
_SHARPNESS: Final = 20.0
"""How clearly the best kind of chord wins: a softmax with this factor before it."""
_LEAST: Final = 1e-6

_MAJOR: Final = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR: Final = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_CHORDS: Final[Mapping[str, tuple[int, ...]]] = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "dominant seventh": (0, 4, 7, 10),
    "major seventh": (0, 4, 7, 11),
    "minor seventh": (0, 3, 7, 10),
    "suspended": (0, 5, 7),
    "fifth": (0, 7),
    "one note": (0,),
}
"""Semitones above the root."""
_INTERVALS: Final = 6
_REGISTERS: Final = -(-_NOTES // _REGISTER)
FEATURES: Final = 2 * _INTERVALS + 6 + 2 * len(_CHORDS) + 1 + _REGISTERS + 2


class Tonal(nn.Module):
    """Computes features of the notes of an excerpt; see the module's text. It has no parameters.

    A silent excerpt has finite features too.
    """

    fold: Tensor
    around: Tensor
    intervals: Tensor
    keys: Tensor
    chords: Tensor
    registers: Tensor
    pitches: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.notes = NoteMagnitudes(_LOWEST, _NOTES, SAMPLE_RATE, _LENGTH, _HOP)
        places = np.arange(_NOTES)
        self._constant("fold", (_LOWEST + places) % 12 == np.arange(12)[:, None])
        near = np.abs(places - places[:, None]) <= _AROUND
        self._constant("around", near / near.sum(1, keepdims=True))
        self._constant("intervals", np.stack([np.roll(np.eye(12), k, 1) for k in range(1, _INTERVALS + 1)]))
        self._constant("keys", np.stack([_rotations(_MAJOR), _rotations(_MINOR)]))
        played = [[float(note in chord) for note in range(12)] for chord in _CHORDS.values()]
        self._constant("chords", np.stack([_rotations(chord) for chord in played]))
        self._constant("registers", places // _REGISTER == np.arange(_REGISTERS)[:, None])
        self._constant("pitches", (places[None] - _NOTES / 2) / 12)

    def forward(self, samples: Tensor) -> Tensor:
        """Map (batch, samples) at 16 kHz, any number of them, to (batch, FEATURES)."""
        levels = torch.log1p(_COMPRESSION * self.notes(samples))
        salient = F.relu(levels - self.around @ levels)
        chroma = self.fold @ salient
        length = chroma.square().sum(1, keepdim=True).sqrt()
        # Frames count by how much sounds in them.
        weights = length / (length.sum(2, keepdim=True) + _LEAST)
        chroma = chroma / (length + _LEAST)
        mean = (chroma * weights).sum(2)
        parts = [
            self._together(chroma, weights),
            self._key(mean),
            self._evenness(chroma, weights, mean),
            self._harmony(chroma, weights),
            self._register(salient, levels),
        ]
        return torch.cat(parts, 1)

    def _together(self, chroma: Tensor, weights: Tensor) -> Tensor:
        """(batch, intervals): the product of two notes of each interval, summed in a frame and averaged."""
        shifted = torch.matmul(self.intervals[None], chroma[:, None])
        return ((shifted * chroma[:, None]).sum(2) * weights).sum(2)

    def _key(self, mean: Tensor) -> Tensor:
        """(batch, intervals + 4): correlations of the mean chroma with itself, and with the best keys."""
        profile = _centred(mean, 1)
        itself = (torch.matmul(self.intervals, profile[:, None, :, None])[..., 0] * profile[:, None]).sum(2)
        fits = torch.matmul(self.keys, profile[:, None, :, None])[..., 0].amax(2)
        major, minor = fits[:, :1], fits[:, 1:]
        return torch.cat([itself, major, minor, major - minor, fits.amax(1, keepdim=True)], 1)

    def _evenness(self, chroma: Tensor, weights: Tensor, mean: Tensor) -> Tensor:
        """(batch, 2): the entropy of the mean chroma, and the mean entropy of chroma."""
        return torch.cat([_entropy(mean[..., None])[:, 0], (_entropy(chroma) * weights).sum(2)], 1)

    def _harmony(self, chroma: Tensor, weights: Tensor) -> Tensor:
        """(batch, 2 * chords + 1): how well each kind of chord fits, how often best, and how well the best fits."""
        smooth = F.avg_pool1d(
            F.pad(chroma, (_CHORD_FRAMES // 2, _CHORD_FRAMES // 2 - 1), mode="replicate"), _CHORD_FRAMES, 1
        )
        fits = torch.matmul(self.chords, _centred(smooth, 1)[:, None]).amax(2)
        best = torch.softmax(_SHARPNESS * fits, 1)
        known = torch.cat([fits, best, fits.amax(1, keepdim=True)], 1)
        return (known * weights).sum(2)

    def _register(self, salient: Tensor, levels: Tensor) -> Tensor:
        """(batch, registers + 2): where the notes lie, their mean in octaves from the middle, and their share."""
        notes = salient.mean(2, keepdim=True)
        total = notes.sum(1) + _LEAST
        shares = torch.cat([self.registers, self.pitches]) @ notes / total[..., None]
        return torch.cat([shares[..., 0], total / (levels.mean(2).sum(1, keepdim=True) + _LEAST)], 1)

    def _constant(self, name: str, values: NDArray[np.float64] | NDArray[np.bool_]) -> None:
        self.register_buffer(name, torch.from_numpy(values.astype(np.float32)), persistent=False)


def _rotations(profile: tuple[float, ...] | list[float]) -> NDArray[np.float64]:
    """(12, 12): a profile over pitch classes on each root, with mean 0 and length 1."""
    centred = np.asarray(profile) - np.mean(profile)
    return np.stack([np.roll(centred / np.linalg.norm(centred), root) for root in range(12)])


def _centred(profile: Tensor, axis: int) -> Tensor:
    """Give profiles mean 0 and length 1."""
    centred = profile - profile.mean(axis, keepdim=True)
    return centred / (centred.square().sum(axis, keepdim=True).sqrt() + _LEAST)


def _entropy(chroma: Tensor) -> Tensor:
    """(batch, 12, frames) to (batch, 1, frames): the entropy of pitch classes, in nats."""
    shares = chroma / (chroma.sum(1, keepdim=True) + _LEAST)
    return -(shares * torch.log(shares + _LEAST)).sum(1, keepdim=True)
