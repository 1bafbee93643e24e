"""Two hundred SIGKILLs at random moments of analyses and index updates, and a hundred faults of the disk.

    python -m benchmarks.reliability.interruptions [--kills 200] [--faults 100]

After each, no track that was acknowledged may be lost, the library and its index must open and answer, and a last run
must end as if nothing had happened. Kills are of three kinds: analysis by a toy model, index updates by it, and the
whole command ``moodrec analyze`` with a small network. Faults are full disks, write errors and sync errors, from a
random system call on, put in by strace. Last, ``moodrec analyze`` with the packaged model is stopped by Ctrl-C, and
timed until it has ended. Writes benchmarks/results/reliability/interruptions.json as it goes; started
again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from moodrec.errors import MoodrecError
from moodrec.files.replacing import write_atomically
from moodrec.library.library import Library
from tests.catalog.corpus import write_song
from tests.catalog.faults import FAULTS, can_inject, inject
from tests.catalog.killing import PROGRAMS, Victim
from tests.cli.commands import write_model

RESULT = RESULTS / "reliability" / "interruptions.json"
KINDS = ("analysis", "index updates", "analysis", "index updates", "command")
CALLS = {"full disk": 160, "write error": 160, "sync error": 40}


def main() -> None:
    """Go on where the result file ends, and print its sums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--stops", type=int, default=20, help="by Ctrl-C")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    report: dict[str, Any] = {"seed": options.seed, "kills": [], "faults": []}
    if options.out.exists():
        report = json.loads(options.out.read_text())
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        while len(report["kills"]) < options.kills:
            report["kills"].append(scene.kill(len(report["kills"]), options.seed))
            save(report, options.out)
        while can_inject(Path(folder)) and len(report["faults"]) < options.faults:
            report["faults"].append(scene.fault(len(report["faults"]), options.seed))
            save(report, options.out)
        report.setdefault("stops", [])
        while len(report["stops"]) < options.stops:
            report["stops"].append(scene.stop(len(report["stops"]), options.seed))
            save(report, options.out)
        scene.finish()
    save(report, options.out)
    print(json.dumps(report["summary"], indent=1))


class Scene:
    """The libraries that are killed, one for each kind, and one that nothing befalls."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.whole = Victim(root / "whole")
        self.longest_s = {"analysis": self.whole.run("analysis", None).seconds, "index updates": 0.6}
        self.victims = {kind: self._new(kind) for kind in {*KINDS, *FAULTS}}
        self.model = write_model(root / "model")
        self.longest_s["command"] = 8.0

    def _new(self, kind: str) -> Victim:
        victim = Victim(Path(tempfile.mkdtemp(dir=self.root)))
        if kind == "index updates":
            victim.run("analysis", None)
        return victim

    def kill(self, number: int, seed: int) -> dict[str, Any]:
        """One kill at a random moment; a library that was finished in spite of it makes room for a new one."""
        kind, rng = KINDS[number % len(KINDS)], np.random.default_rng([seed, number])
        victim = self.victims[kind]
        for attempt in range(20):
            moment, lines = self._moment(kind, rng)
            code = (
                self._command(victim, moment)
                if kind == "command"
                else victim.run(kind, moment, lines=lines).code
            )
            found = checked(victim)
            if code == -9:
                return {
                    "kind": kind,
                    "after_s": round(moment, 3),
                    "lines": lines,
                    "attempts": attempt + 1,
                    **found,
                }
            if kind != "command":
                victim.same_as_undisturbed(self.whole)
            self.victims[kind] = victim = self._new(kind)
        raise SystemExit(f"{kind} always ended before it was killed")

    def _moment(self, kind: str, rng: np.random.Generator) -> tuple[float, int]:
        """When to kill: half of the time anywhere in a run, else shortly after a random acknowledgement."""
        if kind == "command" or rng.random() < 0.5:
            return float(rng.uniform(0, self.longest_s[kind])), 1
        return float(rng.exponential(0.01)), int(rng.integers(2, self.whole.songs))

    def _command(self, victim: Victim, moment: float) -> int:
        """``moodrec analyze``, killed so long after its start; what it acknowledged is seen from outside."""
        command = [
            sys.executable,
            "-m",
            "moodrec",
            "analyze",
            str(victim.music),
            "--library",
            str(victim.place),
        ]
        begun = time.perf_counter()
        with subprocess.Popen(
            [*command, "--model", str(self.model)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and time.perf_counter() - begun < moment:
                time.sleep(0.02)
                victim.tracks |= seen_from_outside(victim.place)
            process.kill()
        if process.returncode == 0:
            self.longest_s["command"] = time.perf_counter() - begun
        return process.returncode

    def fault(self, number: int, seed: int) -> dict[str, Any]:
        """One fault of the disk, from a random call on."""
        kind, rng = [*FAULTS][number % len(FAULTS)], np.random.default_rng([seed, number, 1])
        when = int(rng.integers(1, CALLS[kind]))
        victim = self.victims[kind]
        ended = victim.run("analysis", None, inject(kind, when))
        found = checked(victim)
        if ended.code == 0:
            victim.same_as_undisturbed(self.whole)
            self.victims[kind] = self._new(kind)
        last = ended.errors.strip().splitlines()[-1:] or ["ended before the fault"]
        return {"kind": kind, "from_call": when, "code": ended.code, "said": said(last[0]), **found}

    def stop(self, number: int, seed: int) -> dict[str, Any]:
        """Ctrl-C to a run of the packaged model on minutes of music, some time after its first track."""
        music, place = self.root / "minutes", self.root / f"stopped-{number}"
        if not music.exists():
            for song in range(12):
                write_song(music / f"{song}.wav", song, seconds=60.0)
        command = [sys.executable, "-m", "moodrec", "analyze", str(music), "--library", str(place)]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            while process.poll() is None and not seen_from_outside(place):
                time.sleep(0.02)
            time.sleep(float(np.random.default_rng([seed, number, 2]).uniform(0, 2)))
            kept = set(seen_from_outside(place))
            begun = time.perf_counter()
            process.send_signal(signal.SIGINT)
            _, said_last = process.communicate(timeout=60)
            seconds = time.perf_counter() - begun
        lost = not kept <= set(seen_from_outside(place))
        wrong = "a track is lost" if lost else "a traceback" if "Traceback" in said_last else None
        return {"code": process.returncode, "seconds": round(seconds, 2), "kept": len(kept), "wrong": wrong}

    def finish(self) -> None:
        """Let every library be finished in peace: it must end as if nothing had happened."""
        for kind, victim in self.victims.items():
            if kind != "command":
                victim.run("analysis", None)
                victim.check()
                victim.same_as_undisturbed(self.whole)


def checked(victim: Victim) -> dict[str, Any]:
    """What was found after an interruption, and what did not hold, if anything."""
    try:
        return {**victim.check(), "wrong": None}
    except (AssertionError, MoodrecError) as error:
        return {"acknowledged": 0, "indexed": 0, "wrong": f"{type(error).__name__}: {error}"}


def seen_from_outside(place: Path) -> dict[str, str]:
    """Id by name of the files that another process has acknowledged."""
    if not (place / "library.sqlite").exists() or not (place / "library.sqlite").stat().st_size:
        return {}
    with Library.open_or_empty(place) as library:
        return {path.name: str(record.track_id) for path, record in library.files().items()}


def stops_summary(stops: list[dict[str, Any]]) -> dict[str, Any]:
    """How Ctrl-C ended; a run that was done before it came does not count."""
    stopped = [stop for stop in stops if stop["code"] != 0]
    return {
        "stops by Ctrl-C": len(stopped),
        "with exit code 130": sum(stop["code"] == 130 for stop in stopped),
        "longest time to end, s": max((stop["seconds"] for stop in stopped), default=None),
        "median time to end, s": round(float(np.median([stop["seconds"] for stop in stopped])), 2)
        if stopped
        else None,
    }


def said(line: str) -> str:
    """An error without the paths of this machine."""
    kind, _, text = line.partition(": ")
    return f"{kind.rpartition('.')[2]}: {text.rpartition(': ')[2] if '/' in text else text}"


def save(report: dict[str, Any], out: Path) -> None:
    """Write the result with its sums."""
    kills, faults = report["kills"], report["faults"]
    every = kills + faults + report.get("stops", [])
    report["summary"] = {
        "kills": len(kills),
        "kills by kind": dict(Counter(kill["kind"] for kill in kills)),
        "kills with some tracks acknowledged and some not": sum(
            0 < kill["acknowledged"] < 24 for kill in kills
        ),
        "faults": len(faults),
        "faults by kind": dict(Counter(fault["kind"] for fault in faults)),
        "faults noticed": sum(fault["code"] != 0 for fault in faults),
        **stops_summary(report.get("stops", [])),
        "tracks lost": sum("a track is lost" in str(one["wrong"]) for one in every),
        "wrong in any way": sum(one["wrong"] is not None for one in every),
    }
    report["machine"] = machine_report("numpy", "pyarrow")
    report["programs"] = sorted(PROGRAMS)
    write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
