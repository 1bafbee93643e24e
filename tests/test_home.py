"""A home that may not be written to: reading works, and what cannot be written is one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import moodrec

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
