"""The 4Q dataset in both layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.data.sources import load_source
from moodrec.errors import DataError
from tests.data.sources.contract import SourceContract, write_table, write_tone

SONGS = [
    ("MT1", "Q1", "Joy", "joyous; warm", "Jazz; Vocal"),
    ("MT2", "Q2", "Joy", "harsh; Tense", "Rap"),
    ("MT3", "Q3", "", "bleak; warm", ""),
    ("MT4", "Q4", "Null", "calm", "New Age"),
]


class TestTracks(SourceContract):
    name = "mood4q"
    options = {"min_word_count": 2}  # noqa: RUF012

    def make(self, root: Path) -> Path:
        rows = []
        for i, (song, quadrant, artist, moods, genres) in enumerate(SONGS):
            write_tone(root / f"audio/{song}.opus")
            row = {
                "track_id": song,
                "audio": f"audio/{song}.opus",
                "title": song,
                "artist": artist,
                "fold": i // 2,
            }
            rows.append({**row, "genres": genres, "quadrant": quadrant, "moods": moods})
        write_table(root / "tracks.csv", rows)
        return root

    def test_quadrants(self, tmp_path: Path) -> None:
        targets = self.load(tmp_path).targets
        quadrants = targets[[f"mood4q:q{i}" for i in (1, 2, 3, 4)]].to_numpy()
        assert (quadrants.argmax(axis=1) == [0, 1, 2, 3]).all()
        assert quadrants.sum() == 4
        assert targets["mood4q:valence"].tolist() == [1, 0, 0, 1]
        assert targets["mood4q:arousal"].tolist() == [1, 1, 0, 0]

    def test_rare_words_are_left_out(self, tmp_path: Path) -> None:
        targets = self.load(tmp_path).targets
        assert [name for name in targets.columns if ":word:" in name] == ["mood4q:word:warm"]
        assert targets["mood4q:word:warm"].tolist() == [1, 0, 1, 0]

    def test_metadata(self, tmp_path: Path) -> None:
        tracks = self.load(tmp_path).tracks
        assert tracks["artist"].tolist() == ["Joy", "Joy", None, "Null"]
        assert tracks["genre"].tolist() == [["Jazz", "Vocal"], ["Rap"], [], ["New Age"]]


class TestOfficial(TestTracks):
    def make(self, root: Path) -> Path:
        annotations, metadata = [], []
        for song, quadrant, artist, moods, genres in SONGS:
            write_tone(root / quadrant / f"{song}.mp3")
            annotations.append({"Song": song, "Quadrant": quadrant})
            row = {
                "Song": song,
                "Artist": artist,
                "Title": song,
                "Quadrant": quadrant,
                "PQuad": 1,
                "MoodsTotal": 2,
            }
            metadata.append({**row, "Moods": 2, "MoodsStrSplit": moods, "Genres": 1, "GenresStr": genres})
        write_table(root / "panda_dataset_taffc_annotations.csv", annotations)
        # In another order than the annotations: rows are matched by song.
        write_table(root / "panda_dataset_taffc_metadata.csv", metadata[::-1])
        return root

    def test_missing_columns_are_named(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        (tmp_path / "panda_dataset_taffc_metadata.csv").write_text("Song,Artist\nMT1,Joy\n")
        with pytest.raises(DataError, match="no column Title, MoodsStrSplit, GenresStr"):
            load_source("mood4q", tmp_path)


def test_unknown_quadrant_is_placed(tmp_path: Path) -> None:
    path = TestTracks().make(tmp_path) / "tracks.csv"
    path.write_text(path.read_text().replace("Q3", "Q5"))
    with pytest.raises(DataError, match="quadrant must be Q1, Q2, Q3 or Q4; it is not in row 2"):
        load_source("mood4q", tmp_path)


def test_real_data(shared_data: Path) -> None:
    table = load_source("mood4q", shared_data / "mood4q")
    assert len(table) == 630
    assert sum(":word:" in name for name in table.targets.columns) == 94
    assert sorted(table.tracks["fold"].unique()) == [0, 1, 2, 3, 4]
    assert (table.targets[[f"mood4q:q{i}" for i in (1, 2, 3, 4)]].sum(axis=1) == 1).all()
