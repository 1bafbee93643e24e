"""Notes beside a library, which anybody may have written, and clocks that go back."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from moodrec.library.notes import MODELS_FILE, RUN_FILE, RunState, latest_run, model_places, note_run


def test_a_note_is_read_back(tmp_path: Path) -> None:
    note_run(tmp_path, RunState(10, 3, seconds_left=2.5))
    found = latest_run(tmp_path)
    assert found is not None
    assert (found.total, found.done, found.running) == (10, 3, True)


@pytest.mark.parametrize(
    "values",
    [
        {"total": "many"},
        {"total": 1, "process": "x"},
        {"total": 1, "process": -1},
        {"total": 1, "process": 10**30},
        {"total": 1, "noted_at": "noon"},
        {"total": 1, "noted_at": 1e300},
        {"total": 1, "seconds_left": []},
        {"total": 1, "host": 3},
        {"total": True},
        {"more": 1},
        [1],
    ],
)
def test_values_of_another_kind(tmp_path: Path, values: object) -> None:
    (tmp_path / RUN_FILE).write_text(json.dumps(values))
    assert latest_run(tmp_path) is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": "' + "x" * (1 << 21) + '"}', "nonsense", ""])
def test_texts_without_end(tmp_path: Path, text: str) -> None:
    for name in (RUN_FILE, MODELS_FILE):
        (tmp_path / name).write_text(text)
    assert latest_run(tmp_path) is None
    assert model_places(tmp_path) == {}


def test_a_clock_that_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of another machine that noted its progress in the future is not alive for ever."""
    note_run(tmp_path, RunState(10, host="another"))
    found = latest_run(tmp_path)
    assert found is not None
    assert found.running
    later = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    assert not found.running
