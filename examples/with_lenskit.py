"""LensKit: recommend tracks that nobody has played yet, in one of its own pipelines."""

from __future__ import annotations

from pathlib import Path

from moodrec import MoodIndex

INDEX = Path(__file__).parent.parent / "indexes" / "open-game-music"


def main() -> None:
    """Three listeners who keep to one game's music each; the candidates are tracks without a single play."""
    import pandas as pd
    from lenskit.data import ItemList, from_interactions_df
    from lenskit.pipeline import topn_pipeline

    from moodrec.recommend.adapters.lenskit import MoodrecScorer

    frame = MoodIndex.open(INDEX).frame
    games = frame.groupby("source").size().nlargest(3).index
    plays = [
        (game, track_id)
        for game in games
        for track_id in frame.loc[frame["source"] == game, "track_id"].head(12)
    ]
    data = from_interactions_df(pd.DataFrame(plays, columns=["user_id", "item_id"]))
    pipeline = topn_pipeline(MoodrecScorer(index=str(INDEX)), n=3)
    pipeline.train(data)
    unplayed = ItemList(sorted(set(frame["track_id"]) - set(data.items.ids())))
    titles = frame.set_index("track_id")
    for game in games:
        found = pipeline.run("recommender", query=game, items=unplayed)
        print(f"For a listener of {game}:")
        for track_id, score in zip(found.ids(), found.scores(), strict=True):
            print(f"  {score:.3f}  {titles.at[track_id, 'title']} ({titles.at[track_id, 'source']})")


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        print(f"skipped: {error}; pip install 'moodrec[lenskit]'")
