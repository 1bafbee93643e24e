"""An index over vectors of one's own: build, search, change, save, open."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from moodrec import MoodIndex


def main() -> None:
    """Made-up vectors in place of a recommender's item factors."""
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(1000, 64)).astype(np.float32)
    tracks = pd.DataFrame(
        {
            "track_id": [f"t{i}" for i in range(1000)],
            "artist": [f"Artist {i % 90}" for i in range(1000)],
            "year": rng.integers(1970, 2025, 1000),
            "calm": rng.random(1000),
            "happy": rng.random(1000),
        }
    )
    index = MoodIndex.build(embeddings, tracks, moods=["calm", "happy"])
    hits = index.search(
        embeddings[:2],
        k=5,
        where="calm >= 0.6 AND year BETWEEN 1990 AND 1999",
        mood={"calm": 0.8},
        mood_weight=0.3,
        exclude=["t0", "t1"],
        max_per_artist=1,
    )
    print(hits.track_ids, hits.scores.round(3), hits.counts, hits.explain(), sep="\n")

    index.remove(["t5"])
    new = tracks.iloc[[5]].assign(track_id="new")
    index.add(embeddings[[5]], new)
    index.upsert(embeddings[[6]], tracks.iloc[[6]].assign(calm=1.0))  # t6 was there: it is replaced
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder) / "index")
        again = MoodIndex.open(Path(folder) / "index")
        print(again.search(embeddings[5], k=1).track_ids[0, 0], "is nearest to its own vector")


if __name__ == "__main__":
    main()
