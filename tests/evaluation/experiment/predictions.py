"""Made-up predictions of ``n`` test tracks."""

from __future__ import annotations

import numpy as np

from moodrec.evaluation.experiment.stored import StoredPredictions


def make_predictions(
    n: int = 60, seed: int = 0, skill: float = 1.0, noise_seed: int = 1, soft: bool = False
) -> StoredPredictions:
    """Quadrants, valence, arousal and three words, or three soft targets; logits know them by ``skill``.

    ``seed`` draws the truth, ``noise_seed`` what a network makes of it.
    """
    rng, noise = np.random.default_rng(seed), np.random.default_rng(noise_seed)
    if soft:
        truth = rng.random((n, 3)).round(3)
        labels = (truth > np.quantile(truth, 2 / 3, axis=0)).astype(np.float64)
        targets = ["felt:calm", "felt:tense", "felt:odd"]
    else:
        quadrant = rng.integers(4, size=n)
        member = np.eye(4)[quadrant]
        words = (rng.random((n, 3)) < (0.2, 0.4, 0.0)).astype(np.float64)
        axes = np.stack([np.isin(quadrant, (0, 3)), quadrant < 2], axis=1)
        truth = labels = np.concatenate([member, axes, words], axis=1)
        targets = [f"songs:{name}" for name in ("q1", "q2", "q3", "q4", "valence", "arousal")]
        targets += [f"songs:word:{name}" for name in ("high", "low", "never")]
    artists = [f"artist {row // 3}" if row % 7 else "" for row in range(n)]
    return StoredPredictions(
        track_ids=np.array([f"songs/{row:03d}" for row in range(n)]),
        groups=np.array([artist or f"track {row}" for row, artist in enumerate(artists)]),
        artists=np.array(artists),
        albums=np.array([""] * n),
        folds=np.zeros(n, np.int64),
        targets=np.array(targets),
        logits=skill * truth + noise.normal(size=truth.shape),
        labels=labels,
        truth=truth,
        embeddings=np.concatenate([skill * truth, noise.normal(size=(n, 5))], axis=1),
    )
