"""moodrec analyze --watch, as a user runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from moodrec.library.library import Library
from tests.cli.commands import run, write_model, write_tone


def wait_for(library: Path, tracks: int) -> None:
    """Wait until a library holds so many tracks."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if (library / "index" / "CURRENT").exists():
            with Library.open(library) as store:
                if len(store.frame()) == tracks:
                    return
        time.sleep(0.1)
    raise AssertionError(f"{tracks} tracks did not come")


def test_a_folder_is_followed_until_ctrl_c(tmp_path: Path) -> None:
    music, library = tmp_path / "music", tmp_path / "lib"
    write_tone(music / "first.wav", 110)
    write_model(tmp_path / "model")
    options = ["--library", str(library), "--model", str(tmp_path / "model"), "--jobs", "1", "--watch"]
    command = [sys.executable, "-m", "moodrec", "analyze", str(music), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(library, 1)
            write_tone(tmp_path / "second.wav", 440).rename(music / "second.wav")
            wait_for(library, 2)
            (music / "first.wav").unlink()
            wait_for(library, 1)
            process.send_signal(signal.SIGINT)
            told, errors = process.communicate(timeout=60)
        finally:
            process.kill()  # a test that fails shall not wait for what never ends
    assert process.returncode == 0
    assert "interrupted" not in errors
    assert "waiting for changes; Ctrl-C ends it" in errors
    assert "1 file gone since the last time" in errors
    assert told.count(" in ") >= 2
    assert "Traceback" not in errors


def test_watching_goes_on_and_on(tmp_path: Path) -> None:
    for option in (("--dry-run",), ("--limit", 3)):
        assert "--watch" in run("analyze", tmp_path, "--watch", *option, code=2).stderr
