"""The MIREX-like mood set, alone and pooled with 4Q."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moodrec.data.labels import LabelTable
from moodrec.data.pooling import pool_targets
from moodrec.data.sources import load_source
from moodrec.errors import DataError
from tests.data.sources.contract import SourceContract, write_table, write_tone
from tests.data.sources.test_mood4q import TestTracks as Of4Q

COLUMNS = ("mood", "cluster", "artist", "album", "year", "hit_decade")
CLIPS = [
    ("Fiery", "5", "Joy", "First", "1979", "60s"),
    ("agressive", "5", "Ann", "Second", "1980-02-01", "80s"),
    ("sweet", "2", "", "", "", "10s"),
    ("sweet", "2", "Null", "Various", "1977", "00s"),
    ("tense - anxious", "5", "Ann", "Third", "", ""),
]
POOL = {"mood4q:word:": "allmusic:word:", "mirex_mood:word:": "allmusic:word:"}


class TestTracks(SourceContract):
    name = "mirex_mood"

    def make(self, root: Path) -> Path:
        rows = []
        for number, clip in enumerate(CLIPS):
            write_tone(root / f"audio/{number}.opus")
            row = {"track_id": f"mirex-{number}", "audio": f"audio/{number}.opus", "title": "song"}
            rows.append(
                row | dict(zip(COLUMNS, clip, strict=True)) | {"fold": number % 2 if number < 4 else 1}
            )
        write_table(root / "tracks.csv", rows)
        return root

    def test_one_word_and_one_cluster_each(self, tmp_path: Path) -> None:
        targets = self.load(tmp_path).targets
        words = targets[[name for name in targets.columns if ":word:" in name]]
        assert [str(name).rpartition(":")[2] for name in words] == ["aggressive", "fiery", "sweet", "tense"]
        assert words.to_numpy().argmax(1).tolist() == [1, 0, 2, 2, 3]
        assert (words.sum(axis=1) == 1).all()
        clusters = targets[[f"mirex_mood:cluster{number}" for number in (1, 2, 3, 4, 5)]].to_numpy()
        assert clusters.argmax(1).tolist() == [4, 4, 1, 1, 4]
        assert clusters.sum() == len(CLIPS)

    def test_rare_words_are_left_out_on_demand(self, tmp_path: Path) -> None:
        targets = load_source(self.name, self.make(tmp_path), {"min_word_count": 2}).targets
        assert [name for name in targets.columns if ":word:" in name] == ["mirex_mood:word:sweet"]

    def test_metadata(self, tmp_path: Path) -> None:
        tracks = self.load(tmp_path).tracks
        assert tracks["artist"].tolist() == ["Joy", "Ann", None, "Null", "Ann"]
        assert tracks["album"].tolist() == ["First", "Second", None, None, "Third"]
        assert tracks["group"].tolist()[1] == tracks["group"].tolist()[4]
        assert tracks["fold"].tolist() == [0, 1, 0, 1, 1]

    def test_a_reissue_gets_the_middle_of_the_hits_decade(self, tmp_path: Path) -> None:
        years = self.load(tmp_path).tracks["year"].tolist()
        assert years[:4] == [1965, 1980, 2015, 1977]
        assert np.isnan(years[4])

    @pytest.mark.parametrize(
        ("column", "says"), [("mood", "mood is empty in row 2"), ("cluster", "in row 2")]
    )
    def test_missing_labels_are_placed(self, tmp_path: Path, column: str, says: str) -> None:
        self.make(tmp_path)
        clips = [list(clip) for clip in CLIPS]
        clips[2][COLUMNS.index(column)] = ""
        rows = [
            {"track_id": str(i), "audio": f"audio/{i}.opus", **dict(zip(COLUMNS, clip, strict=True))}
            for i, clip in enumerate(clips)
        ]
        write_table(tmp_path / "tracks.csv", rows)
        with pytest.raises(DataError, match=says):
            load_source("mirex_mood", tmp_path)


def pooled(folder: Path) -> LabelTable:
    of_4q = load_source("mood4q", Of4Q().make(folder / "a"), {"keep_words": ["tense", "harsh", "never"]})
    return pool_targets(LabelTable.concat([of_4q, TestTracks().load(folder / "b")]), POOL)


def test_pooled_words_are_unknown_where_nobody_was_asked(tmp_path: Path) -> None:
    targets = pooled(tmp_path).targets
    assert "allmusic:word:never" not in targets
    assert targets["allmusic:word:tense"].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert targets["allmusic:word:harsh"].tolist()[:4] == [0, 1, 0, 0]
    assert targets["allmusic:word:harsh"][4:].isna().all()
    assert targets["mirex_mood:cluster5"][:4].isna().all()
    assert targets["mood4q:valence"][4:].isna().all()


def test_an_artist_of_both_is_one_group(tmp_path: Path) -> None:
    tracks = pooled(tmp_path).tracks.set_index("track_id")
    assert tracks["group"]["mood4q/MT1"] == tracks["group"]["mirex_mood/mirex-0"]


def test_pooling_renames_by_the_longest_prefix_and_keeps_the_rest() -> None:
    values = np.array([1.0, 0.0], np.float32)
    table = LabelTable.build(
        "x", {"track_id": ["1", "2"]}, {"x:a": values, "x:word:a": values, "y:a": values}
    )
    renamed = pool_targets(table, {"x:": "all:", "x:word:": "words:"}).targets
    assert list(renamed.columns) == ["all:a", "words:a", "y:a"]
    assert pool_targets(table, {}).targets.equals(table.targets)


def test_pooling_refuses_contradictions_and_prefixes_of_nothing() -> None:
    one, other = np.array([1.0, np.nan, 0.0], np.float32), np.array([np.nan, 0.0, 1.0], np.float32)
    table = LabelTable.build("x", {"track_id": ["1", "2", "3"]}, {"x:a": one, "y:a": other})
    with pytest.raises(DataError, match="contradict each other in row 2"):
        pool_targets(table, {"y:": "x:"})
    with pytest.raises(DataError, match="no target begins with z:"):
        pool_targets(table, {"z:": "x:"})


def test_real_data(shared_data: Path) -> None:
    table = load_source("mirex_mood", shared_data / "mirex_mood")
    assert len(table) == 721
    words = [name for name in table.targets.columns if ":word:" in name]
    assert len(words) == 28
    assert (table.targets[words].sum(axis=1) == 1).all()
    of_4q = load_source(
        "mood4q", shared_data / "mood4q", {"keep_words": [word.rpartition(":")[2] for word in words]}
    )
    both = pool_targets(LabelTable.concat([of_4q, table]), POOL)
    assert len(both) == 1351
    assert all(both.targets[f"allmusic:word:{word.rpartition(':')[2]}"].notna().all() for word in words)
    folds = both.tracks.groupby("group")["fold"].nunique()
    assert (folds == 1).all()
    shared = both.tracks.assign(dataset=both.tracks["track_id"].str.partition("/")[0])
    assert (shared.groupby("group")["dataset"].nunique() == 2).sum() > 30
