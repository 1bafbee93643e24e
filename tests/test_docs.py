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


PART = re.compile(r"`([\w./-]+\.(?:py|c|h))`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    text = page.read_text()
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    missing += [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    missing += [
        name for name in MODULE.findall(text) if not (ROOT / (name.replace(".", "/") + ".py")).exists()
    ]
    assert missing == []


def test_architecture_names_files_that_are_there() -> None:
    files = [
        f"/{path.relative_to(ROOT)}"
        for top in ("moodrec", "benchmarks", "tests")
        for path in (ROOT / top).rglob("*")
    ]
    named = set(PART.findall((ROOT / "docs" / "architecture.md").read_text()))
    assert len(named) > 50
    assert sorted(name for name in named if not any(path.endswith(f"/{name}") for path in files)) == []


def test_the_table_of_benchmarks_names_each_that_can_be_run() -> None:
    told = (ROOT / "benchmarks" / "README.md").read_text()
    run = re.compile(r"^(?: {4}\S.*)?\s*python -m benchmarks\.([\w.]+)", re.MULTILINE)
    files = (ROOT / "benchmarks").rglob("*.py")
    found = {name[1] for path in files if (name := run.search(path.read_text()))}
    assert len(found) > 30
    assert sorted(name for name in found if f"`{name}`" not in told) == []


def test_contributors_are_told_what_makes_each_page_of_results() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text()
    pages = sorted((ROOT / "docs" / "results").glob("*.md"))
    assert [page.name for page in pages if f"](docs/results/{page.name}) | `python -m " not in told] == []
