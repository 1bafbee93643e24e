"""The page on installations says what was measured, and nothing else."""

from __future__ import annotations

import json
import re

from benchmarks.models.speed import engines, installation, page
from benchmarks.places import DOCS

MACHINE = {"processor": "Z80", "cores": 1, "load": 0.5, "versions": {"python": "3.11"}}


def test_every_figure_comes_from_the_results() -> None:
    largest = {f"package{number}": number * 10**6 for number in range(9, 0, -1)}
    own = {"bytes": 512_345_678, "seconds": 61.4, "largest": largest}
    installed = {"machine": MACHINE, "sets": {"light": own, "with training": own | {"bytes": 6_100_000_000}}}
    times = {"decode": 401.4, "windows to moods": 302.6, "file to moods": 203.1}
    figures = {"times real time": times, "seconds before the first track": 0.64}
    measured = {
        "machine": MACHINE,
        "engines": {"onnxruntime": figures, "torch": figures},
        "greatest difference of embeddings": 2.3e-7,
    }
    text = page.page(installed, measured)
    assert "| `pip install .` |" in text
    assert "| 512 MB |" in text
    assert "| 6.1 GB |" in text
    assert "with pictures" not in text
    assert "package9 9 MB, package8 8 MB" in text
    assert "package3 3 MB" not in text
    assert "| ONNX Runtime | 401 x | 303 x | 203 x | 0.6 s |" in text
    assert "differ by 2e-07 at most" in text
    assert not re.search(r"@[A-Z_]+@", text)


def test_the_page_is_the_one_that_the_stored_results_make() -> None:
    stored = [json.loads(place.read_text()) for place in (installation.RESULT, engines.RESULT)]
    assert (DOCS / "installation.md").read_text() == page.page(*stored)
