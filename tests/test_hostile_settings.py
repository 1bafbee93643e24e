"""Recipes, plans, presets and settings of a stranger: an error in a sentence, soon, whatever they hold or are."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec import Library, MoodIndex, Recommender
from moodrec.audio.signatures import content_of
from moodrec.bulk.manifest import Manifest
from moodrec.catalog.label_files import read_label_table
from moodrec.catalog.parquet_tracks import ParquetTracks
from moodrec.data.sources.reading import read_text_table
from moodrec.data.sources.table import load
from moodrec.errors import ConfigError, CorruptStoreError, DataError, MoodrecError
from moodrec.evaluation.experiment.plan import read_plan
from moodrec.evaluation.matrices import load_array
from moodrec.evaluation.predictions import load_predictions
from moodrec.files.toml import read_toml_table
from moodrec.index.presets import load_preset
from moodrec.library.left_out import Rules
from moodrec.library.place import read_settings
from moodrec.players.links import links_of
from moodrec.players.songs import read_songs
from moodrec.recommend.playlists.history import read_plays

READERS: dict[str, Callable[[Path], object]] = {
    "settings": read_settings,
    "preset": lambda path: load_preset(str(path)),
    "plan": read_plan,
    "table": read_toml_table,
}
CONTENTS = {
    "large": b'x = "' + b"a" * 10_000_000 + b'"\n',
    "many keys": b"".join(b"k%d = 1\n" % number for number in range(200_000)),
    "deep lists": b"x = " + b"[" * 100_000 + b"]" * 100_000,
    "deep tables": b"x = " + b"{a=" * 20_000 + b"1" + b"}" * 20_000,
    "a little too deep": b"x = " + b"[" * 40 + b"]" * 40,
    "a long key": b".".join([b"a"] * 50_000) + b" = 1\n",
    "a long heading": b"[" + b" . ".join([b'"a"'] * 50_000) + b"]\n",
    "a long number": b"x = " + b"9" * 5_000,
    "no text": b"x = '\xff'",
    "no TOML": b"\0",
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("reader", READERS)
def test_settings_that_would_take_long(reader: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(CONTENTS[content])
    with pytest.raises(ConfigError, match=r"x\.toml") as caught:
        READERS[reader](tmp_path / "x.toml")
    assert len(str(caught.value)) < 2_000


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
@pytest.mark.parametrize("reader", [*READERS, "csv", "parquet"])
def test_pipes_and_devices(reader: str, tmp_path: Path) -> None:
    suffix = f".{reader}" if reader in ("csv", "parquet") else ".toml"
    read = READERS.get(reader, load)
    pipe, device = tmp_path / f"pipe{suffix}", tmp_path / f"zero{suffix}"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for place in (pipe, device):
        with pytest.raises(MoodrecError, match="is no regular file"):
            read(place)
    with pytest.raises(DataError, match="is no regular file"):
        read_text_table(pipe, [])


def test_many_wrong_fields_are_not_all_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("".join(f"{'k' * 100}{number} = 1\n" for number in range(5_000)))
    for read in (read_plan, READERS["preset"]):
        with pytest.raises(ConfigError, match=r"and 4,?\d\d\d more") as caught:
            read(tmp_path / "x.toml")
        assert len(str(caught.value)) < 5_000


def test_keys_that_are_no_long_ones(tmp_path: Path) -> None:
    text = 'x = "a.b.c.d"\na.b.c.d = 1\n[t."u.v".w]\npath = "../../../../../x"\n'
    (tmp_path / "x.toml").write_text(text)
    found = read_toml_table(tmp_path / "x.toml")
    assert found["a"] == {"b": {"c": {"d": 1}}}
    assert found["t"] == {"u.v": {"w": {"path": "../../../../../x"}}}


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
def test_a_pipe_in_the_place_of_patterns(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".ndignore")
    assert Rules(()).inside(str(tmp_path), [".ndignore"]) is None


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        "[]",
        '{"format": 1, "name": "x", "url": "", "tracks": 5, "unmatched": []}',
        '{"format": 1, "name": "x", "url": "", "tracks": {"a": 5}, "unmatched": []}',
        '{"format": 1, "name": "../x", "url": "", "tracks": {}, "unmatched": []}',
        '{"format": 1, "name": "x", "url": "", "tracks": {}, "unmatched": [5]}',
        '{"format": 1, "name": "x", "url": "", "tracks": {}, "unmatched": [], "read_at": 1e300}',
        '{"format": 1, "name": "x", "url": "", "tracks": {}, "unmatched": [], "by": {"a": "b"}}',
    ],
)
def test_links_of_players(content: str, tmp_path: Path) -> None:
    (tmp_path / "players").mkdir()
    (tmp_path / "players" / "x.json").write_text(content)
    with pytest.raises(CorruptStoreError, match="is damaged"):
        links_of(tmp_path)


def _labels(path: Path) -> object:
    with Library.open_or_empty(path.parent / "library") as library:
        return read_label_table(path, library, ("calm",))


def _plays(path: Path) -> object:
    vectors = np.eye(3, dtype=np.float32)
    return read_plays(path, Recommender(MoodIndex.build(vectors, pa.table({"track_id": list("abc")}))))


NAMED: dict[str, Callable[[Path], object]] = {
    "labels.csv": _labels,
    "plays.csv": _plays,
    "plays.json": _plays,
    "plays.jsonl": _plays,
    "songs.csv": lambda path: list(read_songs(path)),
    "manifest.parquet": lambda path: Manifest(str(path)),
    "predictions.parquet": load_predictions,
    "predictions.csv": load_predictions,
    "array.npy": load_array,
    "vectors.parquet": lambda path: ParquetTracks(path),
}
"""Files that commands read by the paths that users name."""


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
@pytest.mark.parametrize("name", NAMED)
def test_files_that_users_name(name: str, tmp_path: Path) -> None:
    """Nothing is waited for, and nothing that has no end is read."""
    path = tmp_path / name
    kinds: dict[str, Callable[[], object]] = {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "loop": lambda: path.symlink_to(path.name),
        "folder": path.mkdir,
    }
    for make in kinds.values():
        make()
        with pytest.raises(MoodrecError, match=name):
            NAMED[name](path)
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    "name", ["labels.csv", "plays.csv", "plays.json", "songs.csv", "predictions.parquet"]
)
def test_files_that_are_larger_than_any(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, 1 << 40)
    with pytest.raises(MoodrecError, match=name):
        NAMED[name](tmp_path / name)


@pytest.mark.parametrize("moods", [b"[", b"[" * 100_000, b'{"a": 1}', b"[1]", b'"calm"'])
def test_metadata_of_tables(moods: bytes, tmp_path: Path) -> None:
    columns = {"track_id": ["a"], "embedding": [[1.0, 0.0]]}
    table = pa.table(columns).replace_schema_metadata({b"moodrec.moods": moods})
    pq.write_table(table, tmp_path / "vectors.parquet")
    with pytest.raises(DataError, match="is no list of names"):
        _ = ParquetTracks(tmp_path / "vectors.parquet").about


def test_a_sound_file_that_cannot_be_mapped_is_not_read_whole(tmp_path: Path) -> None:
    class Unmapped(io.FileIO):
        """A file that the system does not map, as where address space is limited."""

        def fileno(self) -> int:
            raise OSError("no number")

    (tmp_path / "a.wav").touch()
    os.truncate(tmp_path / "a.wav", 1 << 40)
    with Unmapped(tmp_path / "a.wav") as file:
        assert content_of(file) is None
        assert file.tell() == 0
