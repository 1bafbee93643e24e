"""Write docs/results/serve.md: how fast the server and its page are.

    python -m benchmarks.serve.render

Nothing is measured here; the figures are those that ``measure`` and ``page`` of this folder stored.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.places import PAGES
from benchmarks.serve.measure import PACE, RESULT
from benchmarks.serve.page import RESULT as OF_THE_PAGE

PAGE = PAGES / "serve.md"
FIGURES = {
    "first_paint_ms": "first paint",
    "first_rows_ms": "first rows of the list",
    "map_ms": "the map is drawn",
    "drag_to_rows_ms": "from a drag of a slider to new rows",
}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(RESULT.read_text()), json.loads(OF_THE_PAGE.read_text())))
    print(PAGE)


def page(served: dict[str, Any], drawn: dict[str, Any]) -> str:
    """The page's text.

    Args:
        served: what ``measure`` stored, by the number of tracks.
        drawn: what ``page`` stored.
    """
    lines = [
        "# How fast the server is",
        "",
        "`GET /v1/similar` for 20 tracks, each request for another track under another condition on mood and year,",
        "by `wrk` on the same cores: `python -m benchmarks.serve.measure --rows N`. Throughput is that of four",
        f"connections without pause; the steady pace is {PACE} requests a second at random moments,",
        "from ten connections. Times are in milliseconds.",
        "This page is written by `python -m benchmarks.serve.render`.",
        "",
        "| tracks | served by | recall@20 | requests a second | a core-second | p50 | p99 | memory | first answer |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for rows, own in sorted(served.items(), key=lambda item: int(item[0])):
        lines.append(_row(int(rows), "moodrec", own, f"{own['first_answer_s']:.1f} s"))
        if "beside" in own:
            lines.append(_row(int(rows), f"{own['beside']['system']} behind FastAPI", own["beside"], ""))
    lines += [
        "",
        "p50 and p99 are those at the steady pace; memory is what belongs to the process alone.",
        "",
    ]
    lines += [_machine(rows, own) for rows, own in served.items()]
    lines += [
        "",
        "## The page",
        "",
        "`python -m benchmarks.serve.page`, in Chromium without a GPU on the same cores:",
        "",
    ]
    for rows, own in drawn.items():
        lines += [f"| {int(rows):,} tracks | median, ms | slowest, ms |", "|---|---|---|"]
        lines += [
            f"| {what} | {own[name]['median']:,.0f} | {own[name]['max']:,.0f} |"
            for name, what in FIGURES.items()
        ]
        lines += ["", _machine(rows, own), ""]
    return "\n".join(lines)


def _row(rows: int, system: str, own: dict[str, Any], first: str) -> str:
    steady, speed = own["steady"], own["throughput"]["requests_per_second"]
    cells = [
        f"{rows:,}",
        system,
        f"{own['recall']:.3f}",
        f"{speed:,.0f}",
        f"{own['requests_per_core_second']:,.0f}",
        f"{steady['p50_ms']:.1f}",
        f"{steady['p99_ms']:.1f}",
        f"{own['memory_mb']['private']:,} MB",
        first,
    ]
    return f"| {' | '.join(cells)} |"


def _machine(rows: str, own: dict[str, Any]) -> str:
    machine = own["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    where = f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}"
    return f"{int(rows):,} tracks: {where}; {versions}.  "


if __name__ == "__main__":
    main()
