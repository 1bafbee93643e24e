"""docs/reliability.md is what its script makes of the stored results."""

from __future__ import annotations

import pytest

from benchmarks.reliability import page


def test_the_page_is_of_today() -> None:
    assert page.render() == page.PAGE.read_text(), "run python -m benchmarks.reliability.page"


def test_a_promise_that_no_test_shows_is_not_printed() -> None:
    with pytest.raises(SystemExit, match="has no test_nothing"):
        page.checked("catalog/test_hostile.py::test_nothing")


def test_the_stored_results_hold_what_is_promised() -> None:
    hostile = page.result("reliability/hostile-files")["summary"]
    assert hostile["files"] == hostile["with one outcome"] >= 10_000
    assert hostile["whole files"] == hostile["whole files bit-identical"]
    assert hostile["below its limit"]
    interrupted = page.result("reliability/interruptions")["summary"]
    assert (interrupted["kills"], interrupted["tracks lost"], interrupted["wrong in any way"]) == (200, 0, 0)
    swapped = page.result("reliability/hot-swap")
    for found in (*swapped["presets"].values(), swapped["library"]):
        assert found["failures"] == 0
        assert found["opens"] >= 2_000
        assert found["different versions"] > 100
    damaged = page.result("reliability/damaged-indexes")["summary"]
    assert damaged["faults"] == damaged["refused"] >= 10_000
    served = page.result("reliability/serve")
    assert served["conditions"]["conditions"] >= 10_000
    assert served["conditions"]["statuses"].keys() <= {"200", "400"}
    assert served["paths"]["paths"] >= 200
    assert not any(status.startswith("5") for status in served["schemathesis"]["statuses"])
    parts = ("conditions", "paths", "schemathesis", "stalling", "endless", "kills")
    assert not any(served[part]["broken"] for part in parts)
