"""Write docs/results/search.md and its plots from the committed results under benchmarks/results/search.

python -m benchmarks.search.page [--results DIR] [--out DIR]
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.places import PAGES
from benchmarks.search import cells, data
from benchmarks.search.figures import Catalogue, Results
from benchmarks.search.plots import blended_plot, growth_plot, recall_plot
from benchmarks.search.results import FOLDER
from benchmarks.search.tables import (
    blended_table,
    cells_table,
    goals_table,
    growth_table,
    left_out,
    overview_table,
    systems_table,
)
from moodrec.files.replacing import write_atomically

INTRODUCTION = """# Search under filters

The ten nearest tracks under conditions that pass much or little, and that agree with the seed, oppose it, or have
nothing to do with it. moodrec has one setting everywhere (preset `auto`). Every other system is tuned for each cell
with hindsight: the smallest setting that reaches recall@10 of 0.97 on the very questions asked, and of several ways
to search the fastest. A time is processor time of one query on one thread, all threads of the process counted, median
over the queries; for moodrec from the text of the filter to the ids, for the others with the mask that they need.
Recall is against an exact float32 search. The systems of one catalogue are measured in one call and take turns.
Filters of the same text come back in every round, so moodrec has their parsed form at hand, as the others have
theirs; masks and answers are kept by nobody. All columns depend on the machine (Set-up names it), and rented ones
differ much in processor and memory, so compare within a table. Rendered by
`python -m benchmarks.search.page`.
"""

READING = """In the tables: CPU-ms a query. moodrec with its recall in brackets; **bold** is the fastest other system.
Other systems in brackets miss recall 0.97 at every setting; the recall they reach is beside their time, and they are
not compared with."""

REPEAT = """    pip install -r benchmarks/peers/requirements.txt
    MOODREC_DATA=DIR python -m benchmarks.search.windows --cache CACHE
    python -m benchmarks.search.filtered --cache CACHE --data clustered --n 100000
    python -m benchmarks.search.growth --cache CACHE --data clustered
    python -m benchmarks.search.blended --cache CACHE --data clustered --n 1000000
    python -m benchmarks.search.page
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the page."""
    parser = argparse.ArgumentParser(description="Render docs/results/search.md.")
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--out", type=Path, default=PAGES)
    given = parser.parse_args(arguments)
    results = Results.read(given.results)
    if not results.catalogues:
        sys.exit(f"{given.results}: holds no results of benchmarks/search/filtered.py")
    render(results, given.out)


def render(results: Results, out: Path) -> None:
    """Write the page and its plots into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    parts = [
        INTRODUCTION,
        f"## Goals\n\n{goals_table(results)}",
        f"## By catalogue\n\nThe last three columns are geometric means over the cells.\n\n{overview_table(results)}",
        READING,
        *catalogue_sections(results.catalogues, out),
        *growth_sections(results, out),
        *blended_sections(results, out),
        setup(results),
    ]
    text = "\n\n".join(part.strip("\n") for part in parts) + "\n"
    write_atomically(out / "search.md", text.encode())


def catalogue_sections(catalogues: Sequence[Catalogue], out: Path) -> Iterator[str]:
    """Tables of each catalogue; a plot of the largest of each kind."""
    largest = {one.data: one for one in catalogues}
    for one in catalogues:
        yield f"## {one.title[0].upper()}{one.title[1:]}"
        yield cells_table(one)
        if largest[one.data] is one:
            yield recall_plot(one, out / f"search-{one.data}.png")
        yield systems_table(one)
        if missing := left_out(one):
            yield f"Without figures here: {'; '.join(missing)}."


def growth_sections(results: Results, out: Path) -> Iterator[str]:
    """Growth with the catalogue."""
    if results.growth:
        yield "## Growth\n\nCPU-ms of moodrec by the size of the catalogue, and the exponent of n fitted to it."
    for one in results.growth:
        yield f"### Growth, {one.data}\n\n{growth_table(one)}"
        if one.of_other_code:
            sizes = ", ".join(f"{n:,}" for n in one.of_other_code)
            yield f"Built and measured by another version of the code than the others: {sizes}."
        if one.first_answers:
            said = ", ".join(f"{seconds:.2f} s ({n:,})" for n, seconds in one.first_answers.items())
            yield f"`moodrec similar ID` in a process of its own, from start to end: {said}."
        yield growth_plot(one, out / f"search-growth-{one.data}.png")


def blended_sections(results: Results, out: Path) -> Iterator[str]:
    """Searches with a mood target."""
    if results.blended:
        yield "## With a mood target\n\nCPU-ms of moodrec by the weight of the mood, recall@10 in brackets."
    for one in results.blended:
        yield f"### {one.data.capitalize()}, {one.n:,} tracks, with a mood target\n\n{blended_table(one)}"
        yield blended_plot(one, out / f"search-blended-{one.data}-{one.n}.png")


def setup(results: Results) -> str:
    """Catalogues, questions, machine, versions and commands."""
    described = "\n\n".join(inspect.getdoc(module) or "" for module in (data, cells))
    described = described.replace("``", "`")
    return f"## Set-up\n\n{described}\n\n{_machines(results)}\n\n{_examples(results)}\n\n## Repeat it\n\n{REPEAT}"


def _processor(machine: Mapping[str, Any]) -> str:
    vectors = machine.get("vectors")
    return f"{machine['processor']} ({vectors})" if vectors else str(machine["processor"])


def _machines(results: Results) -> str:
    lines = []
    for one in results.catalogues:
        machine, load = one.document["machine"], one.document["load"]
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        lines.append(
            f"- {one.title}: {machine['cores']} cores {_processor(machine)}, load {load.get('measure', '?')} when "
            f"measured, {one.document['questions']} questions a cell, seed {one.document['seed']}; {versions}"
        )
    newest = results.catalogues[-1].document["systems"].values()
    packages = {name: version for one in newest for name, version in one.get("versions", {}).items()}
    shown = ", ".join(f"{name} {version}" for name, version in packages.items())
    return "\n".join([*lines, f"- systems: {shown}"])


def _examples(results: Results) -> str:
    cells = [cell for cell in results.catalogues[-1].cells if cell.example]
    lines = [f"- {cell.name}: `{cell.example}` passes {cell.passes[0]:,}" for cell in cells]
    return "Examples of filters:\n\n" + "\n".join(lines)


if __name__ == "__main__":
    main()
