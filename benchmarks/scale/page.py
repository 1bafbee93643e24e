"""Write docs/results/scale.md from the committed results.

    python -m benchmarks.scale.page

Nothing is measured here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.places import PAGES
from benchmarks.scale.measure import FILE
from benchmarks.search.data import NAMES

INTRODUCTION: Final = """# How far one machine goes

An index of up to ten million tracks of 128 numbers, with eight moods, an artist, a genre, a year and a day:
built from a folder of Parquet files by `moodrec index build --table`, opened and searched on one thread,
changed and saved. What follows from it is in [docs/scale.md](../scale.md).

Peaks of memory are those of the process as the system counts them (VmHWM), pages of mapped files included;
`private` is what no file stands behind. Processor time is that of all threads; `load` is the mean number of
busy processes before and after. Where it is far above zero, others were using the two cores, wall times are too
long and say little, and processor times some tenths too long.
Rendered by `python -m benchmarks.scale.page`."""


def main() -> None:
    """Write the page."""
    target = PAGES / "scale.md"
    target.write_text("\n\n".join(sections()) + "\n", encoding="utf-8")
    print(target)


def sections() -> Iterator[str]:
    """The parts of the page, as far as there are results."""
    yield INTRODUCTION
    if FILE.exists():
        document = json.loads(FILE.read_text(encoding="utf-8"))
        sizes: dict[str, dict[str, Any]] = document["sizes"]
        yield "## Building"
        yield _table(
            ["tracks", "index MB", "peak MB", "peak / index", "private MB", "CPU s", "wall s", "load"],
            [_build(n, one["build"]) for n, one in sizes.items() if "build" in one],
        )
        yield "## Opening and searching"
        yield _table(
            ["tracks", "`moodrec similar`, s", "reader's memory, MB", "and mapped, MB", "load"],
            [_reader(n, one["search"]) for n, one in sizes.items() if "search" in one],
        )
        yield (
            "A reader's memory is what its process has more than before it opened the index: below zero where it "
            "gave back more of\nthe benchmark's own tables than it took."
        )
        yield (
            "The ten best of a catalogue under conditions that pass a share of the tracks: `agrees` and `opposes` "
            "say whether\nthe query's own track is among them, `random` has nothing to do with it. Milliseconds of "
            "processor time, median and\n99th percentile of "
            f"{document['questions']} questions asked five times; in brackets recall@{document['k']} against an "
            "exact search."
        )
        searched = {n: one["search"] for n, one in sizes.items() if "search" in one}
        yield _table(["tracks", *_cells(sizes)], [_searches(n, one) for n, one in searched.items()])
        yield "## Changing"
        yield (
            "`moodrec index upsert` opens the index, replaces a thousand tracks, and saves a whole version, as every "
            "save does."
        )
        yield _table(
            ["tracks", "CPU s", "wall s", "load", "peak MB", "private MB"],
            [_change(n, one["change"]) for n, one in sizes.items() if "change" in one],
        )
        yield f"{_machine(document)}\n{_processors(sizes)}"
    for name in NAMES:
        path = FILE.parent / f"graph-{name}.json"
        if path.exists():
            yield from graph(path)


def graph(path: Path) -> Iterator[str]:
    """The section about the graph of the ``hnsw`` preset."""
    document = json.loads(path.read_text(encoding="utf-8"))
    yield f"## The graph under mood targets, {document['data']}"
    yield (
        f"Recall@{document['k']} over {document['n']:,} tracks, {document['questions']} questions a row. `raw`: a "
        "graph over [e ; m ; m^2]; `completed`:\nover the same with one number more, which gives all vectors one "
        "norm (`moodrec/index/search/completed.py`);\n`preset`: the `hnsw` preset, which stores moods times a half, "
        "keeps more candidates the more the moods weigh, and scans\nunder filters and from a weight of .95 on; "
        "`scan`: every row is compared, as the preset did before under mood\ntargets. Milliseconds are those that a "
        f"caller waits, at a load of {document['load']['graph']}."
    )
    ways = ("raw", "completed", "preset", "scan")
    rows = [
        [
            f"`{name}`" if ">" in name else name,
            *(f"{cell[way]['recall']:.3f}" if way in cell else "" for way in ways[:3]),
            *(f"{cell[way]['ms']:.2g}" if way in cell else "" for way in ways[2:]),
        ]
        for name, cell in document["cells"].items()
    ]
    yield _table(["", "raw", "completed", "preset", "preset, ms", "scan, ms"], rows)
    yield _machine(document)


def _build(n: str, found: Mapping[str, Any]) -> list[str]:
    ratio = found["peak_mb"] / found["files_mb"]
    return [
        f"{int(n):,}",
        f"{found['files_mb']:,}",
        f"{found['peak_mb']:,}",
        f"{ratio:.2f}",
        f"{found['peak_private_mb']:,}",
        f"{found['cpu_s']:,.0f}",
        f"{found['wall_s']:,.0f}",
        _load(found["load"]),
    ]


def _reader(n: str, found: Mapping[str, Any]) -> list[str]:
    memory = found["memory"]
    first = f"{found['first_answer_s']:.2f}"
    return [
        f"{int(n):,}",
        first,
        f"{memory['private_mb']:,.0f}",
        f"{memory['mapped_mb']:,.0f}",
        f"{found['load']}",
    ]


def _searches(n: str, found: Mapping[str, Any]) -> list[str]:
    cells = [
        f"{one['cpu_ms_p50']:.2g}, {one['cpu_ms_p99']:.2g} ({one['recall']:.3f})"
        for one in found["cells"].values()
    ]
    return [f"{int(n):,}", *cells]


def _cells(sizes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return next((list(one["search"]["cells"]) for one in sizes.values() if "search" in one), [])


def _change(n: str, found: Mapping[str, Any]) -> list[str]:
    memory = [f"{found['peak_mb']:,}", f"{found['peak_private_mb']:,}"]
    return [f"{int(n):,}", f"{found['cpu_s']:,.0f}", f"{found['wall_s']:,.0f}", _load(found["load"]), *memory]


def _load(found: Sequence[float]) -> str:
    return " to ".join(map(str, found))


def _machine(document: Mapping[str, Any]) -> str:
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured on {machine['cores']} cores {machine['processor']} ({machine['vectors']}), "
        f"seed {document['seed']}; {versions}."
    )


def _processors(sizes: Mapping[str, Mapping[str, Any]]) -> str:
    """A sentence that says which steps ran on which processor."""
    steps: dict[str, list[str]] = {}
    for n, one in sizes.items():
        for step, found in one.items():
            steps.setdefault(found["processor"], []).append(f"{step} of {int(n):,}")
    return "By processor: " + "; ".join(f"{name}: {', '.join(own)}" for name, own in steps.items()) + "."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    main()
