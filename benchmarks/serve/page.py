"""How fast the page is over a made library of 100,000 tracks: its first paint, and new rows while one drags.

    python -m benchmarks.serve.page [--rows 100000] [--runs 5]

Needs Chromium (``apt-get install chromium``) and ``pip install playwright``. The catalogue is ``clustered`` of the
search benchmarks with made titles and valence and arousal, and its coordinates are made before. The first paint and
the first rows are those of a fresh browser context; a drag moves a mood's slider step by step, and the time of a step
is that from the input event to the first frame in which the rows have changed, the page's 60 ms of waiting included.
Chromium draws without a GPU, on the same cores. Adds to benchmarks/results/serve-page.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from benchmarks.search.data import load_data
from benchmarks.serve.measure import serving
from moodrec.files.replacing import write_atomically
from moodrec.index.mood_index import MoodIndex

RESULT: Final = RESULTS / "serve-page.json"
CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
STEPS: Final = 12
_WORDS: Final = (
    "Blue",
    "Night",
    "River",
    "Glass",
    "Summer",
    "Echo",
    "Stone",
    "Paper",
    "Winter",
    "Light",
    "Salt",
)
_WATCH: Final = """() => {
  const list = document.querySelector('.rows');
  const told = { wanted: 0, times: [] };
  addEventListener('input', () => { told.wanted = performance.now(); }, true);
  new MutationObserver(() => {
    if (!told.wanted) return;
    const since = told.wanted;
    told.wanted = 0;
    requestAnimationFrame(() => told.times.push(performance.now() - since));
  }).observe(document.querySelector('.side'), { childList: true, subtree: true });
  window.told = told;
}"""


def main() -> None:
    """Measure, and store what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "moodrec-serve")
    options = parser.parse_args()
    index = made(options.rows, options.cache)
    command = [sys.executable, "-m", "moodrec", "serve", str(index), "--rate", "0", "--quiet", "--map", "pca"]
    with serving(command) as (_, port, _started):
        url = f"http://127.0.0.1:{port}/"
        _warmed(url)
        found = measured(url, options.runs)
    stored = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    stored[str(options.rows)] = found | {"machine": machine_report("fastapi", "uvicorn", "playwright")}
    write_atomically(RESULT, json.dumps(stored, indent=1).encode() + b"\n")
    print(json.dumps(found, indent=1))


def made(rows: int, cache: Path) -> Path:
    """Build the index, where it was not; valence and arousal are two of the catalogue's moods under other names.

    Args:
        rows: so many tracks.
        cache: where it lies.
    """
    folder = cache / f"page-{rows}"
    if not (folder / "CURRENT").exists():
        data, rng = load_data("clustered", rows, cache), np.random.default_rng(0)
        words = rng.choice(_WORDS, (rows, 2))
        table = data.table.append_column(
            "title", pa.array([f"{one} {other}" for one, other in words.tolist()])
        )
        table = table.append_column("valence", table["happy"]).append_column("arousal", table["energetic"])
        MoodIndex.build(data.vectors, table, (*data.moods, "valence", "arousal")).save(folder)
    return folder


def _warmed(url: str) -> None:
    """Wait for the map, which is made once a version."""
    for place in ("v1/map", "v1/map/info", "v1/moods", "v1/columns"):
        for _ in range(600):
            try:
                with urllib.request.urlopen(url + place, timeout=300) as answer:
                    answer.read()
                break
            except OSError:
                time.sleep(0.2)


def measured(url: str, runs: int) -> dict[str, Any]:
    """Open the page in fresh contexts, and drag.

    Args:
        url: of the page.
        runs: so many contexts.
    """
    from playwright.sync_api import sync_playwright

    paints, rows, maps, drags = [], [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for _ in range(runs):
            context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            page = context.new_page()
            page.goto(url, wait_until="commit")
            page.wait_for_selector(".row-track", timeout=60_000)
            rows.append(page.evaluate("performance.now()"))
            paints.append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
            page.wait_for_selector(".map .legend", timeout=60_000)
            maps.append(page.evaluate("performance.now()"))
            page.click(".rows .names >> nth=0")
            page.wait_for_selector(".chip.seed")
            page.wait_for_timeout(2000)
            drags += dragged(page)
            context.close()
        browser.close()
    return {
        "first_paint_ms": _summary(paints),
        "first_rows_ms": _summary(rows),
        "map_ms": _summary(maps),
        "drag_to_rows_ms": _summary(drags),
    }


def dragged(page: Any) -> list[float]:
    """Move a slider step by step, and return the time of each step in milliseconds.

    Args:
        page: with results.
    """
    page.evaluate(_WATCH)
    slider = page.locator(".slider input[type=range]").first
    slider.focus()
    for step in range(STEPS):
        page.keyboard.press("PageUp" if step % 2 else "PageDown")
        page.wait_for_timeout(600)
    times: list[float] = page.evaluate("window.told.times")
    return times


def _summary(times: list[float]) -> dict[str, Any]:
    return {"median": round(statistics.median(times), 1), "max": round(max(times), 1), "n": len(times)}


if __name__ == "__main__":
    main()
