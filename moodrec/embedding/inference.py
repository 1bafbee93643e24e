"""One track goes from its samples to its moods: windows, the engine, the means over the windows, scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from moodrec.audio.decode import decode
from moodrec.audio.level import level_track
from moodrec.audio.windows import cut_windows
from moodrec.config import DecodeLimits, Device
from moodrec.embedding.engine import EngineName, SpectrogramEngine, WindowMeans
from moodrec.embedding.source import ModelSource
from moodrec.embedding.track_moods import TrackMoods
from moodrec.errors import AudioError, CorruptStoreError, SilentAudioError, UsageError
from moodrec.model import scales
from moodrec.model.odds import with_odds
from moodrec.model.spec import MOOD_TASK
from moodrec.model.stored_mel import check_settings, is_stored_mel, log_mel_windows, read_stored_mel
from moodrec.typing import Float32Array, FloatArray


class TrackInference:
    """Infers one track at a time with the engine of a model."""

    def __init__(self, source: ModelSource, device: Device, engine: EngineName) -> None:
        """Make the engine of a model.

        Args:
            source: the model folder.
            device: where the model runs.
            engine: the library that runs it.

        Raises:
            UsageError, ConfigError, CorruptStoreError, MissingExtraError: as :meth:`ModelSource.engine`.
        """
        self._source, self._spec, self._device = source, source.files.spec, device
        self.engine = source.engine(device, engine)
        """What runs the network."""
        self._spectrogram_engine: SpectrogramEngine | None = None

    def means_of_file(self, path: Path, limits: DecodeLimits | None) -> WindowMeans:
        """Infer an audio file, or a stored mel spectrogram.

        Args:
            path: the file.
            limits: what decoding it may cost; None takes the defaults.

        Raises:
            SilentAudioError, AudioError, ConfigError, MissingExtraError: as for
                :meth:`~moodrec.embedding.mood_model.MoodModel.analyze`.
        """
        if is_stored_mel(path):
            return self._means_of_spectrogram(path)
        waveform = decode(path, self._spec.audio.sample_rate, limits or DecodeLimits())
        return self.means_of_windows(self._cut(waveform.samples))

    def means_of_windows(self, windows: Float32Array) -> WindowMeans:
        """Infer those of a track's windows that are not silent.

        Args:
            windows: (n, window_samples) in [-1, 1].

        Raises:
            SilentAudioError: every window is silent.
            UsageError: the shape is wrong.
        """
        if not isinstance(windows, np.ndarray) or windows.dtype.kind != "f":
            raise UsageError("windows are a NumPy array of floating point in [-1, 1]")
        if windows.ndim != 2 or windows.shape[1] != self._spec.window_samples:
            raise UsageError(f"windows must be (n, {self._spec.window_samples}) samples, not {windows.shape}")
        audible = windows[_loudness(windows) > self._spec.windows.silence_dbfs]
        if not len(audible):
            raise SilentAudioError
        return self.engine.embed_windows(audible)

    def windows_of(self, mono: FloatArray, rate: int) -> Float32Array:
        """Cut the (n, window_samples) windows of a waveform.

        Args:
            mono: (samples,) floating point in [-1, 1].
            rate: its sample rate, in Hz.

        Raises:
            AudioError: it is shorter than one sample of the model (reason ``empty``).
        """
        samples = soxr.resample(mono.astype(np.float32), rate, self._spec.audio.sample_rate)
        if not len(samples):
            lasts = f"{len(mono) / rate:.2g} s"
            raise AudioError(
                f"a waveform of {len(mono)} samples lasts {lasts}, which is too short", reason="empty"
            )
        return self._cut(np.asarray(samples, np.float32))

    def logits(self, means: WindowMeans) -> Float32Array:
        """Compute the (targets,) logits of a track."""
        head = self._spec.heads.get(MOOD_TASK)
        return means.logits if head is None else with_odds(head, means.logits)

    def moods(self, means: WindowMeans) -> TrackMoods:
        """Compute the embedding and the moods of a track.

        Raises:
            CorruptStoreError: the network computes no finite numbers, or an embedding of zeros.
        """
        logits = scales.published_logits(self._spec, self.logits(means))
        probabilities = scales.probabilities(self._spec, logits)
        if not (np.isfinite(means.embedding).all() and np.isfinite(probabilities).all()):
            raise CorruptStoreError(
                f"the model {self._spec.name} computes numbers that are not finite: its weights are wrong"
            )
        if not means.embedding.any():
            raise CorruptStoreError(
                f"the model {self._spec.name} computes an embedding of zeros: its weights or settings are wrong"
            )
        scores = scales.mood_scores(self._spec, probabilities)
        return TrackMoods(_unit_length(means.embedding), scores, probabilities, tuple(self._spec.moods))

    def _cut(self, samples: Float32Array) -> Float32Array:
        audio = self._spec.audio
        audible = level_track(samples, audio.sample_rate, audio.loudness_lufs, audio.quiet_lu)
        return cut_windows(audible, self._spec.window_samples, self._spec.windows.max_windows)

    def _means_of_spectrogram(self, path: Path) -> WindowMeans:
        check_settings(self._spec.audio)
        windows = log_mel_windows(read_stored_mel(path), self._spec.audio, self._spec.windows)
        return self._for_spectrograms().embed_log_mels(windows)

    def _for_spectrograms(self) -> SpectrogramEngine:
        """Give the engine that takes spectrograms, which is made when the first one comes: graphs take samples."""
        if isinstance(self.engine, SpectrogramEngine):
            return self.engine
        if self._spectrogram_engine is None:
            self._spectrogram_engine = self._source.torch_engine(self._device, "analysing spectrograms")
        return self._spectrogram_engine


def _loudness(windows: Float32Array) -> NDArray[np.float64]:
    """Compute the RMS level of each window in dB relative to full scale; minus infinity for digital silence."""
    power = np.mean(np.square(windows, dtype=np.float64), axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(power), np.float64)


def _unit_length(embedding: Float32Array) -> Float32Array:
    """Divide an embedding by its Euclidean norm, computed in float64."""
    wide = embedding.astype(np.float64)
    return np.asarray(wide / np.linalg.norm(wide), np.float32)
