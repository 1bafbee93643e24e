"""Two analyses into one library at the same time, and clocks that nobody would believe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.catalog.analyze import analyze, plan_analysis
from moodrec.catalog.refresh import refresh_index
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from tests.catalog.corpus import write_song, write_songs
from tests.catalog.toy import ToyModel

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from moodrec.catalog.analyze import analyze
from moodrec.catalog.refresh import refresh_index
from moodrec.errors import StoreLockedError
from moodrec.library.library import Library
from tests.catalog.toy import ToyModel
sys.stdin.readline()
with Library.open_or_create(sys.argv[1]) as library:
    try:
        analyze(sys.argv[2:], library, ToyModel(), jobs=1)
        refresh_index(library)
    except StoreLockedError as error:
        print(error)
        sys.exit(5)
"""


def start(library: Path, music: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, str(library), str(music)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.mark.parametrize("roots", [("one", "one"), ("one", "two")])
def test_two_analyses_at_once(roots: tuple[str, str], tmp_path: Path) -> None:
    songs = {root: write_songs(tmp_path / root, 6) for root in {*roots}}
    for song in songs.get("two", []):
        write_song(song, 40 + int(song.stem))
    runs = [start(tmp_path / "library", tmp_path / root) for root in roots]
    for run in runs:  # both have imported everything, or will soon
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    said = [run.communicate(timeout=120) for run in runs]
    for run, (out, err) in zip(runs, said, strict=True):
        assert run.returncode in (0, 5), err
        assert err == ""
        if run.returncode == 5:
            assert "is writing; wait for it, or stop it" in out
    assert 0 in [run.returncode for run in runs]
    with Library.open(tmp_path / "library") as library:
        for root, run in zip(roots, runs, strict=True):
            if run.returncode == 5:
                analyze([tmp_path / root], library, ToyModel(), jobs=1)
        refresh_index(library)
        every = [path for root in songs for path in songs[root]]
        assert sorted(library.files()) == sorted(every)
        assert len({record.track_id for record in library.files().values()}) == len(every)
    assert len(MoodIndex.open(tmp_path / "library" / "index")) == len(every)


def test_clocks_that_are_wrong(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "music", 5)
    # 1938, 2096, the last second of 64 bits of nanoseconds, the next one, and the last that ext4 can hold
    for song, time in zip(
        songs, (-(10**9), 4 * 10**9, 9_223_372_036, 9_223_372_037, 15_032_385_535), strict=True
    ):
        os.utime(song, (time, time))
    with Library.create(tmp_path / "library") as library:
        report = analyze([tmp_path / "music"], library, ToyModel(), jobs=1)
        assert len(report.failures) == 0
        assert len(library.frame()) == len(songs)
        assert plan_analysis([tmp_path / "music"], library, ToyModel()).files == ()
        os.utime(songs[4], (15_032_385_534, 15_032_385_534))
        (again,) = plan_analysis([tmp_path / "music"], library, ToyModel()).files
        assert again.path == songs[4]
        # The clock goes back: files that are older than what the library holds are new all the same.
        write_song(songs[0], 30)
        os.utime(songs[0], (0, 0))
        songs[1].rename(songs[1].with_name("moved.flac"))
        analyze([tmp_path / "music"], library, ToyModel(), jobs=1)
        assert len(library.frame()) == len(songs)
        assert plan_analysis([tmp_path / "music"], library, ToyModel()).files == ()
