"""Manifests and models that are made for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from moodrec.model.checkpoint import save_model
from tests.small_model import small_network, small_spec


def make_model(folder: Path, seed: int = 0) -> str:
    save_model(folder, small_network(seed), small_spec())
    return str(folder)


def write_manifest(
    path: Path, paths: Sequence[str | None], columns: Mapping[str, Sequence[Any]] | None = None
) -> Path:
    table = pa.table({"path": pa.array(paths, pa.string()), **(columns or {})})
    pq.write_table(table, path, row_group_size=3)
    return path
