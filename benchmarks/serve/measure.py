"""How fast ``moodrec serve`` answers: throughput, and times at a steady pace, with another filter every request.

    python -m benchmarks.serve.measure --rows 100000 [--cache FOLDER] [--seconds 10] [--beside qdrant-edge]

The catalogue is ``clustered`` of the search benchmarks. `wrk` (``apt-get install wrk``) runs on the same cores.
Each request is ``GET /v1/similar`` for another track under another condition on mood and year, so that nothing can
be kept. Throughput is that of four connections without pause; the steady pace is fifty requests a second, at random
moments, from ten connections. ``--beside`` measures another system (benchmarks/peers) behind a FastAPI application
in the same run, at the recall that moodrec's answers have; ``--beside ""`` measures moodrec alone. The first answer
is timed from the start of the process, with the index's files in the system's cache. What was built is kept in the
cache folder, so that a run that was cut off goes on from there. Adds to benchmarks/results/serve.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.peers.registry import missing, peer_class, versions
from benchmarks.places import RESULTS
from benchmarks.search.data import load_data
from benchmarks.search.terms import Columns
from benchmarks.serve.shell import QUESTIONS, exact, question, recall_of
from moodrec.files.replacing import write_atomically
from moodrec.index.mood_index import MoodIndex

RESULT: Final = RESULTS / "serve.json"
PACE: Final = 50
_CONNECTIONS: Final = 10
_SCRIPT: Final = """
local rows, pause = %d, %d
math.randomseed(os.time())
request = function()
  local seed, calm, year = math.random(0, rows - 1), math.random(0, 900) / 1000, math.random(1960, 2010)
  local where = string.format("calm+%%%%3E%%%%3D+%%.3f+AND+year+%%%%3E%%%%3D+%%d", calm, year)
  return wrk.format("GET", string.format("/v1/similar?seed=t%%d&k=20&columns=artist&where=%%s", seed, where))
end
if pause > 0 then delay = function() return math.random(0, 2 * pause) end end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect,
    latency:percentile(50), latency:percentile(99), latency.max))
end
"""


def main() -> None:
    """Measure one size, and add it to the stored results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "moodrec-serve")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--beside", default="qdrant-edge")
    options = parser.parse_args()
    found = measured(options.rows, options.cache, options.seconds)
    if options.beside:
        found["beside"] = beside(options.beside, found, options.rows, options.cache, options.seconds)
    stored = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    packages = ("fastapi", "uvicorn", "httptools", "uvloop", "faiss-cpu")
    stored[str(options.rows)] = found | {"machine": machine_report(*packages)}
    write_atomically(RESULT, json.dumps(stored, indent=1).encode() + b"\n")
    print(json.dumps(stored[str(options.rows)], indent=1))


def measured(rows: int, cache: Path, seconds: int) -> dict[str, Any]:
    """Measure ``moodrec serve``.

    Args:
        rows: of the catalogue.
        cache: where catalogues and indexes are kept.
        seconds: of each part.
    """
    index, found = _index(rows, cache), dict[str, Any](rows=rows)
    command = [sys.executable, "-m", "moodrec", "serve", str(index), "--rate", "0", "--quiet"]
    for part in ("cold", "first_answer_s"):  # the first start reads the files into the system's cache
        with serving(command) as (server, port, started):
            found[part] = round(_first_answer(port, started), 2)
            if part == "first_answer_s":
                found["recall"] = round(_recall(port, rows, cache), 4)
                found |= _under_load(server, port, rows, seconds)
    del found["cold"]
    return found


def beside(name: str, ours: dict[str, Any], rows: int, cache: Path, seconds: int) -> dict[str, Any]:
    """Measure another system behind a FastAPI application.

    Args:
        name: of the system.
        ours: what ``measured`` found, whose recall it must reach.
        rows: of the catalogue.
        cache: where catalogues and indexes are kept.
        seconds: of each part.
    """
    kind = peer_class(name)
    if lacking := missing(kind):
        raise SystemExit(f"pip install {' '.join(lacking)}, or --beside '' to measure moodrec alone")
    command = [sys.executable, "-m", "benchmarks.serve.shell", name, "--data", str(cache)]
    command += ["--rows", str(rows), "--recall", str(ours["recall"])]
    with serving(command) as (server, port, started):
        _first_answer(port, started, 6 * 3600)  # it may be building
        found: dict[str, Any] = {"system": name, "recall": round(_recall(port, rows, cache), 4)}
        found |= _under_load(server, port, rows, seconds)
    mine, theirs = ours["throughput"], found["throughput"]
    found["moodrec_times_as_fast"] = round(mine["requests_per_second"] / theirs["requests_per_second"], 2)
    return found | {"versions": versions(kind)}


@contextmanager
def serving(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """A server as long as the block: its process, its port, and when it was started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    server = subprocess.Popen([*command, "--port", str(port)])
    try:
        yield server, port, started
    finally:
        server.terminate()
        server.wait(20)


def _index(rows: int, cache: Path) -> Path:
    folder = cache / f"index-{rows}"
    if not (folder / "CURRENT").exists():
        data = load_data("clustered", rows, cache)
        MoodIndex.build(data.vectors, data.table, data.moods, "auto").save(folder)
    return folder


def _under_load(server: subprocess.Popen[bytes], port: int, rows: int, seconds: int) -> dict[str, Any]:
    _wrk(port, rows, 3, 4, 0)  # warms up
    before = _processor_s(server.pid)
    throughput = _wrk(port, rows, seconds, 4, 0)
    spent = _processor_s(server.pid) - before
    return {
        "memory_mb": _memory_mb(server.pid),
        "throughput": throughput,
        "requests_per_core_second": round(throughput["requests"] / max(spent, 0.01), 1),
        "steady": _wrk(port, rows, seconds, _CONNECTIONS, 1000 * _CONNECTIONS // PACE),
    }


def _recall(port: int, rows: int, cache: Path) -> float:
    """The share of the true 20 nearest that answers hold, on the questions that other systems are tuned by."""
    data, rng = load_data("clustered", rows, cache), np.random.default_rng(1)
    columns = Columns.of(data.table)
    asked = [question(rng, rows) for _ in range(QUESTIONS)]
    answers = []
    for seed, where in asked:
        query = urllib.parse.urlencode({"seed": f"t{seed}", "k": 20, "columns": "artist", "where": where})
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/similar?{query}") as answer:
            tracks = json.load(answer)["tracks"]
        answers.append(np.array([int(track["track_id"][1:]) for track in tracks], np.int64))
    return recall_of(answers, [exact(data, columns, *one) for one in asked])


def _first_answer(port: int, started: float, patience_s: float = 120) -> float:
    where = urllib.parse.quote("calm >= 0.500 AND year >= 1990")
    url = f"http://127.0.0.1:{port}/v1/similar?seed=t1&k=20&columns=artist&where={where}"
    while time.perf_counter() - started < patience_s:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                answer.read()
            return time.perf_counter() - started
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the server does not answer")


def _wrk(port: int, rows: int, seconds: int, connections: int, pause_ms: int) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % (rows, pause_ms))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        )
    match = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if match is None:
        raise RuntimeError(f"wrk printed no result:\n{done.stdout}")
    requests, micros, errors, p50, p99, most = map(int, match.groups())
    return {
        "requests": requests,
        "errors": errors,
        "requests_per_second": round(requests / micros * 1e6, 1),
        "p50_ms": p50 / 1000,
        "p99_ms": p99 / 1000,
        "max_ms": most / 1000,
    }


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return {
        "resident": sizes["Rss"] // 1024,
        "private": (sizes["Private_Clean"] + sizes["Private_Dirty"]) // 1024,
    }


if __name__ == "__main__":
    main()
