"""How the cost of a search grows with the catalogue, with one setting (preset ``auto``).

    python -m benchmarks.search.growth --cache DIR --data clustered

Catalogues of 10,000 to a million tracks; ``--n`` takes others, 3000000 and 10000000 too (the last needs some 25 GB of
disk and 16 GB of memory to build). Questions as in benchmarks/search/filtered.py, in rounds over the sizes.
The result is benchmarks/results/search/growth-<data>.json; a size that is there is not measured again, unless the
code of the search has changed or ``--again`` says so.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import ONE_SETTING
from benchmarks.search.asked import Asked, K
from benchmarks.search.building import ensure_built, source_hash, tell
from benchmarks.search.cells import Cell, QuestionMaker
from benchmarks.search.data import DIM, NAMES, load_data
from benchmarks.search.results import FOLDER, result_file
from benchmarks.search.terms import Columns
from benchmarks.search.worker import Answer, Place, Worker

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
CELLS = (Cell(1.0, "none", 0), Cell(0.1, "random", 1), Cell(0.1, "opposes", 1), Cell(0.01, "random", 1))
SYSTEM = "moodrec"
_STARTS = 5


class Size:
    """moodrec over a catalogue of one size, and the questions to ask it."""

    def __init__(self, place: Place, seed: int, count: int) -> None:
        self.place = place
        data = load_data(place.data, place.n, place.cache)
        columns = Columns.of(data.table)
        maker = QuestionMaker(data, columns, seed)
        self.built = ensure_built(place)
        self.asked = {cell: Asked.of(maker, columns, cell, count) for cell in CELLS}
        self._worker = Worker(place)
        self._worker.open()

    def ask(self, cell: Cell) -> list[Answer]:
        """One round."""
        return self._worker.ask(self.asked[cell].questions, K, ONE_SETTING, 10.0)

    def report(self, rounds: dict[Cell, list[list[Answer]]]) -> dict[str, Any]:
        """What the rounds gave, and what the index takes."""
        cells = {
            cell.name: asdict(cell) | self.asked[cell].summary(answers) for cell, answers in rounds.items()
        }
        memory = self._worker.memory_mb()
        return {"cells": cells, "build": self.built, "memory": memory, "first_answer_s": self._first_answer()}

    def _first_answer(self) -> float:
        """Wall seconds of ``moodrec similar ID`` in a process of its own, from start to end: median of five."""
        command = [sys.executable, "-m", "moodrec", "similar", "t5", "--k", "10", "--library"]
        command.append(str(self.place.folder / "index"))
        times = []
        for _ in range(_STARTS):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return round(statistics.median(times), 2)

    def close(self) -> None:
        """End the process."""
        self._worker.close()


def measure(places: Sequence[Place], seed: int, questions: int, rounds: int) -> dict[str, Any]:
    """A report by size."""
    sizes = {place.n: Size(place, seed, questions) for place in places}
    answers: dict[int, dict[Cell, list[list[Answer]]]] = {n: {cell: [] for cell in CELLS} for n in sizes}
    for number in range(rounds + 1):
        for cell in CELLS:
            for n, size in sizes.items():
                found = size.ask(cell)
                if number:  # the first warms up
                    answers[n][cell].append(found)
    reports = {str(n): size.report(answers[n]) for n, size in sizes.items()}
    for size in sizes.values():
        size.close()
    return reports


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the sizes that are missing."""
    given = parser().parse_args(arguments)
    facts = {"data": given.data, "dim": DIM, "k": K, "seed": given.seed, "questions": given.questions}
    file = result_file(given.out or FOLDER / f"growth-{given.data}.json", facts)
    sizes: dict[str, Any] = {} if given.again else file.document.get("sizes", {})
    wanted = [n for n in given.n if sizes.get(str(n), {}).get("build", {}).get("source") != source_hash()]
    places = [Place(SYSTEM, given.data, n, given.cache.resolve()) for n in wanted]
    if places:
        file.note_machine("growth", "moodrec", "faiss-cpu", "numpy")
        sizes |= measure(places, given.seed, given.questions, given.rounds)
        file.document["sizes"] = dict(sorted(sizes.items(), key=lambda item: int(item[0])))
        file.save()
    for n, report in file.document["sizes"].items():
        shown = ", ".join(f"{name} {cell['cpu_ms']:.2f} ms" for name, cell in report["cells"].items())
        tell(f"{int(n):,}: {shown}")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(description="How the cost of a search grows with the catalogue.")
    found.add_argument("--cache", type=Path, required=True, help="of catalogues and built indexes")
    found.add_argument("--data", choices=NAMES, default="clustered")
    found.add_argument("--n", type=int, nargs="+", default=SIZES)
    found.add_argument("--seed", type=int, default=0, help="of the questions")
    found.add_argument("--questions", type=int, default=60, help="a cell")
    found.add_argument("--rounds", type=int, default=5)
    found.add_argument("--again", action="store_true", help="measure what is there again")
    found.add_argument("--out", type=Path, help="the result")
    return found


if __name__ == "__main__":
    main()
