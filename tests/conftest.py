"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A shell starts what it puts into the background with Ctrl-C ignored, and processes pass that on: tests that press it
# would wait for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A test that takes long on a busy machine has not failed.
settings.register_profile("moodrec", deadline=None)
settings.load_profile("moodrec")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real labelled music; tests that need it skip where it is absent."""
    place = os.environ.get("MOODREC_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("set MOODREC_DATA to the folder of labelled music to run this test")
    return Path(place)
