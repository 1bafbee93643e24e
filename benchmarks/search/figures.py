"""The committed results of the search benchmarks, as the page reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

OURS: Final = "moodrec"
DATA_ORDER: Final = ("clustered", "diffuse", "real")


@dataclass(frozen=True)
class Measured:
    """A system in a cell."""

    cpu_ms: float
    wall_ms: float
    recall: float
    reached: bool
    """Whether tuning reached its target; moodrec, which is not tuned, always counts."""
    short: int
    violations: int
    queries: int
    setting: str


@dataclass(frozen=True)
class CellResult:
    """A cell of one catalogue."""

    name: str
    passes: Sequence[int]
    example: str | None
    systems: dict[str, Measured]
    trials: dict[str, dict[str, list[list[float]]]]
    """What tuning measured, by system and knob: value, recall, CPU-ms."""

    def peers(self) -> dict[str, Measured]:
        """The others that reached the target recall."""
        return {n: found for n, found in self.systems.items() if n != OURS and found.reached}

    def best_peer(self) -> tuple[str, Measured] | None:
        """The fastest of them."""
        return min(self.peers().items(), key=lambda item: item[1].cpu_ms, default=None)

    def ratio(self, system: str) -> float | None:
        """Time of moodrec over that of another system."""
        other = self.peers().get(system)
        return self.systems[OURS].cpu_ms / other.cpu_ms if other and OURS in self.systems else None

    def ratio_to_best(self) -> float | None:
        """Time of moodrec over that of the best peer."""
        best = self.best_peer()
        return None if best is None else self.ratio(best[0])


@dataclass(frozen=True)
class Catalogue:
    """All cells of one catalogue."""

    data: str
    n: int
    document: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file of filtered_search.py."""
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(document["data"], document["n"], document)

    @property
    def title(self) -> str:
        """Such as ``real, 100,000 tracks``."""
        return f"{self.data}, {self.n:,} tracks"

    @cached_property
    def cells(self) -> list[CellResult]:
        """Those in which moodrec was measured."""
        return [_cell(n, c) for n, c in self.document["cells"].items() if OURS in c["measured"]]

    @cached_property
    def systems(self) -> list[str]:
        """Measured anywhere, moodrec first."""
        return [n for n in self.document["systems"] if any(n in cell.systems for cell in self.cells)]

    def of_kind(self, kind: str) -> list[str]:
        """The measured systems of a kind."""
        return [n for n in self.systems if self.document["systems"][n]["kind"] == kind]

    def ratios(self, system: str) -> list[float]:
        """Time of moodrec over another system's, cell by cell, where that reached the target."""
        return [ratio for cell in self.cells if (ratio := cell.ratio(system)) is not None]

    def best_database(self) -> tuple[str, float] | None:
        """The database of least time beside moodrec's, with how many times slower it is (geometric mean)."""
        found = {n: 1 / geometric_mean(r) for n in self.of_kind("database") if (r := self.ratios(n))}
        return min(found.items(), key=lambda item: item[1], default=None)


def _cell(name: str, said: dict[str, Any]) -> CellResult:
    tuned, systems = said["tuned"], {}
    for system, found in said["measured"].items():
        setting = tuned[system]["setting"]
        systems[system] = Measured(
            found["cpu_ms"],
            found["wall_ms"],
            found["recall"],
            system == OURS or tuned[system]["reached"],
            found["short"],
            found["violations"],
            found["queries"],
            f"{setting['knob']} {setting['value']}" if setting["knob"] else "",
        )
    trials = {system: one["trials"] for system, one in tuned.items()}
    return CellResult(name, said["passes"], said["example"], systems, trials)


@dataclass(frozen=True)
class Growth:
    """Times of some cells over the size of the catalogue."""

    data: str
    document: dict[str, Any]

    @property
    def sizes(self) -> list[int]:
        """In rising order."""
        return sorted(int(n) for n in self.document["sizes"])

    @property
    def cells(self) -> list[str]:
        """Names."""
        return list(self.document["sizes"][str(self.sizes[0])]["cells"])

    def times(self, cell: str) -> list[float]:
        """CPU-ms by size."""
        return [self.document["sizes"][str(n)]["cells"][cell]["cpu_ms"] for n in self.sizes]

    @property
    def of_other_code(self) -> list[int]:
        """Sizes whose index was built by other code than that of the first."""
        sources = [self.document["sizes"][str(n)].get("build", {}).get("source") for n in self.sizes]
        return [n for n, source in zip(self.sizes, sources, strict=True) if source != sources[0]]

    @property
    def first_answers(self) -> dict[int, float]:
        """Wall seconds of ``moodrec similar ID``, from its start to its end, by size."""
        reports = {n: self.document["sizes"][str(n)] for n in self.sizes}
        return {n: report["first_answer_s"] for n, report in reports.items() if "first_answer_s" in report}

    def exponent(self, cell: str, least: int = 0) -> float | None:
        """Slope of log time over log size, by least squares, from ``least`` rows on."""
        points = [(n, ms) for n, ms in zip(self.sizes, self.times(cell), strict=True) if n >= least]
        if len(points) < 2:
            return None
        sizes, times = np.log(np.array(points, float)).T
        return float(np.polyfit(sizes, times, 1)[0])


@dataclass(frozen=True)
class Blended:
    """Blended searches over one catalogue."""

    data: str
    n: int
    document: dict[str, Any]

    @property
    def points(self) -> list[dict[str, Any]]:
        """One a blend."""
        return list(self.document["points"])

    def series(self, moods: int, cap: int | None) -> list[dict[str, Any]]:
        """The points of one kind by weight."""
        return [p for p in self.points if p["moods"] == moods and p["max_per_artist"] == cap]


@dataclass(frozen=True)
class Results:
    """Everything in the folder of results."""

    catalogues: list[Catalogue]
    growth: list[Growth]
    blended: list[Blended]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """All files of a folder."""
        growth, blended, catalogues = [], [], []
        for path in sorted(folder.glob("*.json")):
            document = json.loads(path.read_text(encoding="utf-8"))
            if path.name.startswith("growth-"):
                growth.append(Growth(document["data"], document))
            elif path.name.startswith("blended-"):
                blended.append(Blended(document["data"], document["n"], document))
            else:
                catalogues.append(Catalogue.read(path))
        return cls(
            sorted((c for c in catalogues if c.cells), key=lambda c: (DATA_ORDER.index(c.data), c.n)),
            sorted(growth, key=lambda g: DATA_ORDER.index(g.data)),
            sorted(blended, key=lambda b: (DATA_ORDER.index(b.data), b.n)),
        )


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers."""
    return float(np.exp(np.mean(np.log(list(values)))))
