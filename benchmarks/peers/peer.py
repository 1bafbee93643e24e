"""What every system under test is to the benchmark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.data import SearchData
from benchmarks.search.terms import Columns, Filter

Rows = NDArray[np.int64]
Kind = Literal["ours", "library", "database"]
LINKS: Final = 16
EF_CONSTRUCTION: Final = 128
"""Of every graph in the comparison."""


@dataclass(frozen=True)
class Setting:
    """One value of the knob that trades time for recall, such as ``nprobe = 8``."""

    knob: str
    value: int

    def __str__(self) -> str:
        return f"{self.knob} {self.value}" if self.knob else ""


ONE_SETTING: Final = Setting("", 0)


class Peer(ABC):
    """A system: built into a folder once, opened in a process of its own, asked one query at a time."""

    name: ClassVar[str]
    kind: ClassVar[Kind] = "library"
    packages: ClassVar[tuple[str, ...]] = ()
    """What to install, and whose versions to report."""
    note: ClassVar[str] = ""
    """How it was set up."""

    @abstractmethod
    def build(self, data: SearchData, folder: Path) -> None:
        """Build the index and save it in ``folder``, on one thread."""

    @abstractmethod
    def open(self, data: SearchData, columns: Columns, folder: Path) -> None:
        """Get ready to search what was built."""

    @abstractmethod
    def families(self, n: int) -> Sequence[Sequence[Setting]]:
        """Settings to tune over; within a family recall grows with cost."""

    def prepare(self, wanted: Filter | None) -> Any:
        """What may be kept from one query to the next: a parsed filter, no mask and no result."""
        return wanted

    @abstractmethod
    def search(self, query: NDArray[np.float32], prepared: Any, k: int, setting: Setting) -> Any:
        """The timed call: ids, in whatever form the system returns them."""

    def rows(self, found: Any) -> Rows:
        """What ``search`` found as rows of the catalogue; not timed."""
        return np.asarray(found, np.int64)


def ladder(knob: str, low: int, high: int, factor: float = 1.5) -> list[Setting]:
    """Values from ``low`` to ``high``, each some ``factor`` times the last."""
    values, value = [], float(low)
    while round(value) < high:
        values.append(round(value))
        value = max(value * factor, value + 1)
    return [Setting(knob, value) for value in [*values, high]]


def first_passing(rows: Rows, keep: NDArray[np.bool_] | None, k: int) -> Rows:
    """Post-filtering: the first k of ``rows`` that the mask keeps."""
    return rows[:k] if keep is None else rows[keep[rows]][:k]


def batches(data: SearchData, size: int) -> Iterable[slice]:
    """Slices of the catalogue to add at a time."""
    return (slice(start, min(start + size, len(data))) for start in range(0, len(data), size))


def plain_rows(data: SearchData, part: slice, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Some rows of the table as Python values."""
    rows: list[dict[str, Any]] = (
        data.table.select(list(columns)).slice(part.start, part.stop - part.start).to_pylist()
    )
    return rows


def filter_columns(data: SearchData) -> list[str]:
    """Every column that a filter may name."""
    return [name for name in data.table.column_names if name != "track_id"]
