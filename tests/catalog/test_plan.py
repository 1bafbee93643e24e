"""How many processes decode where nobody says."""

from __future__ import annotations

import os

import pytest

from moodrec.catalog.plan import checked_jobs


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 2), (4, 4), (8, 8), (64, 8)])
def test_every_core_decodes_up_to_eight(cores: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    assert checked_jobs(None) == expected


def test_a_number_that_is_given_stands() -> None:
    assert checked_jobs(3) == 3
