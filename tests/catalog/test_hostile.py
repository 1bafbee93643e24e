"""A folder full of damaged files and known troublemakers: each costs only itself.

The long form, of ten thousand damaged files, is ``benchmarks/reliability/hostile_files.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from moodrec.catalog.analyze import analyze
from moodrec.library.library import Library
from moodrec.library.records import Outcome
from tests.catalog.corpus import write_songs
from tests.catalog.hostile import FORMATS, mutant, originals, write_by_hand
from tests.catalog.toy import ToyModel

MODEL = ToyModel()
MUTANTS = 180


def embeddings(library: Library, folder: Path) -> dict[str, bytes]:
    frame, vectors = library.frame(), library.embeddings()
    return {path: vectors[row].tobytes() for row, path in enumerate(frame["path"]) if str(folder) in path}


def test_known_troublemakers_get_the_outcome_that_they_must(tmp_path: Path) -> None:
    expected = write_by_hand(tmp_path / "music")
    with Library.create(tmp_path / "library") as library:
        analyze([tmp_path / "music"], library, MODEL, jobs=2)
        found = {path.name: f"{file.outcome} {file.reason}" for path, file in library.files().items()}
    assert found == expected


def test_the_mutants_are_many_and_the_same_every_time(tmp_path: Path) -> None:
    sources = originals(tmp_path)
    made = [mutant(number, sources) for number in range(200)]
    assert made == [mutant(number, sources) for number in range(200)]
    assert {suffix for suffix, _, _ in made} == set(FORMATS)
    assert len({content for _, _, content in made}) > 180


def test_damaged_files_cost_only_themselves(tmp_path: Path) -> None:
    write_songs(tmp_path / "alone", 4, ".wav")
    with Library.create(tmp_path / "quiet") as library:
        analyze([tmp_path / "alone"], library, MODEL)
        undisturbed = set(embeddings(library, tmp_path / "alone").values())
    sources = originals(tmp_path / "originals")
    (tmp_path / "music").mkdir()
    for number in range(MUTANTS):
        suffix, _, content = mutant(number, sources)
        (tmp_path / "music" / f"{number:05}{suffix}").write_bytes(content)
    for number in range(4):
        (tmp_path / "alone" / f"{number:03}.wav").rename(tmp_path / "music" / f"{50 * number:05}-good.wav")
    with Library.create(tmp_path / "library") as library:
        report = analyze([tmp_path / "music"], library, MODEL, jobs=2)
        assert sum(report.counts.values()) == len(library.files()) == MUTANTS + 4
        assert report.counts[Outcome.OK] >= 4
        assert report.counts[Outcome.FAILED] > 20
        assert undisturbed <= set(embeddings(library, tmp_path / "music").values())
        vectors = library.embeddings()
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_tried_again_when_it_may(tmp_path: Path) -> None:
    song = write_songs(tmp_path / "music", 1)[0]
    song.chmod(0)
    with Library.create(tmp_path / "library") as library:
        assert analyze([tmp_path / "music"], library, MODEL).failures[0].reason == "forbidden"
        song.chmod(0o644)
        assert analyze([tmp_path / "music"], library, MODEL).counts[Outcome.OK] == 1
