"""docs/reliability.md is what its script makes of the stored results."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """The script, as a module."""
    path = ROOT / "benchmarks" / "reliability" / "page.py"
    spec = importlib.util.spec_from_file_location("reliability_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_of_today(page: ModuleType) -> None:
    assert page.render() == (ROOT / "docs" / "reliability.md").read_text(), (
        "run benchmarks/reliability/page.py"
    )


def test_a_promise_that_no_test_shows_is_not_printed(page: ModuleType) -> None:
    with pytest.raises(SystemExit, match="has no test_nothing"):
        page.checked("catalog/test_hostile.py::test_nothing")


def test_the_stored_results_hold_what_is_promised(page: ModuleType) -> None:
    hostile = page.result("reliability/hostile-files")["summary"]
    assert hostile["files"] == hostile["with one outcome"] >= 10_000
    assert hostile["whole files"] == hostile["whole files bit-identical"]
    assert hostile["below its limit"]
    interrupted = page.result("reliability/interruptions")["summary"]
    assert (interrupted["kills"], interrupted["tracks lost"], interrupted["wrong in any way"]) == (200, 0, 0)
    damaged = page.result("reliability/damaged-indexes")["summary"]
    assert damaged["faults"] == damaged["refused"] >= 10_000
