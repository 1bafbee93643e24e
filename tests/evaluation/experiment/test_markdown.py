"""Names in a report's tables are names: they make no columns, rows or elements."""

from __future__ import annotations

import pytest

from moodrec.evaluation.experiment.report.markdown import table
from tests.hostile_names import NAMES, STEERING


@pytest.mark.parametrize("name", [*NAMES.values(), "a | b", "<img src=x onerror=y>"])
def test_names_stay_in_their_cells(name: str) -> None:
    text = table([name, "plain"], [[name, "1"], ["2", name]])
    lines = text.splitlines()
    assert len(lines) == 4
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines if line != lines[1])
    assert "<" not in text
    assert not STEERING & set(text)
