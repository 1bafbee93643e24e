"""A home that may not be written to: reading works, and what cannot be written is one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import moodrec
from moodrec.files.disk import explained

SAMPLE = Path(moodrec.__file__).parent / "index" / "sample"


def without_rights(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run moodrec where a folder's permissions hold for root, too."""
    tool = shutil.which("setpriv")
    rights = "--bounding-set=-dac_override,-dac_read_search"
    before = [tool, rights] if tool and os.getuid() == 0 else []
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(("XDG_", "MOODREC_"))
    }
    return subprocess.run(
        [*before, sys.executable, "-m", "moodrec", *command],
        env={**environment, "HOME": str(home), "OMP_NUM_THREADS": "1"},
        cwd=Path(moodrec.__file__).parents[1],
        capture_output=True,
        text=True,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    if os.name != "posix" or (os.getuid() == 0 and shutil.which("setpriv") is None):
        pytest.skip("root may write everywhere")
    place = tmp_path / "home"
    place.mkdir(mode=0o555)
    return place


def test_an_index_is_described(home: Path) -> None:
    done = without_rights(home, "index", "info", str(SAMPLE))
    assert (done.returncode, done.stderr) == (0, "")


def test_an_analysis_says_what_it_may_not_do(home: Path, tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.flac").write_bytes(b"fLaC")
    done = without_rights(home, "analyze", str(tmp_path / "music"))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(home.iterdir()) == []


def test_what_reads_needs_no_folder_to_write_to(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TMPDIR", str(home / "nothing"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "file"))
    done = without_rights(home, "similar", "ogm-0000", "--library", str(SAMPLE), "--k", "2")
    assert (done.returncode, "Nebula" in done.stdout) == (0, True), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="such a folder cannot be removed there")
def test_a_working_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    script = (
        f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m moodrec similar x --library nothing"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(moodrec.__file__).parents[1])}
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode in (1, 3)
    assert done.stderr.startswith("error: ")
    assert "nothing" in done.stderr or "the working directory is gone" in done.stderr


def test_a_folder_that_is_gone_has_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        Path.cwd()
    assert "the working directory is gone" in str(explained(caught.value))
