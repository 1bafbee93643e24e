"""Recipes, plans, presets and settings of a stranger: an error in a sentence, soon, whatever they hold or are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from moodrec.data.sources.reading import read_text_table
from moodrec.data.sources.table import load
from moodrec.errors import ConfigError, CorruptStoreError, DataError, MoodrecError
from moodrec.evaluation.experiment.plan import read_plan
from moodrec.files.toml import read_toml_table
from moodrec.index.presets import load_preset
from moodrec.library.left_out import Rules
from moodrec.library.place import read_settings
from moodrec.players.links import links_of

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
