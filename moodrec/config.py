"""Settings that several packages share, as frozen classes whose fields are documented and which are read from
TOML.

The settings of all components stand in one module so that a recipe, a checkpoint and an index preset validate
the same field by the same class.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from moodrec.errors import ConfigError, NotFoundError
from moodrec.files.toml import read_toml_table

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Config(BaseModel):
    """All settings derive from this class: they are immutable, and an unknown field is an error, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DecodeLimits(Config):
    """Limits on what decoding one audio file may cost."""

    max_duration_s: Annotated[float, Field(gt=0)] = 3600.0
    """Seconds of audio that are read from a file; a longer one is analysed up to here and marked ``partial``."""
    max_channels: Positive = 64
    """Files with more channels are refused."""
    block_frames: Positive = 1 << 16
    """Frames that are decoded at a time; times the number of channels, this bounds the memory of a read."""
    max_memory_mb: Positive = 1024
    """MiB of memory that a decoding process may take for a file, beyond what it needs itself; a file that
    needs more fails.
    """


_LATER_AUDIO_FIELDS: Final = ("mel", "win_length", "loudness_lufs", "quiet_lu")
_LATER_MODEL_FIELDS: Final = ("mood_reads", "metadata")


def without_later(config: Config, fields: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Leave out later fields that are at their defaults: identities of older models, recipes and caches are digests
    of what is written.

    Args:
        config: the settings.
        fields: what is to be written of them.
        names: the later fields.
    """
    # What is written of a tuple is a list, so that values are compared as the settings hold them.
    unchanged = {name for name in names if getattr(config, name) == type(config).model_fields[name].default}
    return {name: value for name, value in fields.items() if name not in unchanged}


class AudioConfig(Config):
    """How a file's samples become the log-mel spectrogram that the network takes as its input."""

    sample_rate: Annotated[int, Field(gt=0, le=768_000)] = 16_000
    """Sample rate in Hz; all audio is resampled to it once."""
    n_fft: Annotated[int, Field(gt=0, le=1 << 15)] = 1024
    """Samples in a window of the short-time Fourier transform."""
    hop_length: Annotated[int, Field(gt=0, le=1 << 20)] = 512
    """Samples between the starts of two frames."""
    n_mels: Annotated[int, Field(gt=0, le=1024)] = 96
    """Number of mel bands (Slaney scale and normalisation)."""
    f_min: Annotated[float, Field(ge=0, le=384_000)] = 20.0
    """Lowest frequency of the mel filters, in Hz."""
    f_max: Annotated[float, Field(gt=0, le=384_000)] = 8_000.0
    """Highest frequency of the mel filters, in Hz."""
    mel: Literal["slaney", "kaldi", "none"] = "slaney"
    """Scale, area and compression of the bands: ``slaney`` as in librosa and MusiCNN, ``kaldi`` as the networks of
    MobileNetV3 that were trained on AudioSet need it (``moodrec/model/kaldi_mel.py``). ``none``: there is no
    spectrogram, the backbone takes the samples; ``n_mels`` and ``hop_length`` are 1 then."""
    win_length: Positive | None = None
    """Samples of the STFT's Hann window, in the middle of ``n_fft``; None: all of them."""
    loudness_lufs: Annotated[float, Field(ge=-60, le=0)] | None = None
    """Loudness that every track is brought to before it is cut into windows, LUFS (ITU-R BS.1770-4, gated, the whole
    track at once); None: the level stays as it is."""
    quiet_lu: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Stretches of two seconds and more that are quieter than the track's loudness by more than this many LU are left
    out before windows are spread over the rest; None: nothing is left out."""

    @model_validator(mode="after")
    def _samples_are_one_band(self) -> Self:
        if self.mel == "none" and (self.n_mels, self.hop_length) != (1, 1):
            raise ValueError(
                'mel = "none" needs n_mels = 1 and hop_length = 1: each sample is a frame of one band'
            )
        return self

    @model_validator(mode="after")
    def _can_be_computed(self) -> Self:
        if self.win_length is not None and self.win_length > self.n_fft:
            raise ValueError("win_length must not exceed n_fft")
        if self.mel != "none" and self.f_min >= self.f_max:
            raise ValueError("f_min must lie below f_max")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(self, written(self), _LATER_AUDIO_FIELDS)


class WindowConfig(Config):
    """Which parts of a track are analysed: equal windows, spread evenly from its start to its end."""

    window_s: Annotated[float, Field(gt=0, le=3600)] = 5.0
    """Length of a window in seconds; a shorter track is repeated until it fills one."""
    max_windows: Annotated[int, Field(gt=0, le=1 << 16)] = 40
    """Greatest number of windows per track; a track of up to ``window_s * max_windows`` seconds is analysed
    without gaps.
    """
    silence_dbfs: Annotated[float, Field(ge=-1000, le=100)] = -70.0
    """A window whose RMS level, in dB relative to full scale, is below this counts as silence and is left
    out.
    """


class ModelConfig(Config):
    """The network's shape: its backbone and the sizes of its layers."""

    backbone: str = "fcn"
    """Name of a file under ``moodrec/model/backbones``, or of a plug-in: docs/plugins.md."""
    channels: Annotated[int, Field(gt=0, le=4096)] = 24
    """Number of filters in the first block; each backbone derives the other widths from it."""
    embedding_dim: Annotated[int, Field(gt=0, le=1 << 16)] = 128
    """Length of the embedding, the layer that all heads read."""
    dropout: Fraction = 0.3
    """Probability of dropping a number of the embedding while training."""
    mood_reads: Literal["embedding", "features"] = "embedding"
    """What the mood head is linear in: the embedding, as all other heads, or the features of the backbone, of which
    the embedding is a projection."""
    metadata: Annotated[tuple[str, ...], Field(max_length=4096)] = ()
    """Names of the numbers that tell the mood head what is known beside the audio, see
    :mod:`moodrec.model.metadata`; none in a model of the audio alone."""

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(self, written(self), _LATER_MODEL_FIELDS)


class RankingConfig(Config):
    """Default settings of the blend of similarity and mood."""

    mood_weight: Fraction = 0.5
    """Weight of the mood term in [0, 1] where a mood target is given."""


IndexKind = Literal["flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw"]

_LISTS: Final = ("ivf", "ivf-sq8", "ivf-pq", "auto")
_KINDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "flat_below": ("auto",),
    "exact_rows": (*_LISTS, "hnsw"),
    "target_recall": _LISTS,
    "nlist": _LISTS,
    "pq_bytes": ("ivf-pq",),
    "training_rows": _LISTS,
    "first_lists": _LISTS,
    "most_lists": _LISTS,
    "links": ("hnsw",),
    "ef_construction": ("hnsw",),
    "ef_search": ("hnsw",),
    "max_growth": _LISTS,
    "seed": _LISTS,
}
"""The kinds that use a field; fields that are not here are for every kind."""


class IndexConfig(Config):
    """An index preset: which FAISS structure finds candidates, and when rows are scanned instead."""

    kind: Literal["auto"] | IndexKind = "auto"
    """Structure of the index. ``flat`` compares the query with every row; ``ivf`` probes the lists nearest to
    the query; ``ivf-sq8`` does so on codes of one byte per number; ``ivf-pq`` on codes of a few bytes per
    row; ``hnsw`` walks a graph; ``auto`` chooses by the number of rows.
    """
    device: Literal["cpu", "cuda"] = "cpu"
    """Where candidates are found; ``cuda`` works with ``flat``, ``ivf``, ``ivf-sq8`` and ``auto``."""
    flat_below: Annotated[int, Field(ge=0, le=1 << 48)] = 5_000
    """``auto``: an index with fewer rows than this is ``flat``, a larger one ``ivf-sq8``."""
    exact_rows: Annotated[int, Field(ge=0, le=1 << 48)] = 10_000
    """Greatest number of rows passing a filter that are scanned exactly, for a batch of queries and wherever
    the compiled kernel is not used.
    """
    target_recall: Fraction = 0.98
    """Share of the true nearest rows that ``ivf`` and ``ivf-sq8`` are calibrated to return under every kind
    of filter.
    """
    nlist: Annotated[int, Field(ge=0, le=1 << 30)] = 0
    """Number of lists of ``ivf``; 0 takes four times the square root of the number of rows, eight times for a
    million rows and more.
    """
    pq_bytes: Annotated[int, Field(gt=0, le=1 << 16)] = 32
    """``ivf-pq``: greatest number of bytes per row in memory; each stands for a piece of the vector, all of
    one length.
    """
    training_rows: Annotated[int, Field(gt=0, le=1 << 20)] = 40
    """Greatest number of rows per list that k-means is trained on."""
    first_lists: Annotated[int, Field(gt=0, le=1 << 30)] = 8
    """Least number of lists that ``ivf`` probes, where it probes any: those of the nearest centroids."""
    most_lists: Fraction = 0.25
    """Greatest share of the lists that ``ivf`` probes; where a search needs more, it scans the rows that pass
    instead.
    """
    links: Annotated[int, Field(ge=2, le=1 << 12)] = 32
    """``hnsw``: number of neighbours that each row is linked to."""
    ef_construction: Annotated[int, Field(gt=0, le=1 << 20)] = 200
    """``hnsw``: candidates kept while a row is being linked."""
    ef_search: Annotated[int, Field(gt=0, le=1 << 20)] = 160
    """``hnsw``: least number of candidates kept while searching."""
    max_removed: Fraction = 0.2
    """When more than this share of the rows have been removed, the index is rebuilt without them."""
    max_growth: Annotated[float, Field(gt=1)] = 3.0
    """``ivf``: lists are trained again when the index holds this many times the rows that they were trained
    on.
    """
    seed: Annotated[int, Field(ge=0, lt=1 << 31)] = 0
    """Seed of k-means and of the choice of rows that the stop rule is calibrated on."""

    @model_validator(mode="after")
    def _fits_the_device(self) -> Self:
        if self.device == "cuda" and self.kind in ("hnsw", "ivf-pq"):
            raise ValueError(f"{self.kind} is searched on a CPU: on a GPU, take flat, ivf, ivf-sq8 or auto")
        return self

    @model_validator(mode="after")
    def _uses_what_is_set(self) -> Self:
        """Refuse a field that the kind does not use, unless it says what is the default anyway."""
        fields = type(self).model_fields
        for name in sorted(unused_fields(self.kind, self.device) & self.model_fields_set):
            if getattr(self, name) != fields[name].default:
                raise ValueError(
                    f"{name} is used by {' and '.join(_KINDS_OF[name])}, not by {self.kind}: leave it out, or take "
                    "another kind"
                )
        return self


def unused_fields(kind: str, device: str = "cpu") -> frozenset[str]:
    """The fields of :class:`IndexConfig` that have no effect on an index.

    Args:
        kind: the kind of the index.
        device: where it is searched; on a GPU, ``flat`` uses ``exact_rows`` too.
    """
    unused = {name for name, kinds in _KINDS_OF.items() if kind not in kinds}
    return frozenset(unused - {"exact_rows"} if device == "cuda" else unused)


_MOST_NAMED: Final = 20
"""Wrong fields that an error names at most."""
_LONGEST_FIELD: Final = 200

AnyConfig = TypeVar("AnyConfig", bound=Config)

Device = Literal["auto", "cpu", "cuda"]


def read_toml(path: Path, kind: type[AnyConfig]) -> AnyConfig:
    """Read and validate a TOML file.

    Args:
        path: the file.
        kind: class of the settings that it holds.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it is not TOML, or a field is wrong; the message names file and field.
    """
    return validate(load_toml(path), kind, path)


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file without validating its fields.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it cannot be read, or is not TOML.
    """
    try:
        return read_toml_table(path)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file") from None


def validate(fields: dict[str, Any], kind: type[AnyConfig], path: Path) -> AnyConfig:
    """Make settings of the fields that a file holds.

    Args:
        fields: what the file holds, as parsed from TOML.
        kind: class of the settings.
        path: the file, for the message.

    Raises:
        ConfigError: a field is wrong or unknown; the message names file and field.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Turn pydantic's report on wrong fields into one line: ``field.path: what is wrong; ...``."""
    errors = error.errors()
    parts = [
        f"{'.'.join(map(str, item['loc']))[:_LONGEST_FIELD] or 'value'}: {item['msg']}"
        for item in errors[:_MOST_NAMED]
    ]
    more = [f"and {len(errors) - _MOST_NAMED} more"] if len(errors) > _MOST_NAMED else []
    return "; ".join([*parts, *more])
