"""Compute the embedding and the moods of a waveform: ten seconds of a chord and of noise, synthesised here."""

from __future__ import annotations

import numpy as np

from moodrec import MoodModel


def main() -> None:
    """Print the mood scores that the default model gives a steady major chord and bursts of noise."""
    model = MoodModel.load()
    time = np.arange(10 * 22_050) / 22_050
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220.0, 277.2, 329.6)) * 0.1
    bursts = np.random.default_rng(0).normal(size=time.size) * (np.sin(2 * np.pi * 4 * time) > 0) * 0.3
    for name, waveform in {"chord": chord, "bursts": bursts}.items():
        moods = model.analyze_waveform(waveform, sample_rate=22_050)
        print(name, {mood: round(score, 2) for mood, score in dict(moods).items()})


if __name__ == "__main__":
    main()
