"""A table or folder of one's own."""

from __future__ import annotations

from pathlib import Path

import mutagen
import numpy as np
import pandas as pd
import pytest

from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.errors import DataError
from tests.data.sources.contract import SourceContract, write_table, write_tone


def rows() -> list[dict[str, object]]:
    return [
        {
            "track_id": "7",
            "audio": "a/1.wav",
            "artist": "Ann",
            "year": "1998-05-01",
            "genre": "Jazz; Vocal",
            "mood:calm": 1,
        },
        {
            "track_id": "007",
            "audio": "a/2.wav",
            "artist": "ANN",
            "year": None,
            "genre": None,
            "mood:calm": None,
        },
        {
            "track_id": "x",
            "audio": "a/3.wav",
            "artist": None,
            "year": 2001,
            "genre": "Pop",
            "mood:calm": 0.25,
        },
    ]


class TestCsv(SourceContract):
    name = "table"

    def make(self, root: Path) -> Path:
        for i in (1, 2, 3):
            write_tone(root / f"a/{i}.wav")
        write_table(root / "mine.csv", rows())
        return root / "mine.csv"

    def test_reads_all_columns(self, tmp_path: Path) -> None:
        table = self.load(tmp_path)
        assert table.tracks["track_id"].tolist() == ["7", "007", "x"]
        assert table.tracks["genre"].tolist() == [["Jazz", "Vocal"], [], ["Pop"]]
        np.testing.assert_array_equal(table.tracks["year"], [1998, np.nan, 2001])
        np.testing.assert_array_equal(table.targets["table:calm"], np.array([1, np.nan, 0.25], np.float32))

    def test_groups_are_artists_unless_given(self, tmp_path: Path) -> None:
        assert self.load(tmp_path).tracks["group"].tolist() == ["artist:ann", "artist:ann", "track:x"]
        write_table(
            tmp_path / "mine.csv",
            [{**row, "group": group} for row, group in zip(rows(), ("g", "", "g"), strict=True)],
        )
        grouped = load_source("table", tmp_path / "mine.csv").tracks["group"]
        assert grouped.tolist() == ["g", "artist:ann", "g"]

    def test_moods_by_option_and_own_name(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        write_table(tmp_path / "mine.csv", [{**row, "tense": 0.5} for row in rows()])
        table = load_source("table", tmp_path / "mine.csv", {"moods": ["tense"], "name": "inhouse"})
        assert list(table.targets.columns) == ["inhouse:tense"]
        with pytest.raises(DataError, match="no column angry; it has track_id"):
            load_source("table", tmp_path / "mine.csv", {"moods": ["angry"]})

    def test_split_that_cuts_an_artist_is_refused(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        write_table(
            tmp_path / "mine.csv",
            [{**row, "split": s} for row, s in zip(rows(), ("train", "test", ""), strict=True)],
        )
        with pytest.raises(DataError, match=r"artist:ann.*unless a group is given"):
            load_source("table", tmp_path / "mine.csv")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"mood:calm": "very"}, r"mood:calm must hold numbers, not 'very' \(rows 0, 1, 2\)"),
            ({"mood:calm": 2}, r"table:calm must be in \[0, 1\]; it is not in rows 0, 1, 2"),
            ({"mood:calm": "inf"}, "mood:calm must hold numbers"),
            ({"fold": 0.5}, "fold must hold 0, 1, 2"),
            ({"audio": "gone.wav"}, "3 of its audio files are missing, the first is .*gone.wav"),
            ({"track_id": "same"}, "occur more than once"),
        ],
    )
    def test_wrong_values_are_placed(self, tmp_path: Path, change: dict[str, object], message: str) -> None:
        self.make(tmp_path)
        write_table(tmp_path / "mine.csv", [row | change for row in rows()])
        with pytest.raises(DataError, match=message):
            load_source("table", tmp_path / "mine.csv")

    def test_needs_ids(self, tmp_path: Path) -> None:
        write_table(tmp_path / "t.csv", [{"title": "x"}])
        with pytest.raises(DataError, match="needs a column track_id"):
            load_source("table", tmp_path / "t.csv")


class TestParquet(TestCsv):
    def make(self, root: Path) -> Path:
        super().make(root)
        frame = pd.DataFrame(rows())
        frame["year"] = frame["year"].astype("string")
        frame["genre"] = pd.Series([["Jazz", "Vocal"], None, ["Pop"]], frame.index)
        frame.to_parquet(root / "mine.parquet")
        return root / "mine.parquet"

    def test_unreadable(self, tmp_path: Path) -> None:
        (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
        with pytest.raises(DataError, match="cannot be read as a table"):
            load_source("table", tmp_path / "x.parquet")
        (tmp_path / "x.xlsx").touch()
        with pytest.raises(DataError, match=r"must be one of \.csv, \.tsv, \.parquet"):
            load_source("table", tmp_path / "x.xlsx")


def table_of(folder: Path, **columns: object) -> LabelTable:
    """Six tracks without audio by three artists, some columns as given."""
    whole = {
        "track_id": [f"t{i}" for i in range(6)], "audio": "", "artist": list("AABBCC"), "genre": "Jazz",
        "mood:calm": [0, 1] * 3,
    }  # fmt: skip
    pd.DataFrame(whole | columns).to_parquet(folder / "t.parquet")
    return load_source("table", folder / "t.parquet")


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (np.arange(6) * 1.0, ["0", "1"]),
        ([b"a", b"b", b"c", b"d", b"e", b"f"], ["a", "b"]),
        (pd.Categorical(list("xyzuvw")), ["x", "y"]),
        (pd.array(range(2**60, 2**60 + 6), dtype="Int64"), [str(2**60), str(2**60 + 1)]),
    ],
)
def test_ids_of_every_type(tmp_path: Path, ids: object, read: list[str]) -> None:
    assert table_of(tmp_path, track_id=ids).tracks["track_id"].tolist()[:2] == read


def test_ids_in_an_index(tmp_path: Path) -> None:
    tracks = table_of(tmp_path).tracks
    pd.read_parquet(tmp_path / "t.parquet").set_index("track_id").to_parquet(tmp_path / "t.parquet")
    again = load_source("table", tmp_path / "t.parquet").tracks
    pd.testing.assert_frame_equal(again, tracks)


def test_numbers_in_an_index_are_no_ids_where_paths_are(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.wav").touch()
    table = pd.DataFrame({"path": ["a.wav", "b.wav"], "mood:calm": [0, 1]}, index=[7, 3])
    table.to_parquet(tmp_path / "t.parquet")
    found = load_source("table", tmp_path / "t.parquet").tracks
    assert found["track_id"].tolist() == ["a.wav", "b.wav"]
    table.drop(columns="path").to_parquet(tmp_path / "t.parquet")
    assert load_source("table", tmp_path / "t.parquet").tracks["track_id"].tolist() == ["7", "3"]


def test_numbers_as_spreadsheets_and_r_write_them(tmp_path: Path) -> None:
    rows = "a;0,25;Q1;0;NA\nb;NA;NA;#N/A;x\nc;1;Q3;1;y\n"
    (tmp_path / "t.csv").write_text(f"track_id;mood:calm;quadrant;fold;artist\n{rows}")
    found = load_source("table", tmp_path / "t.csv")
    np.testing.assert_array_equal(found.targets["table:calm"], [0.25, np.nan, 1])
    np.testing.assert_array_equal(found.targets["table:q1"], [1, np.nan, 0])
    assert found.tracks["fold"].tolist() == [0, -1, 1]
    assert found.tracks["artist"].tolist() == ["NA", "x", "y"]


def test_gaps_of_every_type_are_unknown(tmp_path: Path) -> None:
    found = table_of(
        tmp_path,
        artist=pd.array(["A", pd.NA, "nan", "NA", "VA", "B"], dtype="string"),
        year=pd.array([1990, pd.NA, 1991, 1992, 1993, 1994], dtype="Int64"),
        **{"mood:calm": pd.array([True, pd.NA, False, True, False, True], dtype="boolean")},
    )
    assert found.tracks["artist"].tolist() == ["A", None, None, "NA", None, "B"]
    assert found.tracks["group"].tolist()[1:3] == ["track:t1", "track:t2"]
    np.testing.assert_array_equal(found.tracks["year"], [1990, np.nan, 1991, 1992, 1993, 1994])
    np.testing.assert_array_equal(found.targets.iloc[:, 0], [1, np.nan, 0, 1, 0, 1])


@pytest.mark.parametrize("genre", [["Jazz", None, "Folk, World, & Country"], '["Jazz", "Folk, World, & Country"]',
                                   "['Jazz' 'Folk, World, & Country']", "Jazz; Folk, World, & Country"])  # fmt: skip
def test_genres_of_every_form(tmp_path: Path, genre: object) -> None:
    found = table_of(tmp_path, genre=pd.Series([genre] * 6, dtype=object))
    assert found.tracks["genre"][0] == ["Jazz", "Folk, World, & Country"]


def test_guests_stay_with_the_main_artist(tmp_path: Path) -> None:
    names = ["A", "A feat. X", "A; B", "B", "X", "X ft. A"]
    groups = table_of(tmp_path, artist=names).tracks["group"].tolist()
    assert groups == ["artist:a"] * 3 + ["artist:b"] + ["artist:x"] * 2
    parted = table_of(tmp_path, artist=names, fold=[0, 1, 2, 0, 1, 2]).tracks
    assert parted["group"].nunique() == 6, "folds that are given stay as they are"
    assert parted["artist"].tolist() == names


class TestFolder(SourceContract):
    name = "table"

    def make(self, root: Path) -> Path:
        folder = root / "music"
        for name in ("b/2.flac", "a.flac"):
            write_tone(folder / name)
        tags = mutagen.File(folder / "b/2.flac")
        tags.update({"title": "Two", "artist": "Ann", "album": "Best", "date": "1999-01-02", "genre": "Jazz"})
        tags.save()
        (folder / "cover.jpg").touch()
        return folder

    def test_reads_tags(self, tmp_path: Path) -> None:
        table = self.load(tmp_path)
        assert table.tracks["track_id"].tolist() == ["a.flac", "b/2.flac"]
        row = table.tracks.iloc[1]
        assert (row["title"], row["artist"], row["album"], row["year"], row["genre"]) == (
            "Two",
            "Ann",
            "Best",
            1999,
            ["Jazz"],
        )
        assert table.targets.shape == (2, 0)


def test_names_of_columns_in_capitals(tmp_path: Path) -> None:
    """An artist column that is overlooked would let folds share artists."""
    text = "Track ID,Artist,YEAR,Genre,Mood: Calm,MOOD:happy,Split\n1,Ann,1998,Jazz,1,0,train\n2,ANN,,,0,,train\n"
    (tmp_path / "t.csv").write_text(text)
    table = load_source("table", tmp_path / "t.csv")
    assert table.tracks["artist"].tolist() == ["Ann", "ANN"]
    assert table.tracks["group"].nunique() == 1
    assert table.tracks["split"].tolist() == ["train", "train"]
    assert (table.tracks["year"][0], table.tracks["genre"][0]) == (1998, ["Jazz"])
    assert list(table.targets.columns) == ["table:Calm", "table:happy"]


def test_a_column_that_is_named_exactly_comes_first(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("track_id,Artist,artist,mood:calm\n1,x,y,1\n")
    assert load_source("table", tmp_path / "t.csv").tracks["artist"].tolist() == ["y"]


def test_two_columns_of_one_mood(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("track_id,mood:calm,Mood: calm\n1,1,0\n")
    with pytest.raises(DataError, match="'mood:calm' and 'Mood: calm' hold the same mood"):
        load_source("table", tmp_path / "t.csv")
