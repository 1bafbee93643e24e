"""Features of the notes are those of a plain implementation, the same in every key, and true of known chords."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import softmax

from moodrec.model.backbones import build_backbone
from moodrec.model.backbones.musicnn_mn_tonal import MusiCNNBesideMNAndTonal
from moodrec.model.notes import NoteMagnitudes
from moodrec.model.tonal import FEATURES, SAMPLE_RATE, Tonal

Floats = NDArray[np.float64]

MAJOR, MINOR = (0, 4, 7), (0, 3, 7)
KEYS = 12
"""Where the correlations with keys stand: the best major, the best minor, their difference, the best of all."""
CHORDS = 18
"""Where the kinds of chords stand, major and minor first; ten later, how often each fits best."""
REGISTERS = 39
"""Where the eleven registers stand; behind them are the mean pitch and the share of notes."""
OF_PITCH = [*range(REGISTERS, FEATURES)]
LOWEST, NOTES, LENGTH, HOP = 36, 65, 4096, 1024


def hertz(midi: float) -> float:
    return float(440 * 2 ** ((midi - 69) / 12))


def chord(midis: tuple[int, ...], root: int, duration: float = 1.0) -> Floats:
    """Notes of eight harmonics, at about -16 LUFS."""
    times = np.arange(int(duration * SAMPLE_RATE)) / SAMPLE_RATE
    parts = [np.sin(2 * np.pi * k * hertz(root + m) * times) / k**1.5 for m in midis for k in range(1, 9)]
    return np.asarray(0.12 * np.sum(parts, axis=0) / np.sqrt(len(midis)))


def progression(mode: tuple[int, ...], root: int) -> Floats:
    """The tonic, the fourth, the fifth and the tonic, all in one mode."""
    return np.concatenate([chord(mode, root + step) for step in (0, 5, 7, 0)])


def features(samples: Floats) -> Floats:
    with torch.inference_mode():
        found: Floats = (
            Tonal()(torch.from_numpy(samples.astype(np.float32))[None])[0].numpy().astype(np.float64)
        )
    return found


def plainly(samples: Floats) -> Floats:
    """The same by NumPy in double precision, frame by frame."""
    times, padded = np.arange(LENGTH), np.pad(samples, LENGTH // 2)
    window = np.hanning(LENGTH + 2)[1:-1]
    starts = range(0, len(samples) + 1, HOP)
    parts = np.exp(-2j * np.pi * np.outer([hertz(LOWEST + n) for n in range(NOTES)], times) / SAMPLE_RATE)
    strengths = np.abs(parts @ np.stack([padded[s : s + LENGTH] * window for s in starts], 1)) / window.sum()
    levels = np.log1p(1000 * strengths)
    salient = np.array([levels[n] - levels[max(0, n - 6) : n + 7].mean(0) for n in range(NOTES)]).clip(0)
    chroma = np.array(
        [salient[[n for n in range(NOTES) if (LOWEST + n) % 12 == c]].sum(0) for c in range(12)]
    )
    lengths = np.linalg.norm(chroma, axis=0)
    weights, units = lengths / lengths.sum(), chroma / np.maximum(lengths, 1e-9)
    mean = units @ weights
    together = [(units * np.roll(units, k, 0)).sum(0) @ weights for k in range(1, 7)]
    itself = [np.corrcoef(mean, np.roll(mean, k))[0, 1] for k in range(1, 7)]
    fits = [
        max(np.corrcoef(mean, np.roll(profile, r))[0, 1] for r in range(12))
        for profile in (KRUMHANSL_MAJOR, KRUMHANSL_MINOR)
    ]
    evenness = [entropy(mean), sum(w * entropy(u) for w, u in zip(weights, units.T, strict=True))]
    ends = np.pad(units, ((0, 0), (4, 3)), mode="edge")
    smooth = np.stack([ends[:, t : t + 8].mean(1) for t in range(units.shape[1])], 1)
    kinds = [[float(n in kind) for n in range(12)] for kind in KINDS]
    chords = np.array(
        [
            [max(np.corrcoef(frame, np.roll(kind, r))[0, 1] for r in range(12)) for frame in smooth.T]
            for kind in kinds
        ]
    )
    notes = salient.mean(1)
    registers = [notes[low : low + 6].sum() / notes.sum() for low in range(0, NOTES, 6)]
    middle = (notes * (np.arange(NOTES) - NOTES / 2)).sum() / notes.sum() / 12
    return np.array(
        [
            *together,
            *itself,
            *fits,
            fits[0] - fits[1],
            max(fits),
            *evenness,
            *(chords @ weights),
            *(softmax(20 * chords, 0) @ weights),
            chords.max(0) @ weights,
            *registers,
            middle,
            notes.sum() / levels.mean(1).sum(),
        ]
    )


KRUMHANSL_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
KRUMHANSL_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
KINDS = (
    MAJOR,
    MINOR,
    (0, 3, 6),
    (0, 4, 8),
    (0, 4, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 7, 10),
    (0, 5, 7),
    (0, 7),
    (0,),
)


def entropy(chroma: Floats) -> float:
    shares = chroma / chroma.sum()
    return float(-(shares * np.log(np.maximum(shares, 1e-9))).sum())


def melody(seed: int) -> Floats:
    """Notes and noise."""
    rng = np.random.default_rng(seed)
    notes = [chord(tuple(rng.choice(24, rng.integers(1, 4), replace=False)), 48, 0.4) for _ in range(8)]
    sound = np.concatenate(notes)
    return np.asarray(sound + 0.02 * rng.standard_normal(len(sound)))


@pytest.mark.parametrize("seed", range(4))
def test_features_are_those_of_a_plain_implementation(seed: int) -> None:
    samples = melody(seed)
    np.testing.assert_allclose(features(samples), plainly(samples), atol=2e-4)


@pytest.mark.parametrize("midi", [36, 57, 69, 80, 100])
def test_a_sine_has_half_its_amplitude_at_its_own_note(midi: int) -> None:
    sine = torch.from_numpy(0.3 * np.sin(2 * np.pi * hertz(midi) * np.arange(16_384) / SAMPLE_RATE)).float()
    found = NoteMagnitudes(LOWEST, NOTES, SAMPLE_RATE, LENGTH, HOP)(sine[None])[0, :, 4:-4]
    assert found.shape == (NOTES, 1 + 16_384 // HOP - 8)
    assert (found.argmax(0) == midi - LOWEST).all()
    np.testing.assert_allclose(found[midi - LOWEST], 0.15, rtol=0.01)


@given(st.integers(0, 11), st.integers(0, 11))
@settings(max_examples=15, deadline=None)
def test_modes_and_chords_are_told_in_every_key(key: int, other: int) -> None:
    major, minor = features(progression(MAJOR, 48 + key)), features(progression(MINOR, 48 + other))
    assert major[KEYS + 2] > 0.05
    assert minor[KEYS + 2] < -0.05
    assert major[CHORDS] > major[CHORDS + 1]
    assert minor[CHORDS + 1] > minor[CHORDS]
    often = slice(CHORDS + 10, CHORDS + 20)
    assert major[often].argmax() == 0
    assert minor[often].argmax() == 1


@pytest.mark.parametrize("mode", [MAJOR, MINOR])
def test_a_transposition_changes_the_register_alone(mode: tuple[int, ...]) -> None:
    low, high = features(progression(mode, 50)), features(progression(mode, 55))
    rest = [place for place in range(FEATURES) if place not in OF_PITCH]
    np.testing.assert_allclose(low[rest], high[rest], atol=0.12)
    np.testing.assert_allclose(low[KEYS : KEYS + 4], high[KEYS : KEYS + 4], atol=0.03)
    assert np.sign(low[KEYS + 2]) == np.sign(high[KEYS + 2]) == (1 if mode == MAJOR else -1)
    assert high[REGISTERS + 11] - low[REGISTERS + 11] > 0.2


def test_shares_add_up() -> None:
    found = features(melody(5))
    assert found[CHORDS + 10 : CHORDS + 20].sum() == pytest.approx(1, abs=1e-4)
    assert found[REGISTERS : REGISTERS + 11].sum() == pytest.approx(1, abs=1e-4)
    assert 0 < found[REGISTERS + 12] < 1


@pytest.mark.parametrize("samples", [1, 511, 512, 5000, 96_000])
def test_silence_and_moments_have_finite_features(samples: int) -> None:
    for sound in (np.zeros(samples), np.full(samples, 0.5), chord(MAJOR, 60)[:samples]):
        found = features(sound)
        assert found.shape == (FEATURES,)
        assert np.isfinite(found).all()


def test_gradients_are_finite_even_of_silence() -> None:
    samples = torch.zeros(2, 8000)
    samples[1, 4000:] = torch.from_numpy(chord(MAJOR, 60)[:4000])
    samples.requires_grad_()
    Tonal()(samples).sum().backward()
    assert samples.grad is not None
    assert samples.grad.isfinite().all()


@torch.inference_mode()
def test_the_backbone_adds_them_to_both_networks() -> None:
    torch.manual_seed(0)
    backbone, plain = build_backbone("musicnn_mn_tonal", 1, 16), build_backbone("musicnn_mn", 1, 16)
    assert isinstance(backbone, MusiCNNBesideMNAndTonal)
    assert backbone.features == plain.features + FEATURES
    plain.load_state_dict(
        {k: v for k, v in backbone.state_dict().items() if not k.startswith("norm")}, strict=False
    )
    samples = torch.from_numpy(melody(1)).float()[None, None, :48_000]
    found = backbone.eval().trunk(samples)
    torch.testing.assert_close(found[:, : plain.features], plain.eval().trunk(samples))
    notes = Tonal()(samples[:, 0])
    torch.testing.assert_close(found[:, plain.features :], notes)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = backbone.trunk(samples)
    torch.testing.assert_close(mixed[:, plain.features :].float(), notes)
