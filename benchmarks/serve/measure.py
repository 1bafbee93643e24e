"""How fast ``moodrec serve`` answers: throughput, and times at a steady pace, with another filter every request.

    python -m benchmarks.serve.measure --rows 100000 [--cache FOLDER] [--seconds 10]

The catalogue is ``clustered`` of the search benchmarks. `wrk` (``apt-get install wrk``) runs on the same cores. Each
request is ``GET /v1/similar`` for another track under another condition on mood and year, so that nothing can be
kept. Throughput is that of four connections without pause; the steady pace is fifty requests a second from ten
connections. Adds to benchmarks/results/serve.json.
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
import urllib.request
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from benchmarks.search.data import load_data
from moodrec.files import write_atomically
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
if pause > 0 then delay = function() return pause end end
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
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    index = _index(options.rows, options.cache)
    found = _measured(index, options.rows, options.seconds)
    stored = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    stored[str(options.rows)] = found | {"machine": machine_report("fastapi", "uvicorn", "faiss-cpu")}
    write_atomically(RESULT, json.dumps(stored, indent=1).encode() + b"\n")
    print(json.dumps(stored[str(options.rows)], indent=1))


def _index(rows: int, cache: Path) -> Path:
    folder = cache / f"index-{rows}"
    if not (folder / "CURRENT").exists():
        data = load_data("clustered", rows, cache)
        MoodIndex.build(data.vectors, data.table, data.moods, "auto").save(folder)
    return folder


def _measured(index: Path, rows: int, seconds: int) -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "moodrec",
        "serve",
        str(index),
        "--port",
        str(port),
        "--rate",
        "0",
        "--quiet",
    ]
    started = time.perf_counter()
    server = subprocess.Popen(command)
    try:
        first = _first_answer(port, started)
        _wrk(port, rows, 3, 4, 0)  # warms up
        before = _processor_s(server.pid)
        throughput = _wrk(port, rows, seconds, 4, 0)
        spent = _processor_s(server.pid) - before
        pace = _wrk(port, rows, seconds, _CONNECTIONS, 1000 * _CONNECTIONS // PACE)
        return {
            "rows": rows,
            "first_answer_s": round(first, 2),
            "memory_mb": _memory_mb(server.pid),
            "throughput": throughput,
            "requests_per_core_second": round(throughput["requests"] / max(spent, 0.01), 1),
            "steady": pace,
        }
    finally:
        server.terminate()
        server.wait(20)


def _first_answer(port: int, started: float) -> float:
    url = f"http://127.0.0.1:{port}/v1/similar?seed=t1&k=20"
    while time.perf_counter() - started < 120:
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
