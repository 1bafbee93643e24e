"""Libraries and indexes in folders of any name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from moodrec.catalog.analyze import analyze
from moodrec.catalog.export import export_library
from moodrec.catalog.refresh import refresh_index
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from moodrec.recommend.recommender import Recommender
from tests.catalog.corpus import write_song
from tests.catalog.toy import ToyModel
from tests.catalogues import MOODS, sample_catalogue

NAMES = [
    b"caf\xe9",
    b"\xff\xfe",
    "caf\u00e9".encode(),
    b"a #1?x%41",
    b"new\nline",
    b"'\"",
    b"~",
    b"[x]*",
    b"-l",
]


@pytest.fixture(params=NAMES, ids=repr)
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / os.fsdecode(request.param)


def test_a_library(folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_song(tmp_path / "made" / f"{number}.flac", number)
    folder.mkdir()
    (tmp_path / "made").rename(folder / "music")
    with Library.create(folder / "library") as library:
        analyze([folder / "music"], library, ToyModel(), jobs=1)
        refresh_index(library)
        assert export_library(library, folder / "t.csv") == 3
        assert export_library(library, folder / "t.parquet") == 3
        library.back_up(folder / "backup.sqlite")
    rec = Recommender.open(folder / "library")
    assert len(rec.similar(rec.index.track_ids[0], 5)) == 2


@pytest.mark.parametrize("preset", ["flat", "ivf", "ivf-sq8", "hnsw"])
def test_an_index(folder: Path, preset: str) -> None:
    sample = sample_catalogue(600)
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, preset=preset)
    index.save(folder)
    opened = MoodIndex.open(folder)
    np.testing.assert_array_equal(
        opened.search(sample.vectors[:5], 4).track_ids, index.search(sample.vectors[:5], 4).track_ids
    )
    opened.remove(["t1"])
    opened.save(folder)
    opened.verify()
    assert len(MoodIndex.open(folder)) == 599
