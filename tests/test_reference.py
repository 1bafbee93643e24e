"""The reference of the documentation site describes every public name and every module."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import moodrec
from tools.reference import FRONT, PACKAGE, public_names, reference_pages

ENTRY = re.compile(r"- \[`(\w+)`\]\(([\w.]+)#([\w.]+)\): (.+)")


def test_every_public_name_is_in_the_reference() -> None:
    pages = reference_pages()
    assert set(public_names()) == set(moodrec.__all__) - {"__version__"}
    entries = ENTRY.findall(pages[FRONT])
    assert {name for name, *_ in entries} == set(public_names())
    for name, page, anchor, said in entries:
        module, _, inside = anchor.rpartition(".")
        assert getattr(import_module(module), inside) is getattr(moodrec, name)
        assert f"::: {module}\n" in pages[f"reference/{page}"], f"{name} is not described on {page}"
        assert len(said.split()) > 2, f"{name} has no docstring"


def test_every_module_is_in_the_reference() -> None:
    described = re.findall(r"^::: ([\w.]+)$", "\n".join(reference_pages().values()), re.MULTILINE)
    there = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if not path.stem.startswith("_")
    ]
    assert sorted(described) == sorted(there)


def test_the_navigation_names_every_page() -> None:
    docs = Path(__file__).parents[1] / "docs"
    navigation = (docs.parent / "mkdocs.yml").read_text()
    pages = [path.relative_to(docs).as_posix() for path in docs.rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []
