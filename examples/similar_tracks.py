"""Search the sample index of free game music."""

from __future__ import annotations

from pathlib import Path

from moodrec import Recommender, SearchOptions

INDEX = Path(__file__).parent.parent / "indexes" / "open-game-music"


def main() -> None:
    """One seed, three ways."""
    rec = Recommender.open(INDEX)
    calm = rec.list(where="calm >= 0.9", sort="-calm", limit=3)
    print("Among the calmest:", *calm["title"], sep="\n  ")

    seed = str(calm["track_id"].iloc[0])
    for what, options in {
        "like it": SearchOptions(),
        "like it, and with an artist's name": SearchOptions(where="artist IS NOT NULL"),
        "like it, but energetic": SearchOptions(mood={"energetic": 0.9}, mood_weight=0.7),
    }.items():
        found = rec.similar(seed, 3, options)
        print(f"\nTracks {what} ({found.explain()}):")
        print(found.tracks[["title", "source", "score", "calm", "energetic"]].to_string(index=False))


if __name__ == "__main__":
    main()
