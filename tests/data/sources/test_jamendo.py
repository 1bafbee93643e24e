"""MTG-Jamendo: the official TSV files, the Parquet table, and the stored ground truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.data.sources import load_source
from moodrec.errors import DataError, UsageError
from tests.data.sources.contract import SourceContract, write_tone

HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"
TRACKS = {
    "train": [("214", "14", "mood/theme---calm\tmood/theme---dark"), ("215", "14", "genre---rock")],
    "validation": [("300", "15", "genre---jazz\tmood/theme---dark")],
    "test": [("400", "16", "mood/theme---calm")],
}


def line(number: str, artist: str, tags: str) -> str:
    return f"track_{number:>07}\tartist_{artist:>06}\talbum_000001\t{number[-2:]}/{number}.mp3\t60.0\t{tags}"


class TestOfficial(SourceContract):
    name = "jamendo"

    def make(self, root: Path) -> Path:
        folder = root / "data/splits/split-1"
        folder.mkdir(parents=True, exist_ok=True)
        for part, tracks in TRACKS.items():
            everything = [line(*track) for track in tracks]
            moods = [text for text in everything if "mood/theme" in text]
            (folder / f"autotagging-{part}.tsv").write_text("\n".join([HEADER, *everything]) + "\n")
            (folder / f"autotagging_moodtheme-{part}.tsv").write_text("\n".join([HEADER, *moods]) + "\n")
        names = "TRACK_ID\tARTIST_ID\tALBUM_ID\tTRACK_NAME\tARTIST_NAME\tALBUM_NAME\tRELEASEDATE\tURL"
        meta = [
            names,
            'track_0000214\tartist_000014\talbum_000001\tSay "hi\tAnn\tFirst\t2005-03-01\thttp://x',
            "track_0000400\tartist_000016\talbum_000001\tTwo tabs\t\tBo\tSecond\t2011-01-01\thttp://x",
        ]
        (root / "data/raw.meta.tsv").write_text("\n".join(meta))
        write_tone(root / "audio/14/214.mp3")
        write_tone(root / "audio/15/215.mp3")
        write_tone(root / "audio/00/300.low.mp3")
        write_tone(root / "audio/00/400.mp3")
        self.options = {"split": 1, "files": str(root / "audio")}
        return root

    def test_tags_splits_and_groups(self, tmp_path: Path) -> None:
        table = self.load(tmp_path)
        assert table.tracks["split"].tolist() == ["train", "val", "test"]
        assert table.tracks["group"].tolist() == [
            "artist:artist_000014",
            "artist:artist_000015",
            "artist:artist_000016",
        ]
        assert list(table.targets.columns) == ["jamendo:calm", "jamendo:dark"]
        assert table.targets.to_numpy().tolist() == [[1, 1], [0, 1], [1, 0]]
        assert table.tracks["genre"].tolist() == [[], ["jazz"], []]

    def test_names_where_they_are_known(self, tmp_path: Path) -> None:
        tracks = self.load(tmp_path).tracks
        assert tracks["artist"].tolist() == ["Ann", "artist_000015", "Bo"]
        assert tracks["title"].tolist() == ['Say "hi', None, "Two tabs"]
        assert tracks["album"].tolist() == ["First", "album_000001", "Second"]
        assert tracks["year"].tolist()[::2] == [2005.0, 2011.0]

    def test_low_bit_rate_files_are_found(self, tmp_path: Path) -> None:
        assert self.load(tmp_path).tracks["audio"][1].endswith("00/300.low.mp3")

    def test_all_tracks_have_unknown_moods_where_none_are_given(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        table = load_source("jamendo", tmp_path, {"split": 1, "subset": "all"})
        assert len(table) == 4
        assert table.targets.isna().all(axis=1).tolist() == [False, True, False, False]
        assert table.tracks["audio"].tolist() == [""] * 4

    @pytest.mark.parametrize("name", ["raw_30s_cleantags_50artists.tsv", "autotagging.tsv", "raw_30s.tsv"])
    def test_genres_and_instruments_come_from_the_table_of_all_tags(self, tmp_path: Path, name: str) -> None:
        self.make(tmp_path)
        rows = [
            line("214", "14", "genre---rock\tinstrument---piano\tmood/theme---sad"),
            line("400", "16", "genre---folk\tgenre---pop"),
        ]
        (tmp_path / f"data/{name}").write_text("\n".join([HEADER, *rows]))
        table = load_source("jamendo", tmp_path, self.options)
        assert table.tracks["genre"].tolist() == [["rock"], ["jazz"], ["folk", "pop"]]
        assert list(table.targets.columns) == ["jamendo:calm", "jamendo:dark"]
        played = load_source("jamendo", tmp_path, {**self.options, "instruments": True})
        assert played.tracks["genre"].tolist() == [["rock", "instrument:piano"], ["jazz"], ["folk", "pop"]]

    def test_a_folder_of_audio_is_looked_for_under_the_root(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        table = load_source("jamendo", tmp_path, {"split": 1, "files": "audio"})
        assert table.tracks["audio"][0] == str(tmp_path / "audio/14/214.mp3")

    def test_missing_files(self, tmp_path: Path) -> None:
        (self.make(tmp_path) / "audio/00/400.mp3").unlink()
        with pytest.raises(DataError, match=r"no file for 1 of 3 tracks, such as \['track_0000400'\]"):
            load_source("jamendo", tmp_path, self.options)
        assert len(load_source("jamendo", tmp_path, {**self.options, "allow_missing": True})) == 2

    def test_mel_spectrograms(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        for place in ("14/214", "00/300", "00/400"):
            (tmp_path / "melspecs" / place).parent.mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / "melspecs" / f"{place}.npy", np.zeros((96, 4), np.float32))
        table = load_source(
            "jamendo", tmp_path, {"split": 1, "files": str(tmp_path / "melspecs"), "kind": "melspecs"}
        )
        assert [Path(place).name for place in table.tracks["audio"]] == ["214.npy", "300.npy", "400.npy"]

    def test_without_splits_there_is_no_split(self, tmp_path: Path) -> None:
        (tmp_path / "autotagging_moodtheme.tsv").write_text(
            "\n".join([HEADER, line("7", "1", "mood/theme---sad")])
        )
        assert load_source("jamendo", tmp_path).tracks["split"].tolist() == [None]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("TRACK_ID,ARTIST_ID", "first line should name TRACK_ID"),
            (f"{HEADER}\ntrack_1\tartist_1", "line 2 has fewer"),
        ],
    )
    def test_wrong_files(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "autotagging_moodtheme.tsv").write_text(text)
        with pytest.raises(DataError, match=message):
            load_source("jamendo", tmp_path)

    def test_wrong_options(self, tmp_path: Path) -> None:
        self.make(tmp_path)
        with pytest.raises(UsageError, match="subset must be"):
            load_source("jamendo", tmp_path, {"subset": "genre"})
        with pytest.raises(UsageError, match="kind must be"):
            load_source("jamendo", tmp_path, {"split": 1, "kind": "wav"})


def test_parquet_with_either_separator(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        [line(*track).split("\t", 5) for track in TRACKS["train"]], columns=HEADER.lower().split("\t")
    )
    frame["split0"] = "validation"
    frame["tags"] = frame["tags"].str.replace("\t", "|")
    frame.to_parquet(tmp_path / "t.parquet")
    table = load_source("jamendo", tmp_path / "t.parquet")
    assert table.targets.to_numpy().tolist() == [[1, 1]]
    assert table.tracks["split"].tolist() == ["val"]
    with pytest.raises(DataError, match="split 0 alone"):
        load_source("jamendo", tmp_path / "t.parquet", {"split": 2})


def test_real_table_matches_the_stored_ground_truth(shared_data: Path) -> None:
    table = load_source("jamendo", shared_data / "tables/mtg_jamendo.parquet")
    assert (len(table), table.targets.shape[1]) == (17_982, 56)
    assert table.tracks["genre"].map(len).gt(0).mean() > 0.9
    assert table.tracks["split"].value_counts().to_dict() == {"train": 9_949, "test": 4_231, "val": 3_802}
    test = table.select((table.tracks["split"] == "test").to_numpy(dtype=bool))
    assert (test.targets.to_numpy() == np.load(shared_data / "tables/groundtruth.npy")).all()
