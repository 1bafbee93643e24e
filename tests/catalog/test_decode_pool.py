"""Folders of music become tracks of a library.

Tests the inside of moodrec.catalog.decode_pool on purpose.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import moodrec.catalog.decode_pool as pool_module
from moodrec.catalog.decode_pool import DecodeFailure, DecodePool
from moodrec.catalog.decoding import DecodedFile, DecodeSettings, decode_file, fingerprint_audio
from moodrec.errors import MoodrecError
from moodrec.library.records import FileState
from tests.catalog.corpus import retag, write_song, write_songs

SETTINGS = DecodeSettings(sample_rate=8_000, window_samples=4_000, max_windows=4)

# Stands in for a decoder that crashes: the real worker, in which opening some names ends badly.
HOSTILE = """
import json, os, signal, sys, time
sys.path[:] = json.loads(sys.argv.pop())
import moodrec.catalog.decode_worker as worker
real_decode_file = worker.decode_file
def decode_file(path, settings, number=None):
    if "segfault" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in path.name:
        time.sleep(60)
    if "bug" in path.name:
        raise RuntimeError("some bug")
    if "noise" in path.name:
        os.write(1, b"a library prints")
    if "memory" in path.name:
        raise MemoryError
    return real_decode_file(path, settings, number)
worker.decode_file = decode_file
worker.main()
"""


def states(*paths: Path) -> list[FileState]:
    return [FileState(path, 0, 0) for path in paths]


def test_the_worker_gives_what_decoding_here_gives(tmp_path: Path) -> None:
    path = write_song(tmp_path / "a.mp3", seconds=3.0, title="T", genre="G")
    with DecodePool(SETTINGS, 1, 60.0) as pool:
        (decoded,) = pool.decode(states(path))
    here = decode_file(path, SETTINGS)
    there = decoded.decoded
    assert isinstance(there, DecodedFile)
    assert there.windows.shape == (4, 4_000)
    assert (there.windows == here.windows).all()
    assert there.windows.flags.writeable
    assert (there.tags, there.audio_fingerprint) == (here.tags, here.audio_fingerprint)
    assert (there.duration_s, there.read_s, there.cause) == (here.duration_s, here.read_s, here.cause)


def test_answers_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    paths = [write_song(tmp_path / f"{i}.flac", i, seconds=0.3 + 2.0 * (i == 0)) for i in range(9)]
    with DecodePool(SETTINGS, 3, 60.0) as pool:
        assert [decoded.state.path for decoded in pool.decode(states(*paths))] == paths


def test_no_more_files_are_taken_than_can_be_held(tmp_path: Path) -> None:
    taken = 0

    def lazily() -> object:
        nonlocal taken
        for state in states(*[write_song(tmp_path / "a.flac")] * 50):
            taken += 1
            yield state

    with DecodePool(SETTINGS, 2, 60.0) as pool:
        next(pool.decode(lazily()))  # type: ignore[arg-type]
        assert taken == 4


def test_a_worker_imports_neither_torch_nor_faiss(tmp_path: Path) -> None:
    code = (
        "import sys, moodrec.catalog.decode_worker\n"
        "print(*{'torch', 'faiss', 'pandas', 'pyarrow', 'sqlite3', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_workers_that_crash_hang_or_print_cost_only_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pool_module, "_START", HOSTILE)
    names = ["a", "segfault", "b", "hang", "c", "bug", "noise", "memory", "d"]
    song = write_song(tmp_path / "song.flac")
    paths = [Path(os.path.join(tmp_path, f"{name}.flac")) for name in names]  # noqa: PTH118
    for path in paths:
        path.write_bytes(song.read_bytes())
    with DecodePool(SETTINGS, 2, 3.0) as pool:
        outcomes = [decoded.decoded for decoded in pool.decode(states(*paths))]
    reasons = {
        name: answer.reason
        for name, answer in zip(names, outcomes, strict=True)
        if isinstance(answer, DecodeFailure)
    }
    assert reasons == {"segfault": "crashed", "hang": "timeout", "bug": "crashed", "memory": "too_large"}
    messages = [answer.message for answer in outcomes if isinstance(answer, DecodeFailure)]
    assert "signal 11" in messages[0]
    assert "RuntimeError: some bug" in messages[2]
    assert capfd.readouterr() == ("", "")


def test_workers_that_cannot_start_are_no_fault_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_START", "import no_such_module")
    with DecodePool(SETTINGS, 2, 60.0) as pool, pytest.raises(MoodrecError, match="doctor"):
        list(pool.decode(states(write_song(tmp_path / "a.flac"))))


def test_a_worker_that_died_between_two_files_costs_none(tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.flac")
    with DecodePool(SETTINGS, 1, 60.0) as pool:
        for _ in range(2):
            (decoded,) = pool.decode(states(song))
            assert isinstance(decoded.decoded, DecodedFile)
            (worker,) = pool._workers
            worker.kill()
            worker._process.wait()


def test_closing_ends_the_processes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_START", HOSTILE)
    paths = [tmp_path / "hang-1.flac", tmp_path / "hang-2.flac", write_song(tmp_path / "a.flac")]
    started = time.monotonic()
    with DecodePool(SETTINGS, 3, 60.0) as pool:
        decoding = pool.decode(iter(states(*paths, *paths)))
        pool._threads.submit(time.sleep, 0.5).result()
        del decoding
    assert time.monotonic() - started < 10


PARENT = """
import sys, time
from pathlib import Path
from moodrec.catalog.decode_pool import DecodePool
from moodrec.catalog.decoding import DecodeSettings
from moodrec.library.records import FileState
pool = DecodePool(DecodeSettings(sample_rate=8000, window_samples=4000, max_windows=4), 1, 60.0)
next(pool.decode([FileState(Path(sys.argv[1]), 0, 0)]))
(worker,) = pool._workers
print(worker._process.pid, flush=True)
time.sleep(60)
"""


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.flac")
    with subprocess.Popen([sys.executable, "-c", PARENT, str(song)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        os.kill(worker, 0)
        parent.kill()
    deadline = time.monotonic() + 10
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(worker)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.flac")
    script = tmp_path / "script.py"
    script.write_text(PARENT.replace("time.sleep(60)", "pool.close()"))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(song)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_the_fingerprint_is_of_the_sound_and_not_of_the_file(tmp_path: Path) -> None:
    from moodrec.audio.decode import decode

    first, second = write_songs(tmp_path, 2)
    original = fingerprint_audio(decode(first))
    retag(first, title="Another")
    assert fingerprint_audio(decode(first)) == original
    assert fingerprint_audio(decode(second)) != original
    assert fingerprint_audio(decode(first, 8_000)) != original
    assert len(original) == 32
    json.dumps(original)


def test_a_signal_is_not_for_the_workers(tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.flac")
    with DecodePool(SETTINGS, 1, 60.0) as pool:
        next(pool.decode(states(song)))
        (worker,) = pool._workers
        assert os.getpgid(worker._process.pid) != os.getpgid(0)
        worker._process.send_signal(signal.SIGCONT)
