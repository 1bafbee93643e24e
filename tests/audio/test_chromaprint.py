"""Fingerprints are read as Chromaprint writes them.

Tests the inside of moodrec.audio.chromaprint, which undoes a compression.
"""

from __future__ import annotations

import base64

import numpy as np
import pytest

from moodrec.audio.chromaprint import (
    _decompressed,
    computed,
    difference,
    frames_of,
    is_installed,
    shortened,
)


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


def test_computed_fingerprints_tell_copies_from_others() -> None:
    if not is_installed():
        pytest.skip("Chromaprint is not installed")
    time = np.arange(40 * 16_000) / 16_000
    rng = np.random.default_rng(0)

    def tune(seed: int) -> np.ndarray:
        notes = np.random.default_rng(seed).choice([220, 262, 330, 392, 440, 523], 80)
        parts = (np.sin(2 * np.pi * f * time) * ((time * 2).astype(int) == i) for i, f in enumerate(notes))
        return np.asarray(0.3 * sum(parts), np.float32)

    one, two = tune(0), tune(1)
    noisy = (0.3 * one + 0.003 * rng.standard_normal(len(one))).astype(np.float32)
    prints = [frames_of(computed(samples, 16_000) or "") for samples in (one, noisy, two)]
    assert prints[0] is not None
    assert prints[1] is not None
    assert prints[2] is not None
    assert difference(prints[0], prints[1]) < 0.25 < 0.3 < difference(prints[0], prints[2])


def test_without_chromaprint_or_sound_there_is_no_fingerprint() -> None:
    assert computed(np.zeros(16_000, np.float32), 16_000) is None
