"""Where the benchmarks find what they read and leave what they write."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
"""Of the repository; ``python -m benchmarks...`` runs there."""
RESULTS: Final = ROOT / "benchmarks" / "results"
RECIPES: Final = ROOT / "recipes"
INDEXES: Final = ROOT / "indexes"
DOCS: Final = ROOT / "docs"
PAGES: Final = DOCS / "results"
"""Of results, written from stored ones."""
