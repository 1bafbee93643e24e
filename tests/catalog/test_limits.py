"""What a decoding process may take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moodrec.catalog.analyze import plan_analysis, run_analysis
from moodrec.config import DecodeLimits
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from tests.catalog.corpus import write_song
from tests.catalog.toy import ToyModel

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_DATA")

ALLOCATE = """
import sys
from moodrec.catalog.limits import limit_memory
assert limit_memory(100)
kept = bytearray(50 << 20)
try:
    more = bytearray(100 << 20)
except MemoryError:
    print("refused")
"""


@linux
def test_memory_beyond_the_limit_is_refused() -> None:
    done = subprocess.run([sys.executable, "-c", ALLOCATE], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


@linux
def test_a_file_that_wants_too_much_memory_fails_alone(tmp_path: Path) -> None:
    write_song(tmp_path / "music" / "a.wav", 1)
    write_song(tmp_path / "music" / "b.flac", 2, seconds=600.0)
    write_song(tmp_path / "music" / "c.wav", 3)
    limits = DecodeLimits(max_memory_mb=16)
    with Library.create(tmp_path / "library") as library:
        plan = plan_analysis([tmp_path / "music"], library, ToyModel())
        report = run_analysis(plan, library, ToyModel(), limits=limits)
        assert (report.counts[Outcome.OK], report.counts[Outcome.FAILED]) == (2, 1)
        assert report.failures[0].reason == "too_large"
        assert "16 MiB" in str(report.failures[0].message)
        report = run_analysis(
            plan_analysis([tmp_path / "music"], library, ToyModel(), retry_failed=True), library, ToyModel()
        )
        assert report.counts[Outcome.OK] == 1


def test_a_run_can_give_way_to_others(tmp_path: Path) -> None:
    code = "import os; from moodrec.catalog.limits import give_way; give_way(7); print(os.nice(0))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == min(19, os.nice(0) + 7)
