"""Write docs/results/engines.md from the committed results of engines.

    python -m benchmarks.engines.page

Nothing is measured here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.engines.command import FOLDER
from benchmarks.places import PAGES

ENGINES: Final = ("postgres", "milvus")
INTRODUCTION: Final = """# Catalogues in other engines

The ten best tracks of a catalogue in PostgreSQL or Milvus ([docs/scale.md](../scale.md)), against an exact
search of the same rows on one machine. A condition agrees with the query's track, opposes it, or has
nothing to do with it; the share says how many tracks pass. With a mood at a weight, one or two moods have
random targets. Recall counts a hit as found where its score reaches that of the exact search's tenth;
`lowest` is that of the worst question. Times are those that a caller waits, the way to the server included,
one question after another, with the server's settings as they come; a load far above zero means that others
were using the machine, and that times are too long. `by graph` says how many questions the engine's HNSW
index answered; for the others all rows that pass were compared. Rendered by `python -m
benchmarks.engines.page`."""


def main() -> None:
    """Write the page."""
    results = [
        json.loads(file.read_text())
        for file in (FOLDER / f"{name}.json" for name in ENGINES)
        if file.exists()
    ]
    target = PAGES / "engines.md"
    target.write_text("\n\n".join([INTRODUCTION, *(part for one in results for part in section(one))]) + "\n")
    print(target)


def section(result: dict[str, Any]) -> Iterator[str]:
    """The parts of the page about one engine.

    Args:
        result: what its script stored.
    """
    machine, cells = result["machine"], result["cells"]
    worst = min(cells, key=lambda name: float(cells[name]["recall"]))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    yield f"## {result['engine']}"
    yield (
        f"{result['n']:,} tracks of 128 numbers and 8 moods, clustered; seed {result['seed']}; built in "
        f"{result['build_s']:,.0f} s. The lowest recall@{result['k']} is {cells[worst]['recall']:.3f} ({worst}).\n"
        f"Measured on {machine['processor']}, {machine['cores']} cores, load {machine['load']}; {versions}."
    )
    rows = ["| tracks that pass, mood | recall | lowest | ms | by graph |", "|---|---|---|---|---|"]
    rows += [
        f"| {name} | {one['recall']:.3f} | {one['lowest']:.1f} | {one['median_ms']:.0f} "
        f"| {one['by_graph']} of {one['questions']} |"
        for name, one in cells.items()
    ]
    yield "\n".join(rows)


if __name__ == "__main__":
    main()
