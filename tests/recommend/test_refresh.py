"""A recommender while its index changes: calls see one version, and refresh goes over to the newest."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from moodrec import MoodIndex, Recommender
from moodrec.errors import UsageError
from moodrec.recommend.playlists.kinds import radio
from moodrec.recommend.playlists.rules import Rules
from tests.catalogues import MOODS, sample_catalogue

SAMPLE = sample_catalogue(300)


def built(n: int = 300) -> MoodIndex:
    return MoodIndex.build(SAMPLE.vectors[:n], SAMPLE.table.slice(0, n), MOODS, "flat")


def test_refresh_goes_over_to_what_was_saved(tmp_path: Path) -> None:
    index = built(200)
    index.save(tmp_path / "index")
    rec = Recommender.open(tmp_path / "index")
    assert len(rec.frame) == 200
    assert not rec.refresh()
    index.add(SAMPLE.vectors[200:], SAMPLE.table.slice(200))
    index.save(tmp_path / "index")
    assert len(rec.list()) == 200
    before = rec.snapshot()
    assert rec.refresh()
    assert len(rec.frame) == len(rec.list()) == 300
    assert rec.similar("t250", k=3).seed_id == "t250"
    assert rec.rerank(["t1", "t250"], {"calm": 1.0}).track_ids
    assert len(before.frame) == 200


def test_an_index_that_was_never_saved_has_nothing_to_refresh_from() -> None:
    with pytest.raises(UsageError, match="never saved"):
        Recommender(built()).refresh()


def test_changes_in_this_process_show_in_the_next_call() -> None:
    rec = Recommender(built(200))
    assert len(rec.frame) == 200
    rec.index.add(SAMPLE.vectors[200:], SAMPLE.table.slice(200))
    assert len(rec.frame) == 300
    assert rec.resolve("Title 299") == "t299"


def test_no_request_is_dropped_while_versions_come_and_go(tmp_path: Path) -> None:
    """Half of the tracks are taken out and put back, saved each time; requests name only tracks they were shown."""
    index = built()
    index.save(tmp_path / "index")
    rec, stop = Recommender.open(tmp_path / "index"), threading.Event()
    failures: list[str] = []
    done = 0

    def write() -> None:
        half = [f"t{row}" for row in range(150, 300)]
        while not stop.is_set():
            index.remove(half)
            index.save(tmp_path / "index")
            index.add(SAMPLE.vectors[150:], SAMPLE.table.slice(150))
            index.save(tmp_path / "index")

    def refresh() -> None:
        while not stop.is_set():
            rec.refresh()

    def ask() -> None:
        nonlocal done
        rng = np.random.default_rng(threading.get_ident() % 1000)
        while not stop.is_set():
            try:
                now = rec.snapshot()
                seed = str(rng.choice(now.index.track_ids))
                assert len(now.similar(seed, k=5)) == 5
                assert len(radio(now, seed, Rules(n=4))) == 4
                rec.similar("t7", k=5, max_per_artist=1)
                radio(rec, "t3", Rules(n=4))
                done += 1
            except Exception as error:  # noqa: BLE001  # whatever it is, a request was dropped
                failures.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=target) for target in (write, refresh, ask, ask, ask)]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 60
    while done < 20 and not failures and time.monotonic() < give_up:
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert done > 0
