"""Run the tests of every engine against servers that are started for them, and say what came of it.

    make test-engines                    every engine
    make test-engines ENGINES=milvus     some: postgres, milvus-lite, milvus, milvus-cluster

Each run has an environment and a folder for temporary files of its own. A process that is still there afterwards
counts as a failure, and is ended.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_MARK: Final = "MOODREC_TEST_RUN"


@dataclass(frozen=True)
class Run:
    """The tests of one engine."""

    title: str
    python: str
    tests: tuple[str, ...]
    chosen: str
    """The tests among them, as pytest's ``-k`` takes it."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    passed: int
    failed: int
    skipped: int
    seconds: float
    left: tuple[str, ...]
    """The command lines of processes that were still there."""

    @property
    def good(self) -> bool:
        """Whether tests have run, all of them passed, and nothing is left."""
        return self.passed > 0 and not self.failed and not self.skipped and not self.left


_PROXY: Final = "" if shutil.which("nginx") else " and not a_replica_is_killed"
"""Leaves out what needs nginx, where that is not installed."""
RUNS: Final = {
    "postgres": Run(
        "PostgreSQL with pgvector",
        ".venvs/engines/bin/python",
        (
            *("test_postgres", "test_serving", "test_lost_engine", "test_serve_command"),
            *("test_address", "test_deployments"),
        ),
        f"(not test_serving or postgres){_PROXY}",
    ),
    "milvus-lite": Run(
        "Milvus Lite",
        ".venvs/engines/bin/python",
        ("test_milvus", "test_serving"),
        "not test_serving or milvus",
    ),
    "milvus": Run(
        "Milvus 2.3.5, standalone",
        ".venvs/milvus/bin/python",
        ("test_milvus", "test_serving"),
        "(not test_serving or milvus) and not a_file_that_is_opened_again",
        {"MOODREC_TEST_MILVUS": "standalone"},
    ),
    "milvus-cluster": Run(
        "Milvus 2.3.5, lost, and under replicas",
        ".venvs/milvus/bin/python",
        ("test_lost_milvus", "test_deployments"),
        f"not one_server{_PROXY}",
        {"MOODREC_TEST_MILVUS": "standalone"},
    ),
}


def run(one: Run) -> Outcome:
    """Run the tests of an engine in a process of their own."""
    mark, start = uuid.uuid4().hex, time.monotonic()
    # A short path: it becomes a part of the name of a socket. The server may run as another user, who must reach it.
    with tempfile.TemporaryDirectory(prefix="mre-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        report = Path(folder) / "report.xml"
        command = [one.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-rs"]
        command += ["-W", "ignore::DeprecationWarning", "-W", "ignore::UserWarning", f"--junitxml={report}"]
        command += ["-k", one.chosen, *(f"tests/engines/{name}.py" for name in one.tests)]
        environment = {"TMPDIR": folder, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", _MARK: mark}
        subprocess.run(command, cwd=ROOT, env=os.environ | environment | one.environment, check=False)
        left = _end_those_left(mark, folder)
        passed, failed, skipped = _counts(report)
    return Outcome(passed, failed, skipped, time.monotonic() - start, left)


def _counts(report: Path) -> tuple[int, int, int]:
    if not report.exists():
        return 0, 1, 0
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    return tests - failures - errors - skipped, failures + errors, skipped


def _end_those_left(mark: str, folder: str) -> tuple[str, ...]:
    """End the processes that a run has left, and return their command lines."""
    time.sleep(1)
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (
                place.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            )
            started_here = (
                f"{_MARK}={mark}".encode() in place.joinpath("environ").read_bytes() or folder in line
            )
        except OSError:
            continue
        if started_here and line and int(place.name) != os.getpid():
            found.append(line)
            os.kill(int(place.name), signal.SIGKILL)
    return tuple(found)


def main() -> None:
    """Run what was asked for, print one line an engine, and exit with 1 where one is not good."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join(RUNS))
    names = parser.parse_args().engines or list(RUNS)
    if unknown := [name for name in names if name not in RUNS]:
        parser.error(f"no such engine: {', '.join(unknown)}; there are {', '.join(RUNS)}")
    outcomes = {name: run(RUNS[name]) for name in names}
    print()
    for name, outcome in outcomes.items():
        told = f"{outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped"
        print(f"{'ok ' if outcome.good else 'NOT'}  {RUNS[name].title}: {told} in {outcome.seconds:.0f} s")
        for line in outcome.left:
            print(f"     was still running: {line}")
    sys.exit(not all(outcome.good for outcome in outcomes.values()))


if __name__ == "__main__":
    main()
