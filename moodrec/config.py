"""Frozen settings shared by the floors above, each field documented, each file read from TOML.

Component settings stay beside each other here so that a recipe, a checkpoint and a preset validate
with the same classes.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

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

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Config(BaseModel):
    """Base: immutable, and an unknown field is an error rather than a typo that goes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DecodeLimits(Config):
    """What one audio file may cost."""

    max_duration_s: Annotated[float, Field(gt=0)] = 3600.0
    """Seconds of audio read from a file; a longer one is analysed up to here and marked ``partial``."""
    max_channels: Positive = 64
    """Files with more channels are refused."""
    block_frames: Positive = 1 << 16
    """Frames decoded at a time; with the channel count this bounds the memory of a read."""
    max_memory_mb: Positive = 1024
    """MiB that a decoding process may take for a file, on top of its own; a file that wants more fails."""


_LATER_AUDIO_FIELDS = ("mel", "win_length", "loudness_lufs", "quiet_lu")


class AudioConfig(Config):
    """From a file's samples to the log-mel spectrogram that the network hears."""

    sample_rate: Positive = 16_000
    """Hz; everything is resampled to this once."""
    n_fft: Positive = 1024
    """Samples in an STFT window."""
    hop_length: Positive = 512
    """Samples between frames."""
    n_mels: Positive = 96
    """Mel bands (Slaney scale and normalisation)."""
    f_min: Annotated[float, Field(ge=0)] = 20.0
    """Lowest frequency of the mel bank, Hz."""
    f_max: Annotated[float, Field(gt=0)] = 8_000.0
    """Highest frequency of the mel bank, Hz."""
    mel: Literal["slaney", "kaldi"] = "slaney"
    """Scale, area and compression of the bands: ``slaney`` as in librosa and MusiCNN, ``kaldi`` as the networks of
    MobileNetV3 that were trained on AudioSet need it (``moodrec/model/kaldi_mel.py``)."""
    win_length: Positive | None = None
    """Samples of the STFT's Hann window, in the middle of ``n_fft``; None: all of them."""
    loudness_lufs: Annotated[float, Field(ge=-60, le=0)] | None = None
    """Loudness that every track is brought to before it is cut into windows, LUFS (ITU-R BS.1770-4, gated, the whole
    track at once); None: the level stays as it is."""
    quiet_lu: Annotated[float, Field(gt=0)] | None = None
    """Stretches of two seconds and more that are quieter than the track's loudness by more than this many LU are left
    out before windows are spread over the rest; None: nothing is left out."""

    @model_serializer(mode="wrap")
    def _as_before(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later fields that are at their defaults: identities of older models, recipes and caches are
        digests of what is written."""
        fields: dict[str, Any] = written(self)
        later = {name: type(self).model_fields[name].default for name in _LATER_AUDIO_FIELDS}
        return {name: value for name, value in fields.items() if name not in later or value != later[name]}


class WindowConfig(Config):
    """Which parts of a track are heard: equal windows, spread evenly from its start to its end."""

    window_s: Annotated[float, Field(gt=0)] = 5.0
    """Length of a window in seconds; a shorter track is repeated until it fills one."""
    max_windows: Positive = 40
    """At most this many windows a track; up to ``window_s * max_windows`` seconds every sample is heard."""
    silence_dbfs: float = -70.0
    """A window whose RMS is below this level (dB relative to full scale) counts as silence and is left out."""


class ModelConfig(Config):
    """The network's shape."""

    backbone: str = "fcn"
    """Name of a file under ``moodrec/model/backbones``."""
    channels: Positive = 24
    """Filters of the first block; each backbone derives the others from it."""
    embedding_dim: Positive = 128
    """Length of the embedding, the layer that all heads share."""
    dropout: Fraction = 0.3
    """Dropout on the embedding while training."""


class RankingConfig(Config):
    """Defaults of the mood blend."""

    mood_weight: Fraction = 0.5
    """Weight of the mood term when a mood target is given."""


IndexKind = Literal["flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw"]


class IndexConfig(Config):
    """An index preset: which FAISS structure finds candidates, and when rows are simply scanned instead."""

    kind: Literal["auto"] | IndexKind = "auto"
    """``flat`` compares every row; ``ivf`` looks in the lists nearest to the query; ``ivf-sq8`` does so on rows
    of one byte a number; ``ivf-pq`` on rows of a few bytes each; ``hnsw`` walks a graph; ``auto`` picks by the
    number of rows."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where candidates are found; ``cuda`` goes with ``flat``, ``ivf``, ``ivf-sq8`` and ``auto``."""
    flat_below: Annotated[int, Field(ge=0)] = 5_000
    """``auto``: fewer rows than this are ``flat``, more are ``ivf-sq8``."""
    exact_rows: Annotated[int, Field(ge=0)] = 10_000
    """When a filter passes at most this many rows, they are scanned: for a batch of queries, and wherever the
    kernel does not search."""
    target_recall: Fraction = 0.98
    """Share of the true nearest rows that ``ivf`` and ``ivf-sq8`` aim to return in every kind of filter."""
    nlist: Annotated[int, Field(ge=0)] = 0
    """Lists of ``ivf``; 0: four times the square root of the number of rows, eight times of a million and more."""
    pq_bytes: Positive = 32
    """``ivf-pq``: bytes a row in memory, at most; each stands for a piece of the vector, all of one length."""
    training_rows: Positive = 40
    """Rows a list that k-means learns the lists from, at most."""
    first_lists: Positive = 8
    """Lists that ``ivf`` looks in at least, where it looks in lists: those of the nearest centroids."""
    most_lists: Fraction = 0.25
    """Share of the lists that ``ivf`` looks in at most; where it takes more, the rows that pass are scanned."""
    links: Annotated[int, Field(ge=2)] = 32
    """``hnsw``: neighbours a row."""
    ef_construction: Positive = 200
    """``hnsw``: candidates kept while a row is linked."""
    ef_search: Positive = 160
    """``hnsw``: candidates kept while searching, at least."""
    max_removed: Fraction = 0.2
    """When more than this share of the rows are removed ones, the index is built anew without them."""
    max_growth: Annotated[float, Field(gt=1)] = 3.0
    """``ivf``: lists are learnt anew when the index holds this many times the rows they were learnt from."""
    seed: int = 0
    """Of k-means and of the rows that the stop rule is calibrated on."""

    @model_validator(mode="after")
    def _fits_the_device(self) -> Self:
        if self.device == "cuda" and self.kind in ("hnsw", "ivf-pq"):
            raise ValueError(f"{self.kind} is searched on a CPU: on a GPU, take flat, ivf, ivf-sq8 or auto")
        return self


AnyConfig = TypeVar("AnyConfig", bound=Config)

Device = Literal["auto", "cpu", "cuda"]


def read_toml(path: Path, kind: type[AnyConfig]) -> AnyConfig:
    """Read and validate a TOML file.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it is not TOML, or a field is wrong; the message names file and field.
    """
    return validate(load_toml(path), kind, path)


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file without judging its fields. Raises as :func:`read_toml`."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error


def validate(fields: dict[str, Any], kind: type[AnyConfig], path: Path) -> AnyConfig:
    """Make a config of what a file says; a wrong field is a ConfigError that names file and field."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Turn pydantic's report into one line: ``field.path: what is wrong; ...``."""
    parts = [f"{'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}" for item in error.errors()]
    return "; ".join(parts)
