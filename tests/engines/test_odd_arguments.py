"""Odd values for every argument of a catalogue in an engine: one of moodrec's errors, or an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.engines.milvus.index import MilvusIndex
from moodrec.engines.postgres.index import PostgresIndex
from tests.catalogues import MOODS, sample_catalogue
from tests.odd import faults, faults_of_methods, samples

ENGINES: dict[str, type[PostgresIndex] | type[MilvusIndex]] = {
    "postgres": PostgresIndex,
    "milvus": MilvusIndex,
}
NOT_TRIED = ("open", "build", "refresh", "close")


@pytest.mark.parametrize("engine", ENGINES)
def test_methods(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # texts are files of Milvus Lite
    address: str = request.getfixturevalue(f"{engine}_address")
    sample = sample_catalogue().part(0, 50)
    with ENGINES[engine].build(address, sample.vectors, sample.table, MOODS, "odd") as index:
        found = faults_of_methods(index, samples(index), NOT_TRIED)
    found += faults("open", ENGINES[engine].open, {"address": address, "name": "odd"}, [])
    assert not found, "\n".join(found)
