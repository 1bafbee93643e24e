"""Against RecBole itself: ``make test-adapters``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("recbole", reason="needs RecBole: make test-adapters")

from recbole.config import Config
from recbole.data import create_dataset

from moodrec.recommend.adapters.recbole import ITEM, VECTOR, item_config, write_item_file
from tests.recommend.adapters.made_up import ITEM_IDS, made_up_index, plays

INDEX = made_up_index()


def test_recbole_reads_the_rows_of_its_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["recbole"])
    monkeypatch.chdir(tmp_path)  # it writes a log folder
    folder = tmp_path / "tiny"
    folder.mkdir()
    write_item_file(INDEX, folder / "tiny.item")
    lines = [f"u{user}\t{ITEM_IDS[item]}" for user, item in plays()]
    (folder / "tiny.inter").write_text("\n".join(["user_id:token\titem_id:token", *lines]) + "\n")
    settings = {"data_path": str(tmp_path), "use_gpu": False, "show_progress": False, **item_config(INDEX)}
    settings["load_col"] = {"inter": ["user_id", "item_id"], **settings["load_col"]}
    dataset = create_dataset(Config(model="BPR", dataset="tiny", config_dict=settings))
    features = dataset.get_item_feature()
    assert dataset.item_num == len(INDEX) + 1
    for number in range(1, dataset.item_num):
        item = str(dataset.id2token(ITEM, number))
        np.testing.assert_allclose(np.asarray(features[VECTOR][number]), INDEX.vectors([item])[0], rtol=1e-4)
    assert features["calm"][1:].min() >= 0
