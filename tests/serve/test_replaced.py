"""The library or the index that is served is replaced: requests are answered all the while, by one or the other."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from moodrec.serve.settings import ServeSettings
from moodrec.serve.state import ServerState
from tests.cli.sample_library import write_sample_library
from tests.replaced import removed, renamed
from tests.serve.running import needs_the_extra, save_sample, serving, settings_for

if TYPE_CHECKING:
    import httpx


def version(client: httpx.Client) -> Any:
    answer = client.get("/v1/tracks", params={"limit": 3})
    assert answer.status_code == 200
    return answer.json()["version"]


@pytest.mark.parametrize("replace", [renamed, removed])
def test_an_index_that_is_replaced(tmp_path: Path, replace: Callable[[Path, Path], None]) -> None:
    save_sample(tmp_path / "index", 300)
    save_sample(tmp_path / "other", 200, seed=1)
    with serving(settings_for(tmp_path / "index", refresh_s=0.05)) as client:
        before = version(client)
        replace(tmp_path / "index", tmp_path / "other")
        give_up = time.monotonic() + 60
        while version(client) == before:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        (tmp_path / "index").rename(tmp_path / "gone")
        time.sleep(0.2)
        assert version(client) != before


def opened(settings: ServeSettings) -> ServerState:
    needs_the_extra()
    return ServerState(settings)


def test_the_files_of_a_library_that_is_replaced(tmp_path: Path) -> None:
    """The other library has the same revision, as an older moodrec counted, and other files."""
    library = write_sample_library(tmp_path / "a", moved=False)
    other = write_sample_library(tmp_path / "b", moved=False)
    for folder in (library, other):
        with closing(sqlite3.connect(folder / "library.sqlite")) as connection, connection:
            connection.execute("UPDATE counters SET value = 70 WHERE name = 'revision'")
    state = opened(settings_for(library, refresh_s=3600))
    try:
        first = state.files()
        assert all(path.is_relative_to(tmp_path / "a") for path in first.values())
        renamed(library, other)
        second = state.files()
        assert len(second) == len(first)
        assert all(path.is_relative_to(tmp_path / "b") for path in second.values())
        assert state.refresh() is True
    finally:
        state.close()


def test_a_refresh_that_failed_half_way_is_made_up_for(tmp_path: Path) -> None:
    library = write_sample_library(tmp_path / "a")
    other = write_sample_library(tmp_path / "b")
    state = opened(settings_for(library, refresh_s=3600))
    try:
        before = state.view().name
        renamed(library, other)
        database = (library / "library.sqlite").rename(tmp_path / "aside")
        (library / "library.sqlite").write_text("damaged")
        with pytest.raises(Exception, match="not a moodrec library, or damaged"):
            state.refresh()
        assert state.view().name == before
        database.replace(library / "library.sqlite")
        state.refresh()
        assert state.view().name != before
    finally:
        state.close()
