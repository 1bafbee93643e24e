"""implicit: factors for tracks that nobody has played, and a blend of ALS with moodrec's vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from moodrec import MoodIndex

INDEX = Path(__file__).parent.parent / "indexes" / "open-game-music"


def main() -> None:
    """Two hundred listeners, each fond of some tracks and of what is near them; a fifth of the tracks is unplayed."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    from moodrec.recommend.adapters.implicit import EmbeddingModel, blended, with_cold_items
    from moodrec.recommend.adapters.vectors import ItemVectors

    index = MoodIndex.open(INDEX)
    items = ItemVectors.of(index)
    rng = np.random.default_rng(0)
    cold = rng.random(len(items)) < 0.2
    fond = items.vectors[rng.integers(0, len(items), 200)]
    chance = np.exp(12 * (fond @ items.vectors.T - 1)) * ~cold
    users, played = np.nonzero(rng.random(chance.shape) < chance)
    plays = csr_matrix((np.ones(len(users), np.float32), (users, played)), shape=chance.shape)

    als = AlternatingLeastSquares(factors=16, iterations=8, random_state=0, num_threads=1)
    als.fit(plays, show_progress=False)
    embeddings = EmbeddingModel(items, num_threads=1)
    embeddings.fit(plays)
    titles = index.frame["title"]
    for name, model in (
        ("ALS with factors for cold tracks", with_cold_items(als, items, plays)),
        ("ALS blended with vectors", blended(als, embeddings, 0.5)),
    ):
        ids, scores = model.recommend(0, plays[0], N=3, items=np.flatnonzero(cold))
        print(f"{name}: unplayed tracks for listener 0")
        for item, score in zip(ids, scores, strict=True):
            print(f"  {score:.3f}  {titles[item]}")
    ids, scores = embeddings.similar_items(0, N=4)
    print("similar_items:", ids, scores.round(3))


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        print(f"skipped: {error}; pip install 'moodrec[implicit]'")
