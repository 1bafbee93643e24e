"""The tables of docs/results/search.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.search.figures import OURS, Blended, Catalogue, CellResult, Growth, Results, geometric_mean
from benchmarks.search.goals import EXPONENT_FROM, verdicts


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def goals_table(results: Results) -> str:
    """Every goal with its figure."""
    rows = [[one.goal, one.figure, one.word] for one in verdicts(results)]
    return table(["goal", "figure", "met"], rows)


def overview_table(results: Results) -> str:
    """One line a catalogue."""
    head = ["catalogue", "median cell", "worst cell", "lowest recall", "over best peer", "over FAISS IVF"]
    rows = [_overview(catalogue) for catalogue in results.catalogues]
    return table([*head, "best database over moodrec"], rows)


def _overview(catalogue: Catalogue) -> list[str]:
    ours = sorted((cell.systems[OURS].cpu_ms, cell.name) for cell in catalogue.cells)
    recall, where = min((cell.systems[OURS].recall, cell.name) for cell in catalogue.cells)
    best = [ratio for cell in catalogue.cells if (ratio := cell.ratio_to_best()) is not None]
    ivf, database = catalogue.ratios("faiss-ivf"), catalogue.best_database()
    return [
        catalogue.title,
        f"{ours[len(ours) // 2][0]:.2f} ms",
        f"{ours[-1][0]:.2f} ms ({ours[-1][1]})",
        f"{recall:.3f} ({where})",
        f"{geometric_mean(best):.2f}, at most {max(best):.2f}" if best else "",
        f"{geometric_mean(ivf):.2f}" if ivf else "",
        f"{database[1]:.2f} ({database[0]})" if database else "",
    ]


def cells_table(catalogue: Catalogue) -> str:
    """CPU-ms by cell and system."""
    rows = [_cell_row(catalogue, cell) for cell in catalogue.cells]
    return table(["cell", *catalogue.systems, "moodrec / best"], rows)


def _cell_row(catalogue: Catalogue, cell: CellResult) -> list[str]:
    best, ratio = cell.best_peer(), cell.ratio_to_best()
    figures = [_figure(cell, system, best is not None and best[0] == system) for system in catalogue.systems]
    return [cell.name, *figures, "" if ratio is None else f"{ratio:.2f}"]


def _figure(cell: CellResult, system: str, is_best: bool) -> str:
    found = cell.systems.get(system)
    if found is None:
        return ""
    time = short_number(found.cpu_ms)
    if system == OURS:
        return f"{time} ({found.recall:.3f})"
    if not found.reached:
        return f"({time} at {found.recall:.2f})"
    return f"**{time}**" if is_best else time


def short_number(value: float) -> str:
    """Two digits that count, at least."""
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def systems_table(catalogue: Catalogue) -> str:
    """What each system takes, and its worst."""
    head = [
        "system",
        "build CPU-s",
        "files MB",
        "memory MB",
        "worst cell CPU-ms",
        "wall / CPU",
        "cells reached",
    ]
    rows = [_system_row(catalogue, name) for name in catalogue.systems]
    return table([*head, "short", "violations", "set up"], rows)


def _system_row(catalogue: Catalogue, name: str) -> list[str]:
    said = catalogue.document["systems"][name]
    found = [(cell.name, cell.systems[name]) for cell in catalogue.cells if name in cell.systems]
    worst, slowest = max(found, key=lambda item: item[1].cpu_ms)
    build, memory = said.get("build", {}), said.get("memory", {})
    return [
        name,
        f"{build['cpu_s']:.1f}" if build else "",
        f"{build['files_mb']:.0f}" if build else "",
        f"{memory['private_mb']:.0f} + {memory['mapped_mb']:.0f} mapped" if memory else "",
        f"{short_number(slowest.cpu_ms)} ({worst})",
        f"{geometric_mean(one.wall_ms / one.cpu_ms for _, one in found):.2f}",
        f"{sum(one.reached for _, one in found)} of {len(found)}",
        str(sum(one.short for _, one in found)),
        str(sum(one.violations for _, one in found)),
        said.get("note", ""),
    ]


def left_out(catalogue: Catalogue) -> list[str]:
    """Systems without a figure, and why."""
    said = catalogue.document["systems"].items()
    reasons = ((name, one.get("skipped") or one.get("failed")) for name, one in said)
    return [f"{name}: {reason}" for name, reason in reasons if reason]


def growth_table(growth: Growth) -> str:
    """CPU-ms by size."""
    head = ["cell", *(f"{n:,}" for n in growth.sizes), "exponent", f"from {EXPONENT_FROM:,}"]
    rows = []
    for cell in growth.cells:
        exponents = growth.exponent(cell), growth.exponent(cell, EXPONENT_FROM)
        shown = ["" if value is None else f"{value:.2f}" for value in exponents]
        rows.append([cell, *map(short_number, growth.times(cell)), *shown])
    return table(head, rows)


def blended_table(blended: Blended) -> str:
    """CPU-ms and recall by weight."""
    kinds = [(1, None), (1, 1), (2, None), (2, 1)]
    names = ["one mood", "one mood, one per artist", "two moods", "two moods, one per artist"]
    series = [{p["weight"]: p for p in blended.series(*kind)} for kind in kinds]
    rows = [
        [f"{w:g}", *(_point(one.get(w)) for one in series)] for w in sorted({w for s in series for w in s})
    ]
    return table(["weight", *names], rows)


def _point(point: dict[str, Any] | None) -> str:
    return "" if point is None else f"{short_number(point['cpu_ms'])} ({point['recall']:.3f})"
