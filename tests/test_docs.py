"""Every file that the documentation links to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
LINK = re.compile(r"\]\(([^)#:]+)\)")
NAMED = re.compile(r"`((?:docs|recipes|benchmarks|indexes|tools|examples|moodrec|tests)/[\w./-]+)`")
MODULE = re.compile(r"python -m ((?:benchmarks|tools)(?:\.\w+)+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    text = page.read_text()
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    missing += [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    missing += [
        name for name in MODULE.findall(text) if not (ROOT / (name.replace(".", "/") + ".py")).exists()
    ]
    assert missing == []
