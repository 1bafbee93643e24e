"""A disk that fails while models, tags, backups, migrations, tables and playlists are written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.library.library import Library
from moodrec.model.checkpoint import load_model, save_model
from tests.catalog.corpus import write_song
from tests.catalog.faults import can_inject, inject
from tests.golden.make_golden import golden
from tests.library.tracks import MODEL, analysed, file_state
from tests.small_model import small_network, small_spec

ROOT = Path(__file__).parents[2]
OUTPUTS = ("backup.sqlite", "out.parquet", "out.csv", "list.m3u8", "list.xspf")
WRITES = {"model", "tags", "backup", "migration", "table", "values", "playlist", "other playlist", "index"}


def prepared(folder: Path) -> Path:
    """A folder with something of everything, and outputs of an earlier run."""
    folder.mkdir(exist_ok=True)
    save_model(folder / "model", small_network(), small_spec(), graph=False)
    write_song(folder / "song.flac", 1)
    (folder / "library").mkdir()
    shutil.copy(golden(1), folder / "library" / "library.sqlite")
    with Library.create(folder / "new") as library, library.writer():
        library.register_model(MODEL)
        library.acknowledge(MODEL, analysed(file_state(folder / "dawn.flac"), "dawn"))
    for name in OUTPUTS:
        (folder / name).write_text("what was there")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Every file but the logs and locks of databases, which come and go."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "lock", ".first-save", "filler"))
    }


def written(folder: Path, before: list[str]) -> dict[str, str]:
    command = [*before, sys.executable, "-m", "tests.catalog.faulty_writes", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    assert set(found) == WRITES
    return found


def as_before(folder: Path, before: dict[str, bytes]) -> None:
    assert {name: data for name, data in content(folder).items() if "-backup" not in name} == before
    load_model(folder / "model")


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [("sync error", WRITES), ("write error", {"backup", "migration"})],
)
def test_a_disk_that_fails(tmp_path: Path, fault: str, noticed: set[str]) -> None:
    if not can_inject(tmp_path):
        pytest.skip("strace is not installed, or may not trace")
    folder = prepared(tmp_path / "place")
    before = content(folder)
    errors = written(folder, inject(fault, 1))
    assert {name for name, error in errors.items() if error} >= noticed
    if fault == "sync error":
        as_before(folder, before)
    for name in noticed:
        assert "\n" not in errors[name]
