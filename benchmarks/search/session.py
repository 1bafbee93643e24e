"""The run over one catalogue: build, tune, measure, each step resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_report
from benchmarks.peers.peer import Setting
from benchmarks.peers.registry import missing, peer_class, versions
from benchmarks.search.asked import Asked, K
from benchmarks.search.building import ensure_built, tell
from benchmarks.search.cells import Cell, QuestionMaker
from benchmarks.search.data import load_data
from benchmarks.search.results import ResultFile, rounded
from benchmarks.search.terms import Columns
from benchmarks.search.tuning import Trial, tune
from benchmarks.search.worker import Answer, Place, Worker, WorkerError


@dataclass(frozen=True)
class Plan:
    """How much is asked."""

    data: str
    n: int
    cache: Path
    seed: int = 0
    questions: int = 100
    rounds: int = 3
    budget_s: float = 2.0
    """Wall time that a system may take in one round of one cell, or in one trial of tuning."""
    limit_ms: float = 100.0
    """Tuning gives up on settings that take longer a query."""


class Session:
    """Systems over one catalogue, whose results go to a file."""

    def __init__(self, plan: Plan, file: ResultFile, cells: Sequence[Cell], systems: Sequence[str]) -> None:
        self._plan, self._file, self._cells = plan, file, cells
        data = load_data(plan.data, plan.n, plan.cache)
        self._columns = Columns.of(data.table)
        self._maker = QuestionMaker(data, self._columns, plan.seed)
        self._systems = [name for name in systems if self._usable(name)]
        self._workers: dict[str, Worker] = {}

    def _usable(self, name: str) -> bool:
        kind, said = peer_class(name), self._file.system(name)
        said.update(kind=kind.kind, note=kind.note)
        for past in ("skipped", "failed"):
            said.pop(past, None)
        if absent := missing(kind):
            said["skipped"] = f"not installed: {', '.join(absent)}"
            tell(f"{name}: {said['skipped']}")
            return False
        said["versions"] = versions(kind)
        return True

    def build(self) -> None:
        """Build what is not built yet, one system at a time."""
        for name in list(self._systems):
            self._guarded(name, self._build)
        self._file.save()

    def _build(self, name: str) -> None:
        built, said = ensure_built(self._place(name)), self._file.system(name)
        if said.get("build", built) != built:  # built anew: what was measured is of another index
            self._file.forget_tuning(name)
        said["build"] = built
        self._file.save()

    def _place(self, name: str) -> Place:
        return Place(name, self._plan.data, self._plan.n, self._plan.cache)

    def tune(self) -> None:
        """Find each system's setting for each cell; not timed for comparison."""
        for cell in self._cells:
            todo = [name for name in self._systems if name not in self._file.cell(cell.name)["tuned"]]
            if not todo:
                continue
            asked = self._asked(cell)
            for name in todo:
                self._guarded(name, partial(self._tune, cell=cell, asked=asked))
        self._close()

    def _tune(self, name: str, cell: Cell, asked: Asked) -> None:
        families = peer_class(name)().families(self._plan.n)
        attempt = asked.trying(self._opened(name), self._plan.budget_s)
        found = tune(families, attempt, self._plan.limit_ms)
        tell(
            f"{cell.name}: {name} {found.best.setting} recall {found.best.recall:.3f} {found.best.cpu_ms:.2f} ms"
        )
        said = {"setting": asdict(found.best.setting), "recall": rounded(found.best.recall)}
        said |= {"reached": found.reached, "trials": _curves(found.trials)}
        self._file.cell(cell.name)["tuned"][name] = said
        self._file.save()

    def measure(self) -> None:
        """Measure every cell in rounds over the systems, so that what disturbs the machine disturbs all alike."""
        todo = {cell: self._unmeasured(cell) for cell in self._cells}
        for name in [name for name in self._systems if any(name in names for names in todo.values())]:
            self._guarded(name, self._opened)
        for cell, names in todo.items():
            if ready := [name for name in names if name in self._workers]:
                self._measure(cell, ready)
        for name in list(self._workers):
            self._guarded(name, self._note_memory)
        self._file.save()
        self._close()

    def _unmeasured(self, cell: Cell) -> list[str]:
        said = self._file.cell(cell.name)
        return [name for name in self._systems if name in said["tuned"] and name not in said["measured"]]

    def _measure(self, cell: Cell, names: Sequence[str]) -> None:
        asked, said = self._asked(cell), self._file.cell(cell.name)
        said |= asdict(cell) | asked.facts()
        rounds: dict[str, list[list[Answer]]] = {name: [] for name in names}
        for number in range(-1, self._plan.rounds):  # the first warms up
            budget = self._plan.budget_s / (4 if number < 0 else 1)
            shift = number % len(names)
            for name in [*names[shift:], *names[:shift]]:
                setting = Setting(**said["tuned"][name]["setting"])

                def ask(one: str, setting: Setting = setting, budget: float = budget) -> None:
                    rounds[one].append(self._workers[one].ask(asked.questions, K, setting, budget))

                self._guarded(name, ask)
        load = machine_report()["load"]
        done = [name for name in names if len(rounds[name]) == self._plan.rounds + 1]
        said["measured"] |= {name: asked.summary(rounds[name][1:]) | {"load": load} for name in done}
        self._file.save()
        shown = ", ".join(f"{name} {said['measured'][name]['cpu_ms']:.2f}" for name in done)
        tell(f"{cell.name}: CPU-ms {shown}")

    def _note_memory(self, name: str) -> None:
        self._file.system(name)["memory"] = self._workers[name].memory_mb()

    def _asked(self, cell: Cell) -> Asked:
        return Asked.of(self._maker, self._columns, cell, self._plan.questions)

    def _opened(self, name: str) -> Worker:
        if name not in self._workers:
            self._workers[name] = Worker(self._place(name))
            self._file.system(name)["open"] = self._workers[name].open()
        return self._workers[name]

    def _guarded(self, name: str, step: Callable[[str], Any]) -> None:
        """Do a step; a system that fails is noted and left out from then on."""
        if name not in self._systems:
            return
        try:
            step(name)
        except WorkerError as error:
            tell(f"{name}: {error}")
            self._file.system(name)["failed"] = str(error)
            self._systems.remove(name)
            self._workers.pop(name, None)
            self._file.save()

    def _close(self) -> None:
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()


def _curves(trials: Sequence[Trial]) -> dict[str, list[list[float]]]:
    """By knob: value, recall and CPU-ms of each trial."""
    found: dict[str, list[list[float]]] = {}
    for trial in trials:
        point = [trial.setting.value, rounded(trial.recall), rounded(trial.cpu_ms)]
        found.setdefault(trial.setting.knob, []).append(point)
    return found
