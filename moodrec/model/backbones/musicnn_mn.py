"""MusiCNN beside MobileNetV3: two trained networks take the same samples, and their features stand side by side.

MusiCNN (``musicnn.py``) learnt to tag songs, the MobileNetV3 (``mn.py``) to tag sounds of all kinds, and each tells
moods that the other misses. Each computes its own spectrogram, as it was trained with, so that the backbone takes
samples at 16 kHz: ``[audio] mel = "none"``. MusiCNN takes the three seconds in the middle of an excerpt, the other
network the whole of it: in excerpts of six seconds that nearly halves the cost of the backbone, most of which is
MusiCNN's, and loses next to nothing (docs/results/ear.md). All features are normalised to mean 0 and variance 1,
because their scales differ by the network.

``channels = 128`` gives both their published sizes, those of ``musicnn`` at 128 and of ``mn`` at 64;
``tools/join_trunks.py`` joins the converted weights of the two.

Parameters without heads: 1.5 M at ``channels = 128``, with 712 features.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from moodrec.config import AudioConfig
from moodrec.errors import ConfigError
from moodrec.model.backbones.base import Backbone
from moodrec.model.backbones.mn import MN
from moodrec.model.backbones.musicnn import MusiCNN
from moodrec.model.frontend import build_front_end

MUSICNN_AUDIO: Final = AudioConfig(sample_rate=16_000, n_fft=512, hop_length=256, n_mels=96, f_min=0.0)
"""The spectrogram that MusiCNN was trained with."""
MN_AUDIO: Final = AudioConfig(
    sample_rate=16_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=128,
    f_min=0.0,
    f_max=15_000.0,
    mel="kaldi",
)
"""The spectrogram that the MobileNetV3 was trained with, computed at 16 kHz."""
PIECE: Final = 48_000
"""Samples of the excerpts that MusiCNN was trained on, about."""
_DROPOUT: Final = 0.5


class _FromSamples(nn.Module):
    """A network with the spectrogram that it takes."""

    def __init__(self, audio: AudioConfig, network: Backbone) -> None:
        super().__init__()
        self.spectrogram = build_front_end(audio)
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        """Map (batch, samples) to (batch, features)."""
        features: Tensor = self.network(self.log_mel(samples))
        return features

    def log_mel(self, samples: Tensor) -> Tensor:
        """Compute the spectrogram in single precision."""
        return in_single_precision(self.spectrogram, samples)


def in_single_precision(front_end: nn.Module, samples: Tensor) -> Tensor:
    """Run a front end without autocast: in bfloat16, quiet bands would be lost beside loud ones.

    Args:
        front_end: maps samples to what it computes of them.
        samples: (batch, samples).
    """
    if not torch.is_autocast_enabled(samples.device.type):
        exact: Tensor = front_end(samples)
        return exact
    with torch.autocast(samples.device.type, enabled=False):
        found: Tensor = front_end(samples.float())
    return found


class MusiCNNBesideMN(Backbone):
    """The penultimate features of two networks, normalised; see the module's text."""

    neck_modules = ("norm", "dropout")

    def __init__(self, channels: int, more: int = 0) -> None:
        """Make both networks, untrained.

        Args:
            channels: unit of their widths.
            more: how many features a backbone that is based on this one adds.
        """
        super().__init__()
        musicnn, mn = MusiCNN(MUSICNN_AUDIO.n_mels, channels), MN(channels // 2)
        self.features = musicnn.features + mn.features + more
        self.musicnn = _FromSamples(MUSICNN_AUDIO, musicnn)
        self.mn = _FromSamples(MN_AUDIO, mn)
        self.norm = nn.BatchNorm1d(self.features, affine=False)
        self.dropout = nn.Dropout(_DROPOUT)

    def trunk(self, log_mel: Tensor) -> Tensor:
        """Map samples, (batch, 1, samples) at 16 kHz and 512 at least, to (batch, features)."""
        samples = log_mel.flatten(1)
        start = max(0, samples.shape[1] - PIECE) // 2
        return torch.cat([self.musicnn(samples[:, start : start + PIECE]), self.mn(samples)], 1)

    def neck(self, pooled: Tensor) -> Tensor:
        """Normalise each feature; in training, half of them are dropped."""
        features: Tensor = self.dropout(self.norm(pooled))
        return features


def build(n_mels: int, channels: int) -> MusiCNNBesideMN:
    """Make an untrained backbone of this kind.

    Args:
        n_mels: 1, for it takes samples.
        channels: unit of the widths.

    Raises:
        ConfigError: it is given spectrograms.
    """
    require_samples("musicnn_mn", n_mels)
    return MusiCNNBesideMN(channels)


def require_samples(backbone: str, n_mels: int) -> None:
    """Raise ConfigError where a backbone that takes samples is given spectrograms.

    Args:
        backbone: its name.
        n_mels: number of mel bands that it is to be made for.
    """
    if n_mels != 1:
        raise ConfigError(
            f'backbone {backbone} takes samples: set [audio] mel = "none", n_mels = 1, hop_length = 1'
        )
