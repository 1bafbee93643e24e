"""Write docs/results/embedding.md: how fast ``moodrec embed`` is, and what a catalogue costs by that.

    python -m benchmarks.bulk.page

Nothing is measured here; the figures are those in benchmarks/results/bulk.json.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.bulk.scaling import RESULT
from benchmarks.places import PAGES

PAGE = PAGES / "embedding.md"
CATALOGUES = (10_000, 1_000_000, 100_000_000)
CORES = 32
"""Of the machine that the cost sheet counts in."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(RESULT.read_text())))
    print(PAGE)


def page(measured: dict[str, Any]) -> str:
    """The page's text."""
    settings, machine = measured["settings"], measured["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    same = "are equal, to the last bit" if measured["the same table"] else "differ"
    lines = [
        "# How fast catalogues are embedded",
        "",
        f"`moodrec embed` over {settings['tracks']} made MP3s of {settings['seconds']:.0f} s, measured by",
        "`python -m benchmarks.bulk.scaling`; this page is written by `python -m benchmarks.bulk.page`.",
        f"The tables of all ways {same}.",
        "",
        *ways(measured["ways"]),
        "",
        "Before the first results comes what is paid once: starting Ray and its actors, and loading the model.",
        "",
        f"Measured on: {machine['processor']}, {machine['cores']} cores, load {machine['load']} at the end;",
        f"{versions}; seed {settings['seed']}.",
        "",
        "## What a catalogue costs",
        "",
        *costs(measured),
        "",
    ]
    return "\n".join(lines)


def ways(found: dict[str, Any]) -> list[str]:
    """One row for each way."""
    rows = ["| way | tracks a second | seconds before the first results |", "|---|---|---|"]
    for name, own in found.items():
        rows.append(
            f"| {name} | {own['tracks a second']:.2f} | {own['seconds before the first results']:.0f} |"
        )
    return rows


def costs(measured: dict[str, Any]) -> list[str]:
    """Hours and bytes by size of the catalogue, with the arithmetic."""
    cores, best = (
        measured["machine"]["cores"],
        max(own["tracks a second"] for own in measured["ways"].values()),
    )
    core_seconds = cores / best
    each = f"{core_seconds:.2f} core-seconds a track of {measured['settings']['seconds']:.0f} s"
    lines = [
        f"The fastest way above does {best:.2f} tracks a second on {cores} cores: {each}. A catalogue of N tracks",
        f"takes N x {core_seconds:.2f} / 3600 core-hours if more machines bring as much each, which has not been",
        "measured, and if the audio (3 MB a track at 128 kbit/s) is read as fast.",
        "",
        f"| tracks | core-hours | hours on {CORES} cores | Parquet |",
        "|---|---|---|---|",
    ]
    for tracks in CATALOGUES:
        hours = tracks * core_seconds / 3600
        size = tracks * measured["bytes a track"] / 1e9
        lines.append(f"| {tracks:,} | {hours:,.1f} | {hours / CORES:,.1f} | {size:,.2f} GB |")
    return lines


if __name__ == "__main__":
    main()
