"""Filtered search: moodrec beside other systems.

Filters pass 100, 50, 10, 1 and 0.1 % of the tracks, and agree with the seed, oppose it, or have nothing to do with
it.

    python -m benchmarks.search.filtered --cache DIR --data clustered --n 100000

Needs ``pip install -r benchmarks/peers/requirements.txt``; what is not installed is left out and the result says so.
``--cache`` holds catalogues and built indexes (some 8 GB for a million rows), made once. The stages may be run apart:
``build``, ``tune`` and ``measure``; only the last one needs an idle machine. A stage goes on where it was stopped.
What was built by another version, or by other code of moodrec, is built, tuned and measured again;
``--again moodrec`` measures a system again that is as it was.

A time is processor time of all threads of the system's process for one query, everything limited to one thread; for
moodrec from the text of the filter to the ids, one setting everywhere. Every other system is tuned for each cell with
hindsight: the smallest setting that reaches recall@10 of 0.97 on the very questions asked, or else its best. Where a
system takes a mask, NumPy makes it and its time counts. Parsed filters are kept by all; masks and results by none.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.registry import SYSTEMS
from benchmarks.search.asked import K
from benchmarks.search.cells import all_cells
from benchmarks.search.data import DIM, NAMES
from benchmarks.search.results import result_file, search_path
from benchmarks.search.session import Plan, Session

STAGES = ("build", "tune", "measure")
QUESTIONS = 100
MANY_ROWS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stages asked for."""
    given = parser().parse_args(arguments)
    questions = given.questions or (QUESTIONS if given.n < MANY_ROWS else QUESTIONS // 2)
    plan = Plan(given.data, given.n, given.cache.resolve(), given.seed, questions, given.rounds, given.budget)
    facts = {
        "data": plan.data,
        "n": plan.n,
        "dim": DIM,
        "k": K,
        "seed": plan.seed,
        "questions": plan.questions,
    }
    file = result_file(given.out or search_path(plan.data, plan.n), facts)
    for name in given.again:
        file.forget(name)
    for name in given.tune_again:
        file.forget_tuning(name)
    cells = [cell for cell in all_cells() if not given.cells or cell.name in given.cells]
    for stage in given.stages:
        session = Session(plan, file, cells, given.systems)
        file.note_machine(stage, "numpy", "pyarrow")
        {"build": session.build, "tune": session.tune, "measure": session.measure}[stage]()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(description="Filtered search: moodrec beside other systems.")
    found.add_argument("--cache", type=Path, required=True, help="of catalogues and built indexes")
    found.add_argument("--data", choices=NAMES, required=True)
    found.add_argument("--n", type=int, required=True)
    found.add_argument("--seed", type=int, default=0, help="of the questions")
    found.add_argument(
        "--questions", type=int, help="a cell: 100, and 50 from a million rows on, if not given"
    )
    found.add_argument("--rounds", type=int, default=3)
    found.add_argument(
        "--budget", type=float, default=2.0, help="seconds a system may take for one round of a cell"
    )
    found.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    found.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    found.add_argument("--cells", nargs="+", default=[], help="names of cells; all, if none is given")
    found.add_argument("--again", nargs="+", choices=list(SYSTEMS), default=[], help="measure these again")
    found.add_argument(
        "--tune-again", nargs="+", choices=list(SYSTEMS), default=[], help="tune these again, too"
    )
    found.add_argument(
        "--out", type=Path, help="the result, instead of benchmarks/results/search/<data>-<n>.json"
    )
    return found


if __name__ == "__main__":
    main()
