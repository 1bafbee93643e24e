"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real labelled music; tests that need it skip where it is absent."""
    place = os.environ.get("MOODREC_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("set MOODREC_DATA to the folder of labelled music to run this test")
    return Path(place)
