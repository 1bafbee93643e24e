"""A real server on a port of its own, in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.serve.extra import EXTRA, missing
from moodrec.serve.settings import ServeSettings
from tests.catalogues import MOODS, sample_catalogue

if TYPE_CHECKING:
    import httpx

TOKEN = "a secret of tests only"


def needs_the_extra() -> None:
    """Skip a test where the packages of the server are not installed."""
    if missing():
        pytest.skip(f"pip install 'moodrec[{EXTRA}]' to run this test")


@contextmanager
def serving(settings: ServeSettings) -> Iterator[httpx.Client]:
    """A client of a server that runs as long as the block."""
    needs_the_extra()
    import httpx

    from moodrec.serve.run import server_of

    server = server_of(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def settings_for(library: Path, **changes: Any) -> ServeSettings:
    """Settings of a server of tests: any port, and no limit on the rate."""
    from moodrec.serve.settings import Limits

    limits = {"rate": 0.0} | changes.pop("limits", {})
    return ServeSettings(library=library, port=0, limits=Limits(**limits), **changes)


def save_sample(folder: Path, n: int = 400, seed: int = 0) -> MoodIndex:
    """Save an index of the sample catalogue."""
    sample = sample_catalogue(n, seed=seed)
    index = MoodIndex.build(sample.vectors, sample.table, MOODS)
    index.save(folder)
    return index
