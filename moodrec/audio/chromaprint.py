"""Chromaprint fingerprints, as taggers store them: they tell whether two files hold the same recording.

A fingerprint is a number of 32 bits for every eighth of a second. The numbers of copies differ in few bits, whatever
the encoder; those of other recordings differ in half of them. Files hold the numbers in Chromaprint's compressed form
(https://github.com/acoustid/chromaprint, src/fingerprint_decompressor.cpp, says how it is built).
"""

from __future__ import annotations

import base64
import binascii
import importlib
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint32]

_SECONDS: Final = 40
"""Fingerprints are computed of so many seconds, which hold the frames that are kept."""
_KEPT: Final = 120
"""The number of frames that are kept, about 15 seconds."""
_SKIPPED: Final = 80
"""The first frames, about 10 seconds, are left out where the fingerprint is long enough: intros are often silent."""
_LEAST: Final = 40
"""Fewer frames than this say nothing."""
_NORMAL_BITS: Final = 3
_EXCEPTION_BITS: Final = 5
_HEADER: Final = 4
_MOST_FRAMES: Final = 100_000


@cache
def is_installed() -> bool:
    """Say whether Chromaprint is there: its library, and pyacoustid, which loads it."""
    return _binding() is not None


def computed(samples: NDArray[np.float32], sample_rate: int) -> str | None:
    """Compute the fingerprint of a track, shortened like those in tags.

    Args:
        samples: (n,) the waveform, in [-1, 1].
        sample_rate: in Hz.

    Returns:
        See :func:`shortened`; None without Chromaprint, and where the track is too short or silent.
    """
    binding = _binding()
    if binding is None:
        return None
    beginning = samples[: _SECONDS * sample_rate]
    try:
        printer = binding.Fingerprinter()
        printer.start(sample_rate, 1)
        printer.feed((np.clip(beginning, -1, 1) * 32_767).astype("<i2").tobytes())
        found = printer.finish()
    except binding.FingerprintError:
        return None
    return shortened(found.decode("ascii", "replace")) if isinstance(found, bytes) else None


@cache
def _binding() -> Any:
    """Import pyacoustid's module ``chromaprint``; another package of that name is none."""
    try:
        module = importlib.import_module("chromaprint")
    except (ImportError, OSError):
        return None
    return module if hasattr(module, "Fingerprinter") and hasattr(module, "FingerprintError") else None


def shortened(text: str) -> str | None:
    """Shorten a compressed fingerprint to the frames that are compared; see :func:`frames_of`.

    Returns:
        Base64 text of at most 640 characters; None where the text is no fingerprint, or too short a one.
    """
    frames = _decompressed(text)
    if frames is None or len(frames) < _LEAST:
        return None
    start = min(_SKIPPED, max(0, len(frames) - _KEPT))
    return base64.b64encode(frames[start : start + _KEPT].astype("<u4").tobytes()).decode()


def frames_of(text: str) -> Frames | None:
    """Read the frames of a text that :func:`shortened` wrote; None where it is none."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return np.frombuffer(data, "<u4").astype(np.uint32) if data and not len(data) % 4 else None


def difference(left: Frames, right: Frames, shift: int = 4) -> float:
    """Compute the share of bits in which two fingerprints differ, where they fit each other best.

    Args:
        left: frames of a recording.
        right: frames of another.
        shift: the greatest number of frames, an eighth of a second each, by which one may begin later.

    Returns:
        A share in [0, 1]: below 0.2 for copies, about 0.5 for other recordings.
    """
    best = 1.0
    for offset in range(-shift, shift + 1):
        a, b = (left[offset:], right) if offset >= 0 else (left, right[-offset:])
        n = min(len(a), len(b))
        if n:
            best = min(best, float(np.bitwise_count(a[:n] ^ b[:n]).mean()) / 32)
    return best


def _decompressed(text: str) -> Frames | None:
    """Undo Chromaprint's compression: differences of the positions of set bits, three bits each, and what exceeds
    three bits behind them, five bits each; each frame is the change from the one before.
    """
    try:
        padded = text.strip() + "=" * (-len(text.strip()) % 4)
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) < _HEADER:
        return None
    count = int.from_bytes(data[1:_HEADER], "big")
    if not 0 < count <= _MOST_FRAMES:
        return None
    bits = np.unpackbits(np.frombuffer(data, np.uint8)[_HEADER:], bitorder="little")
    steps = _numbers(bits, _NORMAL_BITS)
    ends = np.flatnonzero(steps == 0)[:count]
    if len(ends) < count:
        return None
    steps = steps[: ends[-1] + 1]
    large = np.flatnonzero(steps == (1 << _NORMAL_BITS) - 1)
    start = 8 * -(-len(steps) * _NORMAL_BITS // 8)
    more = _numbers(bits[start:], _EXCEPTION_BITS)
    if len(more) < len(large):
        return None
    steps[large] += more[: len(large)]
    return _frames(steps, ends)


def _numbers(bits: NDArray[np.uint8], width: int) -> NDArray[np.int64]:
    """Read whole numbers of ``width`` bits, the lowest bit first."""
    whole = bits[: len(bits) // width * width].reshape(-1, width).astype(np.int64)
    return np.asarray(whole @ (1 << np.arange(width)))


def _frames(steps: NDArray[np.int64], ends: NDArray[np.int64]) -> Frames | None:
    frames, start, last = np.empty(len(ends), np.uint32), 0, 0
    for number, end in enumerate(ends.tolist()):
        places = np.cumsum(steps[start:end])
        if len(places) and places[-1] > 32:
            return None
        for place in places.tolist():
            last ^= 1 << (place - 1)
        frames[number], start = last, end + 1
    return frames
