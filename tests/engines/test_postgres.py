"""PostgreSQL with pgvector, on a server that the tests start."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest

from moodrec.engines.postgres.index import PostgresIndex
from moodrec.engines.postgres.server import Server
from moodrec.errors import DataError, EngineError, FilterError, NotFoundError, UsageError
from moodrec.filters.conditions import Comparison, Field, Like
from tests.catalogues import MOODS
from tests.engines.contract import Build, EngineContract, assert_same_rows, with_ids
from tests.filters.generated import as_table, random_condition, random_rows


class TestPostgres(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def build(cls, postgres_address: str) -> Build:
        return lambda sample, name: PostgresIndex.build(
            postgres_address, sample.vectors, sample.table, MOODS, name
        )

    @pytest.fixture(scope="class")
    @classmethod
    def reader(cls, postgres_address: str) -> Callable[[str], PostgresIndex]:
        return lambda name: PostgresIndex.open(postgres_address, name)


def one_row_a_value(address: str, table: pa.Table, name: str = "filters") -> PostgresIndex:
    vectors = np.eye(len(table), 64, dtype=np.float32) + 0.1
    return PostgresIndex.build(address, vectors, with_ids(table), (), name)


def test_random_filters_pass_the_rows_that_they_pass_on_one_machine(postgres_address: str) -> None:
    for seed in range(4):
        rng = random.Random(seed)
        table = as_table(random_rows(rng, 40))
        with one_row_a_value(postgres_address, table) as index:
            for _ in range(120):
                assert_same_rows(index, table, random_condition(rng))


TEXTS = ["%", "_", "ss!", "\\x", *"sSſkK\u212aςσΣßẞİiıIéÉ-]^\\𝄞", "ss", "e\u0301", ""]


def test_case_and_order_of_texts(postgres_address: str) -> None:
    table = pa.table({"text": [*TEXTS, None]})
    with one_row_a_value(postgres_address, table, "texts") as index:
        for text in TEXTS:
            assert_same_rows(index, table, Like(Field("text"), text, ignore_case=True))
            assert_same_rows(index, table, Like(Field("text"), f"%{text}_", escape=None))
            for operator in ("=", "<>", "<", "<=", ">", ">="):
                assert_same_rows(index, table, Comparison(Field("text"), operator, text))
                assert_same_rows(index, table, Comparison(Field("text"), operator, text + "\0x"))
        assert_same_rows(index, table, Like(Field("text"), "s\0"))
        for pattern, escape in (
            ("\\", None),
            ("\\%", None),
            ("!%", "!"),
            ("!_", "!"),
            ("ss!!", "!"),
            ("\\_", "\\"),
        ):
            assert_same_rows(index, table, Like(Field("text"), pattern, escape=escape))
            assert_same_rows(index, table, Like(Field("text"), pattern, True, escape))
        with pytest.raises(FilterError, match="no text"):
            index.matching(Comparison(Field("text"), "=", "\ud800"))


def test_names_that_are_no_plain_words(postgres_address: str) -> None:
    table = pa.table({'a "quoted" %s name': [1, 2], "select": [True, None], "naïve; --": ["x", "y"]})
    with one_row_a_value(postgres_address, table, "names") as index:
        assert index.matching('"a ""quoted"" %s name" = 2 AND "naïve; --" = \'y\'')[
            "track_id"
        ].to_pylist() == ["t1"]
        assert index.matching('"select"')["track_id"].to_pylist() == ["t0"]
    for name in ("moodrec_seq", "x" * 64, "a\0b"):
        with pytest.raises(DataError, match="rename it"):
            one_row_a_value(postgres_address, pa.table({name: [1]}), "names")
    with pytest.raises(UsageError, match="small letters"):
        one_row_a_value(postgres_address, table, 'x"; DROP TABLE y')


def test_a_graph_finds_what_a_scan_finds(postgres_address: str) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6000, 16)).astype(np.float32)
    calm = np.clip(0.5 + 0.2 * vectors[:, 0] + 0.1 * rng.normal(size=6000), 0, 1).astype(np.float32)
    table = pa.table({"track_id": [f"t{row}" for row in range(6000)], "calm": calm})
    with PostgresIndex.build(postgres_address, vectors, table, ("calm",), "graph") as index:
        queries = vectors[:10]
        for options in ({}, {"where": "calm >= 0.5"}, {"mood": {"calm": 0.2}, "mood_weight": 0.4}):
            found = index.search(queries, 10, **options)
            assert found.explanation.path == "postgres hnsw"
            exact = index.search(queries, 10, exact=True, **options)
            assert exact.explanation.path == "postgres scan"
            shared = [len(set(a) & set(b)) for a, b in zip(found.track_ids, exact.track_ids, strict=True)]
            assert np.mean(shared) >= 9.5


def test_plans_are_not_kept_from_other_searches(postgres_address: str) -> None:
    """A statement that was often executed for one way of search must not keep that way for another."""
    vectors = np.random.default_rng(1).normal(size=(6000, 16)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    genres = ["most" if row % 25 else f"rare {row}" for row in range(6000)]
    table = pa.table({"track_id": [f"t{row}" for row in range(6000)], "genre": genres})
    few = np.arange(0, 6000, 25)
    with PostgresIndex.build(postgres_address, vectors, table, name="plans") as index:
        for query in vectors[:20]:
            assert index.search(query, 10, where="genre <> 'rare 0'").explanation.path == "postgres hnsw"
        for query in unit[:4]:
            found = index.search(query, 10, where="genre <> 'most'")
            nearest = few[np.argsort(-(unit[few] @ query))[:10]]
            assert found.track_ids[0].tolist() == [f"t{row}" for row in nearest]


def test_no_statement_is_prepared(postgres_address: str) -> None:
    with closing(Server(postgres_address)) as server:
        for _ in range(12):
            with server.transaction() as cursor:
                cursor.execute("SELECT %s + 1", (5,))
        with server.transaction() as cursor:
            cursor.execute("SELECT statement FROM pg_prepared_statements")
            assert cursor.fetchall() == []


def test_a_catalogue_is_replaced_whole(postgres_address: str) -> None:
    table = pa.table({"track_id": ["a", "b"]})
    first = PostgresIndex.build(postgres_address, np.eye(2), table, name="swap", model_fingerprint="one")
    with first, PostgresIndex.open(postgres_address, "swap") as reader:
        assert not reader.refresh()
        with PostgresIndex.build(
            postgres_address, np.eye(3), pa.table({"track_id": ["a", "b", "c"]}), name="swap"
        ):
            assert reader.refresh()
            assert (len(reader), reader.dim, reader.model_fingerprint) == (3, 3, None)
    with pytest.raises(NotFoundError, match="no catalogue 'nothing'"):
        PostgresIndex.open(postgres_address, "nothing")
    with pytest.raises(EngineError, match="PostgreSQL"):
        PostgresIndex.open("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
