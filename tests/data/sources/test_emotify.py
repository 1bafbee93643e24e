"""Emotify in both layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moodrec.data.sources import load_source
from moodrec.data.sources.emotify import EMOTIONS
from moodrec.errors import DataError
from tests.data.sources.contract import SourceContract, write_table, write_tone

GENRES = ("classical", "rock", "electronic", "pop")


class TestTracks(SourceContract):
    name = "emotify"

    def make(self, root: Path) -> Path:
        rows = []
        for i, artist in enumerate(["Ann", "ann", "Magnatune Compilation", "NA"]):
            write_tone(root / f"audio/{i}.wav")
            row = {
                "track_id": i,
                "audio": f"audio/{i}.wav",
                "genre": "pop",
                "artist": artist,
                "album": "Best",
            }
            rows.append(
                {**row, "title": f"T{i}", "year": 2001, **dict.fromkeys(EMOTIONS, 0.25), "split": "train"}
            )
        write_table(root / "tracks.csv", rows)
        return root

    def test_artists_and_groups(self, tmp_path: Path) -> None:
        tracks = self.load(tmp_path).tracks
        assert tracks["artist"].tolist() == ["Ann", "ann", None, "NA"]
        assert tracks["group"].tolist() == ["artist:ann", "artist:ann", "track:2", "artist:na"]

    def test_targets_are_shares(self, tmp_path: Path) -> None:
        targets = self.load(tmp_path).targets
        assert list(targets.columns) == [f"emotify:{emotion}" for emotion in EMOTIONS]
        assert (targets == 0.25).all(axis=None)

    def test_missing_column_is_named(self, tmp_path: Path) -> None:
        path = self.make(tmp_path) / "tracks.csv"
        path.write_text(path.read_text().replace("calmness", "calm"))
        with pytest.raises(DataError, match="no column calmness; it has track_id, audio"):
            load_source("emotify", tmp_path)

    def test_wrong_share_is_placed(self, tmp_path: Path) -> None:
        path = self.make(tmp_path) / "tracks.csv"
        path.write_text(path.read_text().replace("0.25", "much", 1))
        with pytest.raises(DataError, match=r"amazement must hold numbers, not 'much' \(row 0\)"):
            load_source("emotify", tmp_path)

    def test_missing_audio_is_named(self, tmp_path: Path) -> None:
        (self.make(tmp_path) / "audio/2.wav").unlink()
        with pytest.raises(DataError, match=r"1 of its audio files are missing, the first is .*2\.wav"):
            load_source("emotify", tmp_path)


class TestOfficial(SourceContract):
    """``data.csv``: a row a listener, spaces around the column names; files numbered anew in each genre."""

    name = "emotify"

    def make(self, root: Path) -> Path:
        columns = [
            "track id",
            "genre",
            *EMOTIONS,
            "mood",
            "liked",
            "disliked",
            "age",
            "gender",
            "mother tongue",
        ]
        lines = [",".join(f" {column} " for column in columns)]
        for number, genre in ((101, "rock"), (1, "classical"), (400, "pop"), (300, "electronic")):
            for rater in range(4):
                votes = [int(rater < 3), *[0] * 8]
                lines.append(",".join(map(str, [number, genre, *votes, 3, 0, 0, 20, 1, "English"])))
        (root / "data.csv").write_text("\n".join(lines))
        for place in ("rock/1", "classical/1", "pop/100", "electronic/100"):
            write_tone(root / f"{place}.mp3")
        return root

    def test_shares_are_means_over_listeners(self, tmp_path: Path) -> None:
        targets = self.load(tmp_path).targets
        np.testing.assert_allclose(targets["emotify:amazement"], 0.75)
        assert (targets["emotify:sadness"] == 0).all()

    def test_files_are_found_by_genre_and_number(self, tmp_path: Path) -> None:
        tracks = self.load(tmp_path).tracks
        found = {
            i: "/".join(Path(place).parts[-2:])
            for i, place in zip(tracks["track_id"], tracks["audio"], strict=True)
        }
        assert found == {
            "1": "classical/1.mp3",
            "101": "rock/1.mp3",
            "300": "electronic/100.mp3",
            "400": "pop/100.mp3",
        }


def test_real_data(shared_data: Path) -> None:
    table = load_source("emotify", shared_data / "emotify")
    assert (len(table), table.targets.shape[1]) == (400, 9)
    assert table.tracks["split"].value_counts().to_dict() == {"train": 276, "val": 63, "test": 61}
    assert table.tracks["artist"].isna().sum() == 6
    assert table.tracks["year"].between(1988, 2012).all()
    # The official numbering that the other layout's file names are derived from.
    for number, place in zip(table.tracks["track_id"], table.tracks["audio"], strict=True):
        assert int(Path(place).stem.rsplit("_", 1)[1]) == (int(number) - 1) % 100 + 1
