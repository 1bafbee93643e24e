"""Micro-costs of a filter: reading its text, and its mask over a million rows by kind of column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.search.micro.catalogue import columns
from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.parse import parse

ROWS = 1_000_000
WHERE = "calm >= 0.6 AND happy < 0.9 AND year BETWEEN 1990 AND 1999 AND artist <> 'artist 5' AND genre = 'genre 7'"
MASKS = {
    "number": "calm >= 0.6",
    "range": "year BETWEEN 1990 AND 1999",
    "text": "artist <> 'artist 5'",
    "text in": "genre IN ('genre 1', 'genre 2', 'genre 3')",
    "like": "artist LIKE 'artist 1%'",
    "list": "tags = 'genre 7'",
    "or": "calm >= 0.9 OR happy >= 0.9",
    "percentile": "pct(calm) >= 0.9",
    "five terms": WHERE,
}


@pytest.fixture(scope="module")
def table() -> ColumnTable:
    return ColumnTable(pa.table(columns(np.random.default_rng(0), ROWS)))


def test_parse(benchmark: Any) -> None:
    texts: Iterator[str] = (f"{WHERE} AND calm <> {i / 1e6}" for i in range(10**9))
    benchmark(lambda: parse(next(texts)))


def test_parse_a_text_again(benchmark: Any) -> None:
    benchmark(lambda: parse(WHERE))


@pytest.mark.parametrize("kind", MASKS)
def test_mask(benchmark: Any, table: ColumnTable, kind: str) -> None:
    condition = parse(MASKS[kind])
    mask = benchmark(lambda: row_mask(condition, table))
    assert 0 < np.count_nonzero(mask) < ROWS
