"""Fingerprints are read as Chromaprint writes them."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from moodrec.audio.chromaprint import _decompressed, difference, frames_of, shortened


def compressed(frames: np.ndarray) -> str:
    """Chromaprint's own compression."""
    normal, exceptions, last = [], [], 0
    for frame in frames.tolist():
        change, last, before = frame ^ last, frame, 0
        for place in [bit + 1 for bit in range(32) if change >> bit & 1]:
            step, before = place - before, place
            normal.append(min(step, 7))
            exceptions += [step - 7] if step >= 7 else []
        normal.append(0)
    bits = [np.array([n >> b & 1 for n in many for b in range(width)], np.uint8) for many, width in
            ((normal, 3), (exceptions, 5))]  # fmt: skip
    data = bytes([1, *len(frames).to_bytes(3, "big")]) + b"".join(
        np.packbits(one, bitorder="little").tobytes() for one in bits
    )
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    ("frames", "data"),
    [([1], [1]), ([7], [73, 0]), ([1 << 6], [7, 0]), ([1 << 8], [7, 2]), ([1, 0], [65, 0]), ([1, 1], [1, 0])],
)
def test_the_examples_of_chromaprints_own_tests(frames: list[int], data: list[int]) -> None:
    text = base64.urlsafe_b64encode(bytes([0, 0, 0, len(frames), *data])).decode()
    found = _decompressed(text)
    assert found is not None
    assert found.tolist() == frames


def test_a_fingerprint_survives_shortening() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 2**32, 900, np.uint32)
    text = shortened(compressed(frames))
    assert text is not None
    assert len(text) <= 640
    np.testing.assert_array_equal(frames_of(text), frames[80:200])
    other = frames ^ (rng.random(900) < 0.5).astype(np.uint32)
    copy = frames_of(shortened(compressed(np.r_[other[2:], other[:2]])) or "")
    assert copy is not None
    assert difference(frames[80:200], copy) < 0.05
    strange = frames_of(shortened(compressed(rng.integers(0, 2**32, 900, np.uint32))) or "")
    assert strange is not None
    assert 0.4 < difference(frames[80:200], strange) < 0.6


@pytest.mark.parametrize("text", ["", "AQ", "no fingerprint", "AQAAFA" + "A" * 3, "é", "////" * 10])
def test_what_is_no_fingerprint_is_none(text: str) -> None:
    assert shortened(text) is None
    assert frames_of("!") is None
