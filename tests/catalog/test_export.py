from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.catalog.analyze import plan_analysis, run_analysis
from moodrec.catalog.export import export_library, export_parquet
from moodrec.errors import NotFoundError, UsageError
from moodrec.library.library import Library
from moodrec.schema import TRACK_FIELDS
from tests.catalog.corpus import write_song
from tests.catalog.toy import ToyModel
from tests.hostile_names import STEERING

MODEL = ToyModel()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    for i in range(4):
        write_song(tmp_path / "music" / f"{i}.flac", i, title=f"Song {i}", genre="Trip Hop")
    with Library.create(tmp_path / "library") as library:
        run_analysis(plan_analysis([tmp_path / "music"], library, MODEL), library, MODEL)
        yield library


def test_the_columns_and_their_types(library: Library, tmp_path: Path) -> None:
    assert export_parquet(library, tmp_path / "out.parquet") == 4
    schema = pq.read_schema(tmp_path / "out.parquet")
    moods = list(MODEL.moods)
    assert schema.names == [
        *TRACK_FIELDS.names, "duplicate_of", "embedding", *moods, *(f"prob_{mood}" for mood in moods),
    ]  # fmt: skip
    for field in TRACK_FIELDS:
        # Parquet names the element of a list in its own way.
        assert str(schema.field(field.name).type).replace("element", "item") == str(field.type)
    assert schema.field("embedding").type == pa.list_(pa.float32(), MODEL.embedding_dim)
    assert all(schema.field(mood).type == pa.float32() for mood in moods)


def test_the_values_are_those_of_the_library(library: Library, tmp_path: Path) -> None:
    export_parquet(library, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    frame = library.frame()
    assert table["track_id"].to_pylist() == frame["track_id"].tolist()
    assert table["title"].to_pylist() == [f"Song {i}" for i in range(4)]
    assert table["genre"].to_pylist() == [["Trip Hop"]] * 4
    np.testing.assert_array_equal(np.array(table["embedding"].to_pylist(), np.float32), library.embeddings())
    for column in ("calm", "prob_tense"):
        np.testing.assert_array_equal(table[column].to_numpy(), frame[column].to_numpy())


def test_the_file_says_which_model_it_is_of(library: Library, tmp_path: Path) -> None:
    export_parquet(library, tmp_path / "out.parquet")
    metadata = pq.read_schema(tmp_path / "out.parquet").metadata
    assert metadata[b"moodrec.model_fingerprint"].decode() == MODEL.fingerprint
    assert json.loads(metadata[b"moodrec.moods"]) == list(MODEL.moods)
    assert int(metadata[b"moodrec.library_revision"]) == library.revision


def test_what_goes_wrong_leaves_the_old_file(library: Library, tmp_path: Path) -> None:
    (tmp_path / "out.parquet").write_text("old")
    with pytest.raises(NotFoundError):
        export_parquet(library, tmp_path / "out.parquet", "nobody")
    with pytest.raises(UsageError):
        export_parquet(library, tmp_path)
    assert (tmp_path / "out.parquet").read_text() == "old"
    assert [path.name for path in tmp_path.glob("*parquet*")] == ["out.parquet"]
    export_parquet(library, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 4


def test_an_empty_library_gives_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    with Library.create(tmp_path / "library") as library:
        run_analysis(plan_analysis([tmp_path / "music"], library, MODEL), library, MODEL)
        assert export_parquet(library, tmp_path / "out.parquet") == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def test_the_suffix_is_the_format(library: Library, tmp_path: Path) -> None:
    assert export_library(library, tmp_path / "out.csv") == 4
    found = pd.read_csv(tmp_path / "out.csv")
    frame = library.frame()
    assert found["track_id"].tolist() == frame["track_id"].tolist()
    assert found["genre"].map(json.loads).tolist() == frame["genre"].tolist()
    read = np.array([json.loads(text) for text in found["embedding"]], np.float32)
    np.testing.assert_allclose(read, library.embeddings(), rtol=1e-6)
    assert export_library(library, tmp_path / "out.PARQUET") == 4
    assert pq.read_metadata(tmp_path / "out.PARQUET").num_rows == 4
    with pytest.raises(UsageError, match=r"\.parquet or \.csv"):
        export_library(library, tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()


def test_names_in_csv_are_no_formulas_and_steer_nothing(tmp_path: Path) -> None:
    titles = ["=1+1", "-M-", "+44", "@home", 'two, "quoted"']
    for i, title in enumerate(titles):
        write_song(tmp_path / "music" / f"{i} \x9b31m\u202e.flac", i, title=title)
    with Library.create(tmp_path / "library") as library:
        run_analysis(plan_analysis([tmp_path / "music"], library, MODEL), library, MODEL)
        export_library(library, tmp_path / "out.csv")
        export_library(library, tmp_path / "out.parquet")
    frame = pd.read_csv(tmp_path / "out.csv", dtype={"title": str}).sort_values("path")
    expected = ["'=1+1", "'-M-", "+44", "'@home", 'two, "quoted"']
    assert frame["title"].tolist() == expected
    assert not STEERING & set((tmp_path / "out.csv").read_bytes().decode())
    kept = pq.read_table(tmp_path / "out.parquet").sort_by("path")
    assert kept["title"].to_pylist() == titles
    assert all("\x9b31m\u202e" in path for path in kept["path"].to_pylist())
