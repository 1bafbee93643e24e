"""Indexes, models and libraries of a stranger who knows their formats: each opens right or is refused, soon.

    python -m benchmarks.reliability.hostile_stores [--kinds indexes models libraries] [--cases 5000 1000 1000]

Each case is a store in which one thing was changed, and every checksum made right again: a number in a file of FAISS,
a type in the track table, a size in a model's description, a view in a library's database. It is opened and used.
Right is an error of moodrec's that says what is wrong, or that all goes on as usual. Anything else is a fault: other
errors, a crash, more than twenty seconds of a processor, more than two GiB of memory beyond what the process began
with. Cases run in processes of their own, many in each; one that dies costs its last case. The result is written now
and then, and a run goes on where the last one ended. ``--sanitized`` searches through a kernel built with gcc's
address and undefined-behaviour sanitizers.
Writes benchmarks/results/reliability/hostile-stores.json, or hostile-stores-sanitized.json.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS, ROOT
from moodrec.errors import MoodrecError
from tests.index.kernel import sanitized

THIS = "benchmarks.reliability.hostile_stores"
KINDS = ("indexes", "models", "libraries")
CASES = (5000, 1000, 1000)
SECONDS = 20
"""Seconds of a processor; a case that takes longer is a fault."""
MOST_SECONDS = 300
"""A case that takes longer by the clock is a fault too: it waits for something."""
MEMORY = 2 << 30
"""Bytes that a case may take beyond what its process began with."""
OF_A_CHILD = 50


def main() -> None:
    """Try the cases that the result lacks, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--cases", nargs="+", type=int, default=CASES, help="for each of the kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument(
        "--retry", action="store_true", help="try the cases again that were faults, and no others"
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_cases(*options.child)
        return
    name = "hostile-stores-sanitized.json" if options.sanitized else "hostile-stores.json"
    out = options.out or RESULTS / "reliability" / name
    report = read(out, options)
    with tempfile.TemporaryDirectory() as folder:
        kernel = sanitized.build(Path(folder)) if options.sanitized else None
        for kind, cases in zip(options.kinds, options.cases, strict=False):
            if options.retry:
                retry(kind, options.seed, Path(folder) / kind, kernel, report, out)
                continue
            run_kind(kind, cases, options.seed, Path(folder) / kind, kernel, report, out)
    print(json.dumps(report["kinds"], indent=1))


def read(out: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The result so far, if it is of the same seed."""
    settings = {"seed": options.seed, "seconds": SECONDS, "bytes": MEMORY, "sanitized": options.sanitized}
    report: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    if report.get("settings") != settings:
        report = {"settings": settings, "kinds": {}}
    return report


def run_kind(
    kind: str, cases: int, seed: int, folder: Path, kernel: Path | None, report: dict[str, Any], out: Path
) -> None:
    """Try the cases of one kind."""
    done = report["kinds"].setdefault(
        kind,
        {"cases": 0, "outcomes": {}, "faults": [], "slowest, s": 0.0, "slowest": "", "most memory, MiB": 0},
    )
    if done["cases"] >= cases:
        return
    folder.mkdir()
    module_of(kind).prepare(folder / "whole")
    while done["cases"] < cases:
        last = min(cases, done["cases"] + OF_A_CHILD)
        run_child(kind, seed, done, last, folder, kernel)
        report["machine"] = machine_report("faiss-cpu", "numpy", "pyarrow", "torch", "safetensors")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(report, indent=1) + "\n")
        print(f"{kind}: {done['cases']:,} of {cases:,}, {len(done['faults'])} faults", flush=True)


def retry(kind: str, seed: int, folder: Path, kernel: Path | None, report: dict[str, Any], out: Path) -> None:
    """Try those cases of a kind again that were faults, after they were mended."""
    done = report["kinds"][kind]
    again, done["faults"] = done["faults"], []
    if not again:
        return
    folder.mkdir()
    module_of(kind).prepare(folder / "whole")
    for fault in again:
        one = {**done, "cases": fault["case"], "outcomes": {}, "faults": []}
        run_child(kind, seed, one, fault["case"] + 1, folder, kernel)
        outcomes = Counter(done["outcomes"])
        outcomes[fault["outcome"]] -= 1
        outcomes.update(one["outcomes"])
        done["outcomes"] = dict(sorted((+outcomes).items()))
        done["faults"] += one["faults"]
    out.write_text(json.dumps(report, indent=1) + "\n")


def run_child(
    kind: str, seed: int, done: dict[str, Any], last: int, folder: Path, kernel: Path | None
) -> None:
    """Run cases in one process, up to the first that it does not survive."""
    arguments = ["-m", THIS, "--child", kind, seed, done["cases"], last, folder]
    if kernel is None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        ran = subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True
        )
    else:
        os.environ["HOSTILE_KERNEL"] = str(kernel)
        ran = sanitized.run(kernel, *arguments)
    outcomes, started = Counter(done["outcomes"]), "before the first case"
    for line in ran.stdout.splitlines():
        case = json.loads(line)
        if "outcome" not in case:
            started = case["what"]
            continue
        started = ""
        done["cases"] += 1
        outcomes[case["outcome"]] += 1
        if case["seconds"] > done["slowest, s"]:
            done["slowest, s"], done["slowest"] = case["seconds"], case["what"]
        done["most memory, MiB"] = max(done["most memory, MiB"], case["memory"])
        if case["fault"]:
            found = {"case": done["cases"] - 1, "what": case["what"], "outcome": case["outcome"]}
            done["faults"].append({**found, "fault": case["fault"]})
    if ran.returncode:
        if not started:
            raise SystemExit(ran.stderr[-3000:])
        hung = -ran.returncode in (signal.SIGALRM, signal.SIGPROF)
        fault = (
            f"took more than {SECONDS} s" if hung else f"ended with {ran.returncode}: {ran.stderr[-1500:]}"
        )
        outcome = "hung" if hung else "crashed"
        done["faults"].append({"case": done["cases"], "what": started, "outcome": outcome, "fault": fault})
        outcomes[outcome] += 1
        done["cases"] += 1
    done["outcomes"] = dict(sorted(outcomes.items()))


def module_of(kind: str) -> ModuleType:
    """The module that makes the cases of a kind."""
    return importlib.import_module(f"benchmarks.reliability.mutated_{kind}")


def run_cases(kind: str, seed: str, first: str, last: str, folder: str) -> None:
    """Run cases in this process, and print what became of each."""
    stores = module_of(kind)
    whole = Path(folder) / "whole"
    build = os.environ.get("HOSTILE_KERNEL")
    if build:
        from moodrec.index.kernel import binding

        setattr(binding, "find_spec", lambda name: SimpleNamespace(origin=build))  # noqa: B010
        assert binding.library() is not None, binding.trouble()
    with tempfile.TemporaryDirectory() as warm:
        stores.change(random.Random(0), whole, Path(warm) / "store")
        judged(stores, Path(warm) / "store")
    if not build:  # the sanitizers reserve more addresses than any machine has
        limit_memory()
    for number in range(int(first), int(last)):
        place = Path(folder) / f"case-{number}"
        what = stores.change(random.Random(f"{kind} {seed} {number}"), whole, place)
        print(json.dumps({"what": what}), flush=True)
        start, before = time.process_time(), peak()
        signal.alarm(MOST_SECONDS)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        outcome, fault = judged(stores, place)
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        seconds, memory = round(time.process_time() - start, 2), (peak() - before) >> 10
        shutil.rmtree(place, ignore_errors=True)
        answer = {"what": what, "outcome": outcome, "fault": fault, "seconds": seconds, "memory": memory}
        print(json.dumps(answer), flush=True)


def judged(stores: ModuleType, place: Path) -> tuple[str, str]:
    """Use a store, and return how that ended and, if it is a fault, what it was."""
    try:
        return stores.use(place), ""
    except MoodrecError as error:
        return type(error).__name__, ""
    except Exception as error:  # noqa: BLE001
        return f"fault: {type(error).__name__}", "".join(traceback.format_exception(error)[-3:])[-1500:]


def peak() -> int:
    """The most memory that this process had, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def limit_memory() -> None:
    """Allow this process so much more memory than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
