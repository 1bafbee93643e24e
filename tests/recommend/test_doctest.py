"""The examples in the docstrings run, against the sample index."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MODULES = [
    "moodrec.index.search.options",
    "moodrec.recommend.recommender",
    "moodrec.recommend.pairs",
    "moodrec.recommend.rerank",
    "moodrec.recommend.playlists.kinds",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert done.attempted > 0
    assert done.failed == 0
