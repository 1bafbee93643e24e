"""The frontend computes a log-mel spectrogram from a waveform, in the kind of bands that a model was trained with."""

from __future__ import annotations

import math

import torch
import torchaudio
from torch import Tensor, nn

from moodrec.config import AudioConfig
from moodrec.model.kaldi_mel import KaldiLogMel
from moodrec.model.stft import power_spectrum
from moodrec.model.stored_mel import COMPRESSION


def build_front_end(config: AudioConfig) -> nn.Module:
    """The module that turns waveforms, (..., samples) in [-1, 1], into log-mel spectrograms by ``config``.

    What it returns is (..., n_mels, 1 + samples // hop_length) float32. Without a spectrogram (``mel = "none"``), it
    returns the samples, (..., 1, samples). It has no parameters, and nothing of it is stored with a network.
    """
    if config.mel == "none":
        return nn.Unflatten(-1, (1, -1))
    return KaldiLogMel(config) if config.mel == "kaldi" else LogMel(config)


def compress(mel: Tensor) -> Tensor:
    """Compute ``log10(1 + 10000 * mel)`` of mel power; the shape stays."""
    return torch.log1p(COMPRESSION * mel) / math.log(10)


class LogMel(nn.Module):
    """Computes ``log10(1 + 10000 * mel)`` of a power spectrogram, the compression of MusiCNN (Pons & Serra 2019).

    Silence maps to 0, and levels far below full scale stay distinguishable without a floor in decibels. It uses the
    Slaney mel scale and area normalisation, Hann windows, and centred frames with reflection at the ends.
    """

    bank: Tensor
    window: Tensor

    def __init__(self, config: AudioConfig) -> None:
        super().__init__()
        self.n_fft, self.hop_length = config.n_fft, config.hop_length
        self.register_buffer("window", torch.hann_window(config.win_length or config.n_fft), persistent=False)
        bank = torchaudio.functional.melscale_fbanks(
            n_freqs=config.n_fft // 2 + 1,
            f_min=config.f_min,
            f_max=min(config.f_max, config.sample_rate / 2),
            n_mels=config.n_mels,
            sample_rate=config.sample_rate,
            norm="slaney",
            mel_scale="slaney",
        )
        self.register_buffer("bank", bank.T.contiguous(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Map (..., samples) float32 in [-1, 1] to (..., n_mels, 1 + samples // hop_length) float32."""
        power = power_spectrum(waveform, self.window, self.n_fft, self.hop_length)
        return compress(self.bank @ power)
