"""Streams that are closed or that take nothing: no traceback, the right exit code, and no file printed into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sample_library import write_sample_library

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
FORMS = ("", "--json")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_library(tmp_path_factory.mktemp("streams"))


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run ``moodrec COMMAND`` with the redirections of a shell."""
    program = f"{sys.executable} -m moodrec {command}"
    return subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", FORMS)
def test_a_stdout_that_takes_nothing(library: Path, form: str) -> None:
    done = shell(f"list --library {library} {form} -q >/dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "error: standard output: there is no room for what is printed; send it elsewhere\n"
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams(library: Path, form: str, closed: str) -> None:
    before = {path: path.read_bytes() for path in library.rglob("*") if path.is_file()}
    done = shell(f"list --library {library} {form} -q {closed}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path: path.read_bytes() for path in library.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("streams", [">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_an_error_keeps_its_exit_code(tmp_path: Path, streams: str) -> None:
    done = shell(f"list --library {tmp_path / 'nothing'} --json {streams}")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_what_is_written_with_all_streams_closed(library: Path) -> None:
    """The first files that a process opens have the numbers of streams, unless these are open."""
    done = shell(f"index build --library {library} --preset ivf <&- >&- 2>&-")
    assert done.returncode == 0
    assert shell(f"index verify {library}").returncode == 0
    assert (library / "lock").read_bytes() == b""
