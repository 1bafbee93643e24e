"""A table or folder of one's own."""

from __future__ import annotations

from pathlib import Path

import mutagen
import numpy as np
import pandas as pd
import pytest

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
        with pytest.raises(DataError, match="cannot be read as Parquet"):
            load_source("table", tmp_path / "x.parquet")
        (tmp_path / "x.xlsx").touch()
        with pytest.raises(DataError, match=r"must be one of \.csv, \.tsv, \.parquet"):
            load_source("table", tmp_path / "x.xlsx")


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
