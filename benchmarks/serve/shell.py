"""Another system behind a FastAPI application: the questions and answers of ``benchmarks.serve.measure``.

    python -m benchmarks.serve.shell qdrant-edge --data FOLDER --rows 100000 --port 8000

It is the least that such a service can be: one endpoint, no limits, no headers of its own. uvicorn runs it as it runs
moodrec. The system is built once, below ``--data``, and is asked at the first of its settings whose recall at 20
reaches ``--recall`` on a hundred questions.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

from benchmarks.peers.peer import Peer, Rows, Setting
from benchmarks.peers.registry import peer_class
from benchmarks.search.data import SearchData, load_data
from benchmarks.search.terms import Columns, Filter, Term
from moodrec.serve.documents import encoded

K: Final = 20
QUESTIONS: Final = 100
_CONDITION: Final = re.compile(r"calm >= ([0-9.]+) AND year >= ([0-9]+)")
Search = Callable[[int, Filter, int], Rows]


def question(rng: np.random.Generator, rows: int) -> tuple[int, str]:
    """Make a question as wrk asks it: the row of a seed, and a condition.

    Args:
        rng: the source of chance.
        rows: of the catalogue.
    """
    calm, year = int(rng.integers(0, 901)) / 1000, int(rng.integers(1960, 2011))
    return int(rng.integers(rows)), f"calm >= {calm:.3f} AND year >= {year}"


def exact(data: SearchData, columns: Columns, seed: int, where: str) -> Rows:
    """The true answer to a question, from a scan.

    Args:
        data: the catalogue.
        columns: its columns.
        seed: a row.
        where: the condition.
    """
    keep = np.flatnonzero(read(where).mask(columns))
    keep = keep[keep != seed]
    scores = np.asarray(data.vectors)[keep] @ data.vectors[seed]
    best: Rows = keep[np.argsort(-scores, kind="stable")[:K]]
    return best


def read(where: str) -> Filter:
    """Read the one form of condition that is asked.

    Raises:
        ValueError: it has another form.
    """
    found = _CONDITION.fullmatch(where)
    if found is None:
        raise ValueError(f"not a condition of the benchmark: {where!r}")
    return Filter((Term("calm", ">=", (float(found[1]),)), Term("year", ">=", (int(found[2]),))))


def recall_of(answers: list[Rows], truth: list[Rows]) -> float:
    """The share of the true neighbours that the answers hold.

    Args:
        answers: rows by question.
        truth: rows by question.
    """
    hits = sum(len(np.intersect1d(found, right)) for found, right in zip(answers, truth, strict=True))
    return hits / sum(map(len, truth))


def built(name: str, data: SearchData, folder: Path) -> Peer:
    """Open a system, which is built where it was not.

    Args:
        name: of the system.
        data: the catalogue.
        folder: where it lies.
    """
    peer = peer_class(name)()
    if not (folder / "built").exists():
        folder.mkdir(parents=True, exist_ok=True)
        peer.build(data, folder)
        (folder / "built").touch()
    peer.open(data, Columns.of(data.table), folder)
    return peer


def tuned(peer: Peer, data: SearchData, least: float) -> tuple[Setting, float]:
    """The cheapest setting that reaches a recall, and the recall that it has.

    Args:
        peer: the opened system.
        data: the catalogue.
        least: the recall.
    """
    columns, rng = Columns.of(data.table), np.random.default_rng(1)
    asked = [question(rng, len(data)) for _ in range(QUESTIONS)]
    truth = [exact(data, columns, *one) for one in asked]
    best = (Setting("", 0), 0.0)
    for setting in peer.families(len(data))[0]:
        search = searching(peer, data, setting)
        best = (setting, recall_of([search(seed, read(where), K) for seed, where in asked], truth))
        if best[1] >= least:
            break
    return best


def searching(peer: Peer, data: SearchData, setting: Setting) -> Search:
    """A function from a seed, a filter and a number to rows without the seed.

    Args:
        peer: the opened system.
        data: the catalogue.
        setting: of its knob.
    """

    def search(seed: int, wanted: Filter, k: int) -> Rows:
        found = peer.rows(peer.search(data.vectors[seed], peer.prepare(wanted), k + 1, setting))
        others: Rows = found[found != seed][:k]
        return others

    return search


def application(search: Search, data: SearchData) -> FastAPI:
    """Make the service.

    Args:
        search: finds rows.
        data: the catalogue.
    """
    app, artists, vectors = FastAPI(), data.table["artist"].combine_chunks(), data.vectors

    @app.get("/v1/similar")
    def similar(seed: str, where: str, k: int = K, columns: str = "artist") -> Response:
        row = int(seed[1:])
        rows = search(row, read(where), k)
        scores = np.asarray(vectors[rows]) @ vectors[row]
        names = artists.take(rows.tolist()).to_pylist() if len(rows) else []
        places = zip(rows.tolist(), scores.tolist(), names, strict=True)
        tracks: list[dict[str, Any]] = [
            {"rank": rank, "track_id": f"t{one}", "score": round(score, 6), "artist": name}
            for rank, (one, score, name) in enumerate(places, 1)
        ]
        return Response(encoded({"count": len(tracks), "tracks": tracks}), media_type="application/json")

    return app


def main() -> None:
    """Build or open a system, tune it, and serve it until the process is told to end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--recall", type=float, default=0.95)
    options = parser.parse_args()
    data = load_data("clustered", options.rows, options.data)
    peer = built(options.system, data, options.data / f"{options.system}-{options.rows}")
    setting, recall = tuned(peer, data, options.recall)
    print(f"TUNED {setting}: {recall:.4f}", flush=True)
    app = application(searching(peer, data, setting), data)
    uvicorn.run(app, port=options.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
