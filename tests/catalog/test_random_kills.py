"""SIGKILL at random moments, full disks and I/O errors: nothing acknowledged is lost, and everything opens.

The long form, of two hundred kills and a hundred faults, is ``benchmarks/reliability/interruptions.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.catalog.faults import can_inject, inject
from tests.catalog.killing import Victim
from tests.small_disks import mounted

KILLS = 4


def test_analysis_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    victim, whole = Victim(tmp_path / "victim"), Victim(tmp_path / "whole")
    assert whole.run("analysis", None).code == 0
    rng = np.random.default_rng(0)
    for _ in range(KILLS):
        moment, lines = float(rng.exponential(0.01)), int(rng.integers(1, 12))
        ended = victim.run("analysis", moment, lines=lines)
        assert ended.code in (0, -9)
        victim.check()
    assert victim.run("analysis", None).code == 0
    assert victim.check() == {"acknowledged": victim.songs, "indexed": victim.songs}
    victim.same_as_undisturbed(whole)


def test_index_updates_that_are_killed_leave_an_index_that_answers(tmp_path: Path) -> None:
    victim = Victim(tmp_path / "victim", songs=12)
    assert victim.run("analysis", None).code == 0
    rng = np.random.default_rng(0)
    for _ in range(KILLS):
        assert victim.run("index updates", float(rng.uniform(0, 0.3))).code == -9
        victim.check()
    assert victim.run("analysis", None).code == 0
    assert not list((victim.place / "index").glob(".writing-*"))


@pytest.mark.parametrize(("fault", "when"), [("full disk", 25), ("write error", 25), ("sync error", 6)])
def test_a_fault_of_the_disk_is_an_error_and_no_loss(tmp_path: Path, fault: str, when: int) -> None:
    if not can_inject(tmp_path):
        pytest.skip("strace is not installed, or may not trace")
    victim = Victim(tmp_path / "victim", songs=8)
    ended = victim.run("analysis", None, inject(fault, when))
    assert ended.code == 1, "the fault was to be noticed"
    assert "Error" in ended.errors.splitlines()[-1]
    victim.check()
    assert victim.run("analysis", None).code == 0
    assert victim.check() == {"acknowledged": 8, "indexed": 8}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    with mounted(tmp_path / "disk", "size=2m") as place:
        yield place


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    victim = Victim(tmp_path / "victim", songs=12)
    victim.place = small_disk / "library"
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1_850_000))
    ended = victim.run("analysis", None)
    assert ended.code == 1
    assert "full" in ended.errors or "No space left" in ended.errors
    victim.check()
    filler.unlink()
    assert victim.run("analysis", None).code == 0
    assert victim.check() == {"acknowledged": 12, "indexed": 12}
