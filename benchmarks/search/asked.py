"""The questions of a cell with their exact answers, and what a system made of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.peer import Setting
from benchmarks.search.cells import Cell, Question, QuestionMaker
from benchmarks.search.results import rounded
from benchmarks.search.terms import Columns
from benchmarks.search.truth import Truth, Verdict, judge, truths
from benchmarks.search.tuning import Trial
from benchmarks.search.worker import Answer, Worker

K: Final = 10
_FIRST_LOOK: Final = 10


@dataclass(frozen=True, eq=False)
class Asked:
    """Some questions, asked of one system after another."""

    vectors: NDArray[np.float32]
    questions: Sequence[Question]
    truths: Sequence[Truth]

    @classmethod
    def of(cls, maker: QuestionMaker, columns: Columns, cell: Cell, count: int) -> Self:
        """Draw the questions of a cell and answer them exactly."""
        questions = maker.draw(cell, count)
        return cls(maker.vectors, questions, truths(maker.vectors, columns, questions, K))

    def trying(self, worker: Worker, budget_s: float) -> Callable[[Setting, bool], Trial]:
        """For :func:`benchmarks.search.tuning.tune`."""

        def attempt(setting: Setting, look: bool) -> Trial:
            some = self.questions[:_FIRST_LOOK] if look else self.questions
            answers = worker.ask(some, K, setting, budget_s / (4 if look else 1))
            recall = float(np.mean([verdict.recall for verdict in self.verdicts(answers)]))
            return Trial(setting, recall, statistics.median(a.cpu_ms for a in answers))

        return attempt

    def verdicts(self, answers: Sequence[Answer]) -> list[Verdict]:
        """Of the first answers, as many as there are."""
        pairs = zip(self.questions, self.truths, answers, strict=False)
        return [judge(self.vectors, question, truth, answer.rows) for question, truth, answer in pairs]

    def facts(self) -> dict[str, Any]:
        """What the filters pass, and one of them."""
        passes = [question.passes for question in self.questions]
        example = self.questions[0].filter
        return {"passes": [min(passes), max(passes)], "example": None if example is None else str(example)}

    def summary(self, rounds: Sequence[Sequence[Answer]]) -> dict[str, Any]:
        """Medians over the rounds of each query, then over the queries that every round came to."""
        count = min(map(len, rounds))
        cpu, wall = (
            np.median([[getattr(answer, kind) for answer in part[:count]] for part in rounds], axis=0)
            for kind in ("cpu_ms", "wall_ms")
        )
        verdicts = self.verdicts(max(rounds, key=len))
        return {
            "cpu_ms": rounded(float(np.median(cpu))),
            "cpu_ms_p90": rounded(float(np.quantile(cpu, 0.9))),
            "wall_ms": rounded(float(np.median(wall))),
            "recall": rounded(float(np.mean([verdict.recall for verdict in verdicts]))),
            "short": sum(verdict.short for verdict in verdicts),
            "violations": sum(verdict.violations for verdict in verdicts),
            "queries": len(verdicts),
        }
