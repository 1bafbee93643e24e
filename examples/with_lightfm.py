"""LightFM: the sparse item features that ``LightFM.fit(..., item_features=...)`` takes."""

from __future__ import annotations

from pathlib import Path

from moodrec import MoodIndex
from moodrec.errors import MissingExtraError
from moodrec.recommend.adapters.lightfm import item_features

INDEX = Path(__file__).parent.parent / "indexes" / "open-game-music"


def main() -> None:
    """Features of the whole index."""
    index = MoodIndex.open(INDEX)
    found = item_features(index, index.track_ids)
    print(f"{found.matrix.shape[0]} items, {found.matrix.shape[1]} features, {found.matrix.nnz} numbers")
    print("the last feature is called", found.names[-1])


if __name__ == "__main__":
    try:
        main()
    except MissingExtraError as error:
        print(f"skipped: {error}")
