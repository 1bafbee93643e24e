"""Write docs/installation.md: what an installation weighs, and how fast the engines are.

    python -m benchmarks.models.speed.page

Nothing is measured here; the figures are those in benchmarks/results.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.models.speed import engines, installation
from benchmarks.places import DOCS

PAGE = DOCS / "installation.md"
TEXT = Path(__file__).with_name("installation.md.in")
NAMES = {"onnxruntime": "ONNX Runtime", "torch": "PyTorch"}
COMMANDS = {
    "light": "`pip install .`",
    "with pictures": "`pip install '.[plots]'`",
    "with training": "`pip install '.[plots,train]'`",
}
BRINGS = {
    "light": "analysing, searching, playlists, the library, evaluating stored predictions",
    "with pictures": "and every `--plot`, and the demo's picture (matplotlib)",
    "with training": "and training, experiments, models on a GPU (PyTorch, torchaudio, onnx)",
}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(installation.RESULT.read_text()), json.loads(engines.RESULT.read_text())))
    print(PAGE)


def page(installed: dict[str, Any], measured: dict[str, Any]) -> str:
    """The page's text.

    Args:
        installed: what ``installation`` stored.
        measured: what ``engines`` stored.
    """
    text = TEXT.read_text()
    light = installed["sets"]["light"]
    parts = {
        "INSTALLATIONS": installations(installed),
        "LARGEST": ", ".join(f"{name} {mb(taken)}" for name, taken in largest(light)),
        "ENGINES": engine_table(measured),
        "DIFFERENCE": f"{measured['greatest difference of embeddings']:.0e}",
        "INSTALLED_ON": where(installed),
        "MEASURED_ON": where(measured),
    }
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def installations(installed: dict[str, Any]) -> str:
    """One row for each set of packages."""
    rows = ["| command | brings | on disk |", "|---|---|---|"]
    for name, own in installed["sets"].items():
        rows.append(f"| {COMMANDS[name]} | {BRINGS[name]} | {mb(own['bytes'])} |")
    return "\n".join(rows)


def largest(own: dict[str, Any]) -> list[tuple[str, int]]:
    """The six largest packages of a set."""
    return list(own["largest"].items())[:6]


def engine_table(measured: dict[str, Any]) -> str:
    """One row for each engine."""
    rows = [
        "| engine | decode | windows to moods | file to moods | before the first track |",
        "|---|---|---|---|---|",
    ]
    for name, own in engines.rows_of(measured):
        times = own["times real time"]
        cells = [f"{times[stage]:.0f} x" for stage in ("decode", "windows to moods", "file to moods")]
        rows.append(
            f"| {NAMES[name]} | {' | '.join(cells)} | {own['seconds before the first track']:.1f} s |"
        )
    return "\n".join(rows)


def mb(size: int) -> str:
    """Bytes in units of a million."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def where(report: dict[str, Any]) -> str:
    """The machine, its load and the versions."""
    machine = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}; {versions}"


if __name__ == "__main__":
    main()
