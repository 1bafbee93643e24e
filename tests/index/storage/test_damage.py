"""Damage in any file of a saved index is found before it answers.

The long form, of ten thousand faults, is ``benchmarks/reliability/damaged_indexes.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.storage import store
from tests.catalogues import MOODS, sample_catalogue
from tests.index.storage.damage import FAULTS, put_in, stored_files

SAMPLE = sample_catalogue(80)


@pytest.mark.parametrize("preset", ["flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw"])
def test_every_kind_of_fault_in_every_file_is_refused(tmp_path: Path, preset: str) -> None:
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, preset, "a-model", 1)
    index.remove(["t3"])
    index.save(tmp_path / "index")
    rng = np.random.default_rng(0)
    for path in stored_files(tmp_path / "index"):
        for kind in FAULTS:
            with put_in(path, kind, rng), pytest.raises(CorruptStoreError):
                MoodIndex.open(tmp_path / "index")
    assert len(MoodIndex.open(tmp_path / "index")) == 79


def test_a_first_save_that_was_never_finished_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, "flat", "a-model", 1)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_atomically", fail)
        with pytest.raises(OSError):
            index.save(tmp_path / "index")
    with pytest.raises(NotFoundError):
        MoodIndex.open(tmp_path / "index")
    index.save(tmp_path / "index")
    assert len(MoodIndex.open(tmp_path / "index")) == 80
    (tmp_path / "index" / "CURRENT").unlink()
    with pytest.raises(CorruptStoreError):
        MoodIndex.open(tmp_path / "index")
