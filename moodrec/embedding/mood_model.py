"""``MoodModel`` computes the embedding and the moods of a track."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias, get_args, overload

import numpy as np

from moodrec.arguments import texts, whole
from moodrec.config import AudioConfig, DecodeLimits, Device, WindowConfig
from moodrec.embedding.engine import EngineName
from moodrec.embedding.inference import TrackInference
from moodrec.embedding.source import ModelSource
from moodrec.embedding.track_moods import TrackMoods, TrackMoodsList
from moodrec.embedding.waveforms import is_several, mono_of, paths_of, rates_of
from moodrec.errors import AudioError, SilentAudioError
from moodrec.given import kind_of, path_of, word_of
from moodrec.html import score_table
from moodrec.model.describe import model_folder
from moodrec.typing import Float32Array

Waveform: TypeAlias = Any
"""A waveform of NumPy or PyTorch, which type checkers know under other names each."""


_LOWEST_RATE: Final = 100
"""Hz; a waveform of a lower rate would become one of hours."""


class MoodModel:
    """A trained model with its audio settings: it takes windows, waveforms or files, and gives embeddings and
    moods.

    A track is analysed in equal windows spread evenly from its start to its end (``windows``); silent windows are
    left out, and the embedding is the mean over the others.
    """

    def __init__(self, source: ModelSource, device: Device = "auto", engine: EngineName = "auto") -> None:
        """Make a model of a folder that has been read; :meth:`load` reads it first.

        Args:
            source: the model folder.
            device: as for :meth:`load`.
            engine: as for :meth:`load`.

        Raises:
            UsageError, ConfigError, CorruptStoreError, MissingExtraError: as :meth:`load`.
        """
        self._spec = source.files.spec
        self._inference = TrackInference(source, device, engine)
        self.fingerprint = source.files.fingerprint
        """16 hex digits; embeddings of models that differ in it are never compared."""
        self.context = source.files.context
        """How metadata corrects the scores, which here are those of the audio alone; None where it does not."""

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        device: Device = "auto",
        trusted: Collection[str] = (),
        engine: EngineName = "auto",
    ) -> MoodModel:
        """Load a model folder; without one, the model that comes with the package.

        On the CPU ONNX Runtime runs the model's graph, and PyTorch is not imported.

        Args:
            path: the model folder, or the name of a model in the package: ``moodrec-1`` is the default of earlier
                versions.
            device: where the model runs; ``auto`` takes a CUDA device if there is one and PyTorch is installed.
            trusted: dotted paths (``package.module:Class``) of backbones that may be imported; those that an
                installed package registers need not be listed. A model's graph needs no backbone.
            engine: ``onnxruntime`` or ``torch`` where it has to be this one.

        Raises:
            NotFoundError: there is no model.
            UsageError: there is no CUDA device, or the model has no graph and names a backbone by a dotted path that
                is not trusted.
            ConfigError: it has no graph, and its backbone is a plug-in that is not installed or does not work.
            CorruptStoreError: one of its files is damaged.
            MissingExtraError: PyTorch is needed and not installed.
        """
        word_of(device, "device", get_args(Device))
        word_of(engine, "engine", get_args(EngineName))
        return cls(ModelSource.read(model_folder(path), texts(trusted, "trusted")), device, engine)

    def __repr__(self) -> str:
        """Name the model, in one line."""
        return f"<MoodModel {self.name}: {len(self.moods)} moods, embeddings of {self.embedding_dim}, {self.engine}>"

    def _repr_html_(self) -> str:
        """Show the moods and what they mean, in a notebook."""
        rows = [{"mood": mood, "meaning": what.description} for mood, what in self._spec.moods.items()]
        caption = f"{self.name}, model {self.fingerprint}, embeddings of {self.embedding_dim}"
        return score_table(["mood", "meaning"], rows, (), caption)

    @property
    def name(self) -> str:
        """Give the name of the recipe."""
        return self._spec.name

    @property
    def terms(self) -> str:
        """Give the terms under which the weights may be used; empty where the model does not say."""
        return self._spec.terms

    @property
    def moods(self) -> tuple[str, ...]:
        """Give the names of the published moods, in the order of ``mood_scores``."""
        return tuple(self._spec.moods)

    @property
    def mood_descriptions(self) -> dict[str, str]:
        """Give, for each mood, what it means and what it was learnt from."""
        return {name: mood.description for name, mood in self._spec.moods.items()}

    @property
    def target_names(self) -> tuple[str, ...]:
        """Give the raw training targets (``emotify:calmness``), in the order of ``predict_targets``."""
        return self._spec.targets

    @property
    def embedding_dim(self) -> int:
        """Give the length of an embedding."""
        return self._spec.network.embedding_dim

    @property
    def audio(self) -> AudioConfig:
        """From a file's samples to the spectrogram that the network is given."""
        return self._spec.audio

    @property
    def sample_rate(self) -> int:
        """Give the sample rate of the waveforms that the network takes, in Hz."""
        return self._spec.audio.sample_rate

    @property
    def windows(self) -> WindowConfig:
        """Give the rule by which a track is cut into windows."""
        return self._spec.windows

    @property
    def window_samples(self) -> int:
        """Give the number of samples in a window."""
        return self._spec.window_samples

    @property
    def engine(self) -> str:
        """Name the library that runs the network, and where it runs."""
        return self._inference.engine.description

    def analyze_windows(self, windows: Float32Array) -> TrackMoods:
        """Analyse one track, given as (n, window_samples) float32 in [-1, 1] at ``sample_rate``.

        Raises:
            SilentAudioError: every window is silent.
            UsageError: the shape is wrong.
        """
        return self._inference.moods(self._inference.means_of_windows(windows))

    @overload
    def analyze_waveform(
        self, waveform: Waveform, sample_rate: int, *, axis: int | None = None
    ) -> TrackMoods: ...
    @overload
    def analyze_waveform(
        self, waveform: Sequence[Waveform], sample_rate: int | Sequence[int], *, axis: int | None = None
    ) -> TrackMoodsList: ...
    def analyze_waveform(
        self,
        waveform: Waveform | Sequence[Waveform],
        sample_rate: int | Sequence[int],
        *,
        axis: int | None = None,
    ) -> TrackMoods | TrackMoodsList:
        """Analyse one track, given as a waveform, or several.

        A track goes through the network by itself, so that its numbers are the same to the last bit whatever is
        analysed with it.

        Args:
            waveform: (samples,) or (channels, samples) of NumPy or PyTorch: floating point in [-1, 1], int16, int32
                or uint8, which are scaled. A list of these, or an array (tracks, channels, samples), is several
                tracks.
            sample_rate: its sample rate, in Hz; of several tracks, one for all or one for each.
            axis: along which time runs: 0 for (samples, channels), 1 for (channels, samples).

        Returns:
            The moods of the track, or a sequence of those of each track.

        Raises:
            SilentAudioError: the waveform holds only silence; of several, the message says which.
            AudioError: it is empty, too short, or holds NaN or infinite samples; of several, the message says which.
            UsageError: it holds other numbers, is (samples, channels) without ``axis=0``, or the sample rate is below
                100 Hz.
        """
        if not is_several(waveform):
            mono, rate = mono_of(waveform, axis), whole(sample_rate, "sample_rate (Hz)", _LOWEST_RATE)
            return self.analyze_windows(self._inference.windows_of(mono, rate))
        rates = rates_of(sample_rate, len(waveform))
        labels = [str(place) for place in range(len(waveform))]
        return self._several(
            labels, lambda place: self.analyze_waveform(waveform[place], rates[place], axis=axis), "waveform "
        )

    @overload
    def analyze(  # type: ignore[overload-overlap]  # a str is an iterable too
        self, path: Path | str, limits: DecodeLimits | None = None
    ) -> TrackMoods: ...
    @overload
    def analyze(self, path: Iterable[Path | str], limits: DecodeLimits | None = None) -> TrackMoodsList: ...
    def analyze(
        self, path: Path | str | Iterable[Path | str], limits: DecodeLimits | None = None
    ) -> TrackMoods | TrackMoodsList:
        """Analyse one audio file, or one of MTG-Jamendo's mel spectrograms (``.npy``), or several files.

        Args:
            path: the file, or several, each of which is analysed by itself. For whole folders of music, on all
                cores, with what failed put aside, there is ``moodrec analyze``.
            limits: what decoding a file may cost; by default those of :class:`moodrec.config.DecodeLimits`.

        Returns:
            The moods of the track, or a sequence of those of each file.

        Raises:
            SilentAudioError: the file holds only silence; of several, the message says which.
            AudioError: it cannot be decoded; the message says why, and of several which.
            ConfigError: it is a spectrogram, and was made with other audio settings than the model's.
            MissingExtraError: it is a spectrogram, and PyTorch is not installed.
            UsageError: it is no path.
        """
        if limits is not None:
            kind_of(limits, DecodeLimits, "limits")
        if isinstance(path, str | PathLike):
            return self._inference.moods(self._inference.means_of_file(path_of(path, "path"), limits))
        paths = paths_of(path)
        return self._several(paths, lambda place: self.analyze(paths[place], limits), "")

    def _several(
        self, labels: Sequence[str], analyze: Callable[[int], TrackMoods], what: str
    ) -> TrackMoodsList:
        tracks = []
        for place, label in enumerate(labels):
            try:
                tracks.append(analyze(place))
            except AudioError as error:
                named = AudioError(f"{what}{label}: {error}", error.reason)
                raise (
                    SilentAudioError(str(named)) if isinstance(error, SilentAudioError) else named
                ) from None
        return TrackMoodsList(tuple(tracks), tuple(labels), self.moods)

    def embed(
        self,
        waveform: Waveform | Sequence[Waveform],
        sample_rate: int | Sequence[int],
        *,
        axis: int | None = None,
    ) -> Float32Array:
        """Compute the embedding alone of a waveform: (embedding_dim,), of unit length; of n waveforms, n rows.

        Args:
            waveform: as for :meth:`analyze_waveform`.
            sample_rate: its sample rate, in Hz.
            axis: as for :meth:`analyze_waveform`.

        Raises:
            SilentAudioError, AudioError, UsageError: as :meth:`analyze_waveform`.
        """
        found: Any = self.analyze_waveform(waveform, sample_rate, axis=axis)
        embedding: Float32Array = found.embedding if isinstance(found, TrackMoods) else found.embeddings
        return embedding

    def predict_targets(self, path: Path | str) -> Float32Array:
        """Compute uncalibrated probabilities of the raw training targets for one file: (targets,) in [0, 1].

        Raises:
            SilentAudioError, AudioError, ConfigError: as :meth:`analyze`.
        """
        means = self._inference.means_of_file(path_of(path, "path"), None)
        logits = self._inference.logits(means).astype(np.float64)
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
