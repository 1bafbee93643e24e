"""Everything that a server must survive, against a running ``moodrec serve``: no answer is a 5xx, nothing is lost.

    pip install schemathesis
    python -m benchmarks.serve.abuse [--conditions 10000] [--examples 200] [--only PART ...]

It serves a library of tones that it analyses, and sends: odd conditions, of which each must be answered or refused
with 400; paths that climb out of every folder, which must find nothing; what Schemathesis makes up from the OpenAPI
document, with ids of real tracks (real_ids.py); hundreds of clients that stall; a body that never ends; and it kills
the processes that analyse. A part that is done is stored at once, so that a run that was cut off goes on with
``--only``. Writes benchmarks/results/reliability/serve.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import soundfile

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS, ROOT
from benchmarks.serve.fuzz import sent, traversals
from moodrec.files.replacing import write_atomically
from moodrec.library.library import Library

RESULT: Final = RESULTS / "reliability" / "serve.json"
TRACKS: Final = 12
STALLED: Final = 300
KILLS: Final = 5
CHECKS: Final = (
    "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance"
)
_STREAMS: Final = "/v1/events"
_SLOW_BODY: Final = (
    b"POST /v1/similar HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
)


@dataclass(frozen=True)
class Served:
    """A server over a library, and what it was started with."""

    client: httpx.Client
    pid: int
    library: Path
    music: Path
    conditions: int
    examples: int

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return str(self.client.base_url.host), int(self.client.base_url.port or 0)


def main() -> None:
    """Run the parts, and store what came out of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conditions", type=int, default=10_000)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library, music = prepared(Path(folder))
        for name in options.only:
            with serving(library, music, options.conditions, options.examples) as served:
                found = PARTS[name](served)
            stored = json.loads(RESULT.read_text()) if RESULT.exists() else {}
            stored[name] = found
            stored["machine"] = machine_report("fastapi", "uvicorn", "httptools")
            write_atomically(RESULT, json.dumps(stored, indent=1).encode() + b"\n")
            print(name, json.dumps(found, indent=1), flush=True)
    broken = [name for name, found in stored.items() if name in PARTS and found["broken"]]
    if broken:
        raise SystemExit(f"broken: {', '.join(broken)}")


def prepared(folder: Path) -> tuple[Path, Path]:
    """Make a library of tones, and return its folder and that of its music.

    Args:
        folder: an empty one.
    """
    library, music = folder / "library", folder / "music"
    tones(music / "first", TRACKS)
    moodrec = [sys.executable, "-m", "moodrec"]
    subprocess.run([*moodrec, "analyze", str(music), "--library", str(library), "--quiet"], check=True)
    return library, music


def tones(folder: Path, n: int, first: int = 0) -> None:
    """Write seven seconds of three partials each.

    Args:
        folder: where to.
        n: so many files.
        first: number of the first.
    """
    folder.mkdir(parents=True)
    at = np.arange(7 * 22_050) / 22_050
    for number in range(first, first + n):
        pitch = 80.0 * 1.06**number
        wave = sum(np.sin(2 * np.pi * pitch * part * at) / part for part in (1, 2, 3))
        soundfile.write(folder / f"tone {number}.wav", 0.2 * wave, 22_050)


@contextmanager
def serving(library: Path, music: Path, conditions: int, examples: int) -> Iterator[Served]:
    """A server as long as the block.

    Args:
        library: its folder.
        music: that may be analysed.
        conditions: to send.
        examples: of Schemathesis for each endpoint.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moodrec", "serve", str(library), "--music", str(music), "--rate", "0"]
    server = subprocess.Popen([*command, "--port", str(port), "--quiet"])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            give_up = time.monotonic() + 60
            while not _is_ready(client):
                if time.monotonic() > give_up:
                    raise TimeoutError("the server does not answer")
                time.sleep(0.1)
            yield Served(client, server.pid, library, music, conditions, examples)
            if server.poll() is not None:
                raise RuntimeError(f"the server has ended with {server.returncode}")
    finally:
        server.terminate()
        server.wait(20)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def odd_conditions(served: Served) -> dict[str, Any]:
    """Send conditions; each is answered, or refused with 400."""
    return sent(served.client, served.conditions)


def climbing_paths(served: Served) -> dict[str, Any]:
    """Send paths that climb; each is a 404."""
    answers = {path: served.client.get(path) for path in traversals()}
    broken = [path for path, one in answers.items() if one.status_code != 404 or b"root:" in one.content]
    return {"paths": len(answers), "broken": broken}


def made_up_requests(served: Served) -> dict[str, Any]:
    """Run Schemathesis over the OpenAPI document, with the ids of real tracks."""
    tracks = served.client.get("/v1/tracks").json()["tracks"]
    ids = json.dumps([track["track_id"] for track in tracks])
    given = os.environ | {"SCHEMATHESIS_HOOKS": "benchmarks.serve.real_ids", "MOODREC_REAL_IDS": ids}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.ndjson"
        command = [str(Path(sys.executable).parent / "schemathesis"), "run", "--checks", CHECKS]
        command += ["--max-examples", str(served.examples), "--seed", "1", "--exclude-path", _STREAMS]
        command += ["--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "60"]
        command += ["--report-ndjson-path", str(report), f"{served.client.base_url}/v1/openapi.json"]
        done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=False)
        statuses, operations = _statuses(report)
    failures = re.findall(r"^- (?:Server error|.*(?:violates|Undocumented).*)$", done.stdout, re.MULTILINE)
    five = sum(count for status, count in statuses.items() if status.startswith("5"))
    broken = sorted(set(failures)) + ([f"{five} answers of 5xx"] if five else [])
    if done.returncode or not statuses:
        print(done.stdout, done.stderr)
        broken.append(f"schemathesis ended with {done.returncode}")
    return {
        "operations": operations,
        "requests": sum(statuses.values()),
        "statuses": dict(sorted(statuses.items())),
        "broken": broken,
    }


def _statuses(report: Path) -> tuple[Counter[str], int]:
    """How often each status was answered, and how many operations were called, from Schemathesis's report."""
    statuses: Counter[str] = Counter()
    labels = set()
    for line in report.read_text().splitlines() if report.exists() else ():
        event = json.loads(line)
        for recorder in _found(event, "recorder"):
            labels.add(recorder.get("label"))
            for one in _found(recorder, "response"):
                if isinstance(one, dict) and "status_code" in one:
                    statuses[str(one["status_code"])] += 1
    return statuses, len(labels)


def _found(document: Any, name: str) -> Iterator[Any]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == name:
                yield value
            else:
                yield from _found(value, name)
    elif isinstance(document, list):
        for one in document:
            yield from _found(one, name)


def stalling_clients(served: Served) -> dict[str, Any]:
    """Open hundreds of connections that send half a request; ``/healthz`` and searches answer all the while."""
    seed = served.client.get("/v1/tracks").json()["tracks"][0]["track_id"]
    stalled = [socket.create_connection(served.address) for _ in range(STALLED)]
    for number, one in enumerate(stalled):
        one.sendall(b"GET /v1/tracks HT" if number % 2 else _SLOW_BODY)
    health: list[float] = []
    searches: list[float] = []
    broken = []
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for times, place in ((health, "/healthz"), (searches, f"/v1/similar?seed={seed}")):
            started = time.perf_counter()
            status = served.client.get(place).status_code
            times.append(time.perf_counter() - started)
            if status != 200:
                broken.append(f"{place}: {status}")
        time.sleep(0.05)
    for one in stalled:
        one.close()
    return {
        "stalled": len(stalled),
        "health_ms": {"p50": _ms(health), "max": round(1000 * max(health), 1)},
        "searches_ms": {"p50": _ms(searches), "max": round(1000 * max(searches), 1)},
        "broken": broken,
    }


def _ms(times: list[float]) -> float:
    return round(1000 * statistics.median(times), 1)


def endless_body(served: Served) -> dict[str, Any]:
    """Send a body byte by byte; the server cuts it."""
    limit = served.client.get("/v1/stats").json()["limits"]["request_s"]
    with socket.create_connection(served.address) as one:
        one.sendall(_SLOW_BODY)
        started = time.monotonic()
        one.settimeout(1)
        answer = b""
        while not answer and time.monotonic() - started < 3 * limit:
            try:
                one.sendall(b" ")
                answer = one.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
        took = time.monotonic() - started
    cut = b" 408 " in answer and took < limit + 5
    return {"limit_s": limit, "cut_after_s": round(took, 1), "broken": [] if cut else [answer.decode()]}


def killed_workers(served: Served) -> dict[str, Any]:
    """Kill what analyses, again and again; what the library has acknowledged stays, and the rest is done at last."""
    broken: list[str] = []
    kept = []
    tones(served.music / "more", 40, TRACKS)
    for number in range(KILLS):
        job = served.client.post("/v1/jobs", json={"folders": ["more"]}).json()
        while _job(served, job)["done"] < 3 and _job(served, job)["ended"] is None:
            time.sleep(0.02)
        before = _known(served)
        for worker in _workers(served.pid):
            os.kill(worker, signal.SIGKILL)
        while (state := _job(served, job))["ended"] is None:
            time.sleep(0.05)
        kept.append(len(_known(served)))
        if not before <= _known(served):
            broken.append(f"kill {number}: {len(before - _known(served))} files lost")
        if state["state"] not in ("failed", "done"):
            broken.append(f"kill {number}: the job is {state['state']}")
        if served.client.get("/v1/tracks").status_code != 200:
            broken.append(f"kill {number}: the server does not answer")
    job = served.client.post("/v1/jobs", json={"folders": ["more"]}).json()
    while (state := _job(served, job))["ended"] is None:
        time.sleep(0.05)
    if state["state"] != "done" or len(_known(served)) != TRACKS + 40:
        broken.append(f"at the end the job is {state['state']}, with {len(_known(served))} files")
    return {"kills": KILLS, "files after each kill": kept, "broken": broken}


def _job(served: Served, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = served.client.get(f"/v1/jobs/{job['id']}").json()
    return found


def _known(served: Served) -> set[Path]:
    with Library.open(served.library) as library:
        return set(library.files())


def _workers(parent: int) -> list[int]:
    """The processes of a server that analyse music."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            text = (place / "cmdline").read_bytes()
            above = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"moodrec.serve.worker" in text and above == parent:
            found.append(int(place.name))
    return found


PARTS: Final[dict[str, Callable[[Served], dict[str, Any]]]] = {
    "conditions": odd_conditions,
    "paths": climbing_paths,
    "schemathesis": made_up_requests,
    "stalling": stalling_clients,
    "endless": endless_body,
    "kills": killed_workers,
}


if __name__ == "__main__":
    main()
