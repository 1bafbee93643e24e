"""Frozen settings shared by the floors above, each field documented, each file read from TOML.

Component settings stay beside each other here so that a recipe, a checkpoint and a preset validate
with the same classes.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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


class WindowConfig(Config):
    """Which parts of a track are heard: equal windows, spread evenly from its start to its end."""

    window_s: Annotated[float, Field(gt=0)] = 10.0
    """Length of a window in seconds; a shorter track is repeated until it fills one."""
    max_windows: Positive = 24
    """At most this many windows a track; up to ``window_s * max_windows`` seconds every sample is heard."""
    silence_dbfs: float = -70.0
    """A window whose RMS is below this level (dB relative to full scale) counts as silence and is left out."""


class ModelConfig(Config):
    """The network's shape."""

    backbone: str = "short_chunk_resnet"
    """Name of a file under ``moodrec/model/backbones``."""
    channels: Positive = 32
    """Filters of the first block; each backbone derives the others from it."""
    embedding_dim: Positive = 128
    """Length of the embedding, the layer that all heads share."""
    dropout: Fraction = 0.3
    """Dropout on the embedding while training."""


class RankingConfig(Config):
    """Defaults of the mood blend."""

    mood_weight: Fraction = 0.5
    """Weight of the mood term when a mood target is given."""


AnyConfig = TypeVar("AnyConfig", bound=Config)

Device = Literal["auto", "cpu", "cuda"]


def read_toml(path: Path, kind: type[AnyConfig]) -> AnyConfig:
    """Read and validate a TOML file.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it is not TOML, or a field is wrong; the message names file and field.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise NotFoundError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Turn pydantic's report into one line: ``field.path: what is wrong; ...``."""
    parts = [f"{'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}" for item in error.errors()]
    return "; ".join(parts)
