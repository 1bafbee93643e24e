"""RecBole: an item file with vectors and moods, read back by RecBole itself where it is installed."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from moodrec import MoodIndex
from moodrec.recommend.adapters.recbole import item_config, write_item_file

INDEX = Path(__file__).parent.parent / "indexes" / "open-game-music"


def main() -> None:
    """Write the file, then print what RecBole reads from it."""
    index = MoodIndex.open(INDEX)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "games"
        folder.mkdir()
        path = write_item_file(index, folder / "games.item", moods=["calm", "happy"])
        lines = path.read_text().splitlines()
        print(f"{len(lines) - 1} items; columns: {lines[0]}")
        plays = [f"u{i % 30}\t{track_id}" for i, track_id in enumerate(index.track_ids)]
        (folder / "games.inter").write_text("\n".join(["user_id:token\titem_id:token", *plays]) + "\n")
        try:
            read_back(Path(place), index)
        except ModuleNotFoundError as error:
            print(f"skipped: {error}")


def read_back(place: Path, index: MoodIndex) -> None:
    """What a content-aware model of RecBole would be given."""
    from recbole.config import Config
    from recbole.data import create_dataset

    sys.argv, here = ["recbole"], Path.cwd()
    os.chdir(place)  # it writes a log folder where it runs
    settings = item_config(index, ["calm", "happy"])
    settings["load_col"] = {"inter": ["user_id", "item_id"], **settings["load_col"]}
    config = Config(
        model="BPR", dataset="games", config_dict={"data_path": str(place), "use_gpu": False, **settings}
    )
    features = create_dataset(config).get_item_feature()
    os.chdir(here)
    print("RecBole holds", len(features) - 1, "items with", ", ".join(features.columns))


if __name__ == "__main__":
    main()
