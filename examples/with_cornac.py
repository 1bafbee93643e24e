"""Cornac: VBPR, a ranking model with item features, on moodrec's vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from moodrec import MoodIndex

INDEX = Path(__file__).parent.parent / "indexes" / "open-game-music"


def main() -> None:
    """Listeners drawn around some tracks; the same model with the vectors and with noise in their place."""
    import cornac
    from cornac.data import ImageModality
    from cornac.eval_methods import RatioSplit

    from moodrec.recommend.adapters.cornac import feature_modality

    index = MoodIndex.open(INDEX)
    ids = index.track_ids
    vectors = index.vectors(ids)
    rng = np.random.default_rng(0)
    fond = vectors[rng.integers(0, len(ids), 120)]
    users, played = np.nonzero(rng.random((120, len(ids))) < np.exp(12 * (fond @ vectors.T - 1)))
    plays = [(f"u{user}", ids[item], 1.0) for user, item in zip(users, played, strict=True)]
    items = sorted({item for _, item, _ in plays})
    noise = ImageModality(features=rng.standard_normal((len(items), index.dim)).astype(np.float32), ids=items)
    for name, features in (
        ("moodrec's vectors", feature_modality(index, items, as_image=True)),
        ("noise", noise),
    ):
        split = RatioSplit(plays, test_size=0.2, seed=0, item_image=features, rating_threshold=0.5)
        model = cornac.models.VBPR(
            k=8, k2=8, n_epochs=15, batch_size=256, use_gpu=False, verbose=False, seed=0
        )
        metric = cornac.metrics.NDCG(k=10)
        result, _ = split.evaluate(model, [metric], user_based=True)
        print(f"nDCG@10 with {name}: {result.metric_avg_results[metric.name]:.3f}")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        print(f"skipped: {error}; pip install 'moodrec[cornac]'")
