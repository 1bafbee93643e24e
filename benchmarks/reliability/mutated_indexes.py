"""Indexes of a stranger who knows the format: one file changed, and the checksums made right again."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.reliability import mutations
from moodrec.errors import FilterError, MoodrecError
from moodrec.index.mood_index import MoodIndex
from tests.catalogues import MOODS, sample_catalogue

PRESETS = ("flat", "ivf", "ivf-sq8", "ivf-pq", "hnsw")
ROWS = 600
SEARCHES = (None, "year >= 1990", "genre = 'rock' AND calm > 0.4", "artist LIKE 'Artist 1%' OR year IS NULL")
KINDS = (
    pa.string_view(),
    pa.large_string(),
    pa.binary(),
    pa.list_(pa.list_(pa.int32())),
    pa.list_view(pa.string()),
    pa.struct([("a", pa.int32())]),
    pa.dictionary(pa.int8(), pa.string()),
    pa.duration("s"),
    pa.null(),
    pa.float16(),
    pa.uint64(),
    pa.decimal128(5, 2),
    pa.map_(pa.string(), pa.int8()),
    pa.month_day_nano_interval(),
)


def prepare(folder: Path) -> None:
    """Save an index of every preset, with tombstones and rows that were added later."""
    sample = sample_catalogue(ROWS)
    for preset in PRESETS:
        index = MoodIndex.build(
            sample.vectors[:-20], sample.table.slice(0, ROWS - 20), MOODS, preset, "a-model", 1
        )
        index.add(sample.vectors[-20:], sample.table.slice(ROWS - 20))
        index.remove(index.track_ids[:3])
        index.save(folder / preset)


def change(rng: random.Random, prepared: Path, place: Path) -> str:
    """Copy an index and change a file of it; says which and how."""
    preset = rng.choice(PRESETS)
    shutil.copytree(prepared / preset, place)
    (version,) = place.glob("v0*")
    names = sorted(path.name for path in version.iterdir())
    name = rng.choice([*names, "index.faiss", "tracks.arrow", "manifest.json"])
    if not (version / name).exists():
        name = "tracks.arrow"
    path = version / name
    data = path.read_bytes()
    how, knowing = "bytes", rng.random() < 0.6
    if name == "manifest.json":
        document = json.loads(data)
        how = mutations.json_of(rng, document)
        path.write_text(json.dumps(document))
        _point(version)
        return f"{preset} {name} {how}"
    if knowing and name.endswith(".npy"):
        data, how = mutations.npy(mutations.array_of(rng, np.load(io.BytesIO(data)))), "array"
    elif knowing and name.endswith(".npz"):
        data, how = mutations.archive_of(rng, data), "archive"
    elif knowing and name.endswith(".arrow"):
        data, how = _other_table(rng, data), "table"
    else:
        data = mutations.bytes_of(rng, data)
    path.write_bytes(data)
    sign(version)
    return f"{preset} {name} {how}"


def _other_table(rng: random.Random, data: bytes) -> bytes:
    """Give a column another type, or compress or cut the table."""
    table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
    name = rng.choice(table.column_names)
    options = pa.ipc.IpcWriteOptions()
    match rng.choice(("type", "type", "type", "lose", "twice", "rows", "compress", "nulls")):
        case "type":
            kind = rng.choice(KINDS)
            try:
                column: Any = table[name].cast(kind)
            except (pa.ArrowException, NotImplementedError):
                column = pa.nulls(len(table), kind)
            table = table.set_column(table.column_names.index(name), name, column)
        case "lose":
            table = table.drop_columns([name])
        case "twice":
            table = table.append_column(name, table[name])
        case "rows":
            table = rng.choice((table.slice(1), pa.concat_tables([table, table.slice(0, 1)])))
        case "compress":
            options = pa.ipc.IpcWriteOptions(compression=rng.choice(("zstd", "lz4")))
        case "nulls":
            table = table.set_column(
                table.column_names.index(name), name, pa.nulls(len(table), table[name].type)
            )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def sign(version: Path) -> None:
    """Write the checksums that the files have now."""
    manifest = json.loads((version / "manifest.json").read_text())
    for name, record in manifest["files"].items():
        content = (version / name).read_bytes()
        record |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "block": 0}
    (version / "manifest.json").write_text(json.dumps(manifest))
    _point(version)


def _point(version: Path) -> None:
    digest = hashlib.sha256((version / "manifest.json").read_bytes()).hexdigest()
    (version.parent / "CURRENT").write_text(f"{version.name} {digest}\n")


def use(place: Path) -> str:
    """Open an index, search it in several ways, change it and save it; says how that ended."""
    try:
        index = MoodIndex.open(place)
    except MoodrecError as error:
        return type(error).__name__
    query = np.random.default_rng(1).standard_normal((2, index.dim)).astype(np.float32)
    for condition in SEARCHES:
        try:
            _ = index.search(query, k=10, where=condition)
            _ = index.search(
                query[0], k=10, where=condition, mood={index.moods[0]: 1.0} if index.moods else None
            )
        except FilterError:
            continue
    index.verify()
    index.remove(index.track_ids[5:7])
    if index.preset != "ivf-pq":  # learning its codes again takes seconds, and says no more
        index.compact()
    index.save(place)
    MoodIndex.open(place)
    return "opened"
