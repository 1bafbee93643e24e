from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.errors import StoreLockedError, UsageError
from moodrec.library.library import Library
from tests.library.tracks import MODEL

HOLDER = """
import sys, time
from moodrec.library.library import Library
with Library.open(sys.argv[1]) as library, library.writer():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Library.create(tmp_path / "library").close()
    return tmp_path / "library"


def test_writing_needs_the_lock(folder: Path) -> None:
    with Library.open(folder) as library, pytest.raises(UsageError, match="writer"):
        library.register_model(MODEL)


def test_a_second_writer_is_told_who_is_writing(folder: Path) -> None:
    with Library.open(folder) as first, Library.open(folder) as second, first.writer():
        with pytest.raises(StoreLockedError) as caught, second.writer():
            pass
        assert str(os.getpid()) in str(caught.value)
        assert socket.gethostname() in str(caught.value)


def test_the_holder_may_take_the_lock_again(folder: Path) -> None:
    with Library.open(folder) as library:
        with library.writer(), library.writer():
            pass
        with library.writer():
            library.register_model(MODEL)


def test_readers_go_on_while_somebody_writes(folder: Path) -> None:
    with Library.open(folder) as writer, Library.open(folder) as reader, writer.writer():
        writer.register_model(MODEL)
        assert reader.model().name == "toy"


def test_a_lock_frees_itself_when_its_holder_is_killed(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with Library.open(folder) as library:
            with pytest.raises(StoreLockedError, match=str(holder.pid)), library.writer():
                pass
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            with library.writer():
                library.register_model(MODEL)
