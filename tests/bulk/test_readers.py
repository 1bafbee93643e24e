"""Other tools read what ``moodrec embed`` and ``moodrec export`` write."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.bulk.run import BulkOptions, embed_manifest
from moodrec.catalog.vector_tables import read_vector_table
from moodrec.errors import DataError, NotFoundError
from moodrec.schema import TAG_FIELDS
from tests.bulk.made import make_model, write_manifest
from tests.catalog.corpus import write_song, write_songs


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("embedded")
    songs: list[str | None] = [str(path) for path in write_songs(place / "music", 4)]
    songs.append(str(write_song(place / "tagged.flac", 9, title="Ça va", artist="A; B", genre="Jazz")))
    manifest = write_manifest(place / "m.parquet", [*songs, None])
    embed_manifest(
        str(manifest), str(place / "out"), make_model(place / "model"), BulkOptions(rows_per_part=4)
    )
    return place / "out"


def test_pandas_reads_lists_numbers_and_what_is_unknown(embedded: Path) -> None:
    frame = pd.read_parquet(embedded)
    assert frame["embedding"].map(lambda one: one is None).tolist() == [False] * 5 + [True]
    np.testing.assert_allclose([np.linalg.norm(one) for one in frame["embedding"][:5]], 1, atol=1e-6)
    assert list(frame["artists"][4]) == ["A", "B"]


def test_duckdb_reads_them_as_one_table(embedded: Path) -> None:
    with duckdb.connect() as database:
        database.execute(f"CREATE VIEW tracks AS SELECT * FROM '{embedded}/*.parquet'")
        database.execute("SELECT outcome, count(*) FROM tracks GROUP BY 1")
        assert dict(database.fetchall()) == {"ok": 5, "failed": 1}
        database.execute(
            "SELECT title, artists[2], list_sum(list_transform(embedding::FLOAT[], lambda x: x * x)) FROM tracks "
            "WHERE list_contains(genre, 'Jazz') AND calm BETWEEN 0 AND 1"
        )
        ((title, artist, length),) = database.fetchall()
    assert (title, artist) == ("Ça va", "B")
    assert length == pytest.approx(1, abs=1e-6)


def test_polars_reads_them_as_one_table(embedded: Path) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(f"{embedded}/*.parquet")
    assert frame.shape[0] == 6
    assert frame["embedding"].null_count() == 1


def test_the_columns_of_tags_have_the_types_that_exports_have(embedded: Path) -> None:
    schema = pq.read_schema(embedded / "part-000000.parquet")
    for field in TAG_FIELDS:
        assert schema.field(field.name).type == field.type
    assert schema.metadata[b"moodrec.moods"] == b'["calm", "blue"]'


def test_tables_that_do_not_belong_together_are_refused(tmp_path: Path, embedded: Path) -> None:
    for name, table in {
        "1": pa.table({"embedding": [[1.0]]}),
        "2": pa.table({"embedding": [[1.0]], "x": [1]}),
    }.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r"2\.parquet: has other columns"):
        read_vector_table(tmp_path, "embedding")
    with pytest.raises(DataError, match="no column 'vector'"):
        read_vector_table(embedded, "vector")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match="without Parquet files"):
        read_vector_table(tmp_path / "empty", "embedding")
    with pytest.raises(NotFoundError, match="no such file"):
        read_vector_table(tmp_path / "gone.parquet", "embedding")
