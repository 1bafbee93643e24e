"""Waveforms as other libraries hold them become mono samples in floating point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.arguments import brief, every_of, is_whole, plain
from moodrec.audio.downmix import mix_waveform
from moodrec.errors import AudioError, UsageError
from moodrec.given import path_of
from moodrec.typing import FloatArray

_FULL_SCALE: Final = {"uint8": 128.0, "int16": 32768.0, "int32": 2147483648.0}
"""What the integers of a waveform are divided by; those of one byte have their zero at 128, as in WAV files."""
_LOUDEST: Final = 100.0
"""A sample in floating point that reaches this was not meant to lie in [-1, 1]."""


def is_several(given: object) -> bool:
    """Whether several waveforms were given: a list of arrays, or one array (tracks, channels, samples)."""
    if isinstance(given, list | tuple):
        return not given or all(hasattr(one, "ndim") and one.ndim for one in given)
    return getattr(given, "ndim", 0) == 3


def mono_of(waveform: Any, axis: int | None) -> FloatArray:
    """Read one waveform and mix its channels.

    Args:
        waveform: (samples,), (channels, samples), or as ``axis`` says; floating point in [-1, 1], int16, int32 or
            uint8; of NumPy, or a tensor of PyTorch on any device.
        axis: along which time runs, of two: 1 or -1 for (channels, samples), 0 for (samples, channels); None takes
            (channels, samples) and refuses what has more channels than samples.

    Returns:
        (samples,) floating point.

    Raises:
        AudioError: it is empty, or holds NaN or infinite samples.
        UsageError: it is no waveform, or holds numbers of another kind; the message says what to give.
    """
    array = _array_of(waveform)
    if array.ndim not in (1, 2) or not array.size:
        raise AudioError(f"a waveform is (samples,) or (channels, samples), not {array.shape}", "empty")
    samples = _scaled(array)
    samples = _time_last(samples, axis)
    mono = mix_waveform(samples) if samples.ndim == 2 else samples
    if not np.isfinite(mono).all():
        raise AudioError("the waveform holds NaN or infinite samples", "bad_samples")
    if array.dtype.kind == "f" and float(np.abs(mono).max()) >= _LOUDEST:
        raise UsageError(
            f"the waveform reaches {float(np.abs(mono).max()):,.0f}; floating point lies in [-1, 1]: divide samples "
            "of 16 bits by 32768, or give them as int16"
        )
    return mono


def _array_of(waveform: Any) -> NDArray[Any]:
    if hasattr(waveform, "detach"):  # a tensor, which may lie on a GPU and want a gradient
        tensor = waveform.detach().cpu()
        return np.asarray(tensor.float().numpy() if "bfloat16" in str(tensor.dtype) else tensor.numpy())
    if not isinstance(waveform, np.ndarray):
        raise UsageError(f"a waveform is a NumPy array or a tensor of PyTorch, not {_kind(waveform)}")
    return waveform


def _kind(waveform: object) -> str:
    if isinstance(waveform, list | tuple):
        return f"a {type(waveform).__name__}: use numpy.asarray(samples, 'float32'), or give a list of arrays"
    if isinstance(waveform, str):
        return f"text ({brief(waveform)}): analyze() takes paths of files"
    return type(waveform).__name__


def _scaled(array: NDArray[Any]) -> FloatArray:
    """Return samples as floating point; integers by their full scale."""
    if array.dtype.kind == "f":
        return array
    scale = _FULL_SCALE.get(array.dtype.name)
    if scale is None:
        raise UsageError(
            f"a waveform is floating point in [-1, 1], int16, int32 or uint8, not {array.dtype}: convert it first, "
            "such as samples.astype('float32') / full_scale"
        )
    wide = array.astype(np.float64) - (scale if array.dtype.kind == "u" else 0.0)
    return np.asarray(wide / scale, np.float32 if array.dtype.name != "int32" else np.float64)


def _time_last(samples: FloatArray, axis: int | None) -> FloatArray:
    if axis is not None and (not is_whole(axis) or axis not in (0, 1, -1)):
        raise UsageError(
            f"axis is {brief(axis)}; it must be 0 for (samples, channels) or 1 for (channels, samples)"
        )
    if samples.ndim == 1:
        return samples
    if axis is None and samples.shape[0] > samples.shape[1]:
        raise UsageError(
            f"a waveform is (channels, samples); {samples.shape} seems to be transposed: axis=0 says that time runs "
            "along the first axis"
        )
    return np.ascontiguousarray(samples.T) if axis == 0 else samples


def rates_of(sample_rate: Any, n: int) -> Sequence[Any]:
    """Return the sample rate of each of n waveforms.

    Args:
        sample_rate: one for all, or a sequence with one for each.
        n: the number of waveforms.

    Raises:
        UsageError: there are more or fewer rates than waveforms.
    """
    if not isinstance(sample_rate, list | tuple | np.ndarray) or getattr(sample_rate, "ndim", 1) == 0:
        return [sample_rate] * n
    if len(sample_rate) != n:
        raise UsageError(f"sample_rate (Hz) holds {len(sample_rate)} numbers for {n} waveforms")
    return list(sample_rate)


def paths_of(given: Any) -> list[str]:
    """Return the paths of several files as text.

    Args:
        given: paths in a list, a series, an array or any other collection.

    Raises:
        UsageError: it is no collection, or holds something else than paths.
    """
    if hasattr(given, "detach") or getattr(getattr(given, "dtype", None), "kind", "") in ("f", "i", "u"):
        raise UsageError(
            "analyze takes paths of files; analyze_waveform(samples, sample_rate) takes waveforms"
        )
    values = plain(given)
    if isinstance(values, bytes | Mapping) or not isinstance(values, Iterable):
        raise UsageError(f"analyze takes the path of a file, or several, not {brief(given)}")
    every = every_of(values, "path")
    if wrong := [one for one in every if not isinstance(one, str | PathLike)]:
        raise UsageError(f"analyze takes paths of files as text or Path, not {brief(wrong[0])}")
    return [str(path_of(one, "path")) for one in every]
