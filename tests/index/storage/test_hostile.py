"""An index of a stranger, with the right checksums: it opens right or is refused, in bounded time."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from moodrec import MoodIndex
from moodrec.errors import CorruptStoreError
from moodrec.index.storage import format as stored

N, DIM = 2_000, 16


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((N, DIM)).astype(np.float32)
    table = pd.DataFrame({"track_id": [f"t{i}" for i in range(N)], "year": rng.integers(1950, 2020, N)})
    root = tmp_path_factory.mktemp("saved") / "index"
    MoodIndex.build(vectors, table, preset="ivf").save(root)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def folder(saved: dict[str, bytes], tmp_path: Path) -> Path:
    root = tmp_path / "index"
    for name, content in saved.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return next(root.glob("v0*"))


def sign(folder: Path, change: Callable[[dict[str, Any]], None] = lambda manifest: None) -> None:
    """Write the checksums that a stranger would write."""
    place = folder / "manifest.json"
    manifest = json.loads(place.read_text())
    for name, record in manifest["files"].items():
        if (folder / name).is_file():
            content = (folder / name).read_bytes()
            record |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "block": 0}
    change(manifest)
    place.write_text(json.dumps(manifest))
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    (folder.parent / "CURRENT").write_text(f"{folder.name} {digest}\n")


def refused(folder: Path, match: str) -> None:
    with pytest.raises(CorruptStoreError, match=match):
        MoodIndex.open(folder.parent)


def test_what_is_signed_anew_opens(folder: Path) -> None:
    sign(folder)
    assert len(MoodIndex.open(folder.parent)) == N


@pytest.mark.parametrize("size", [1 << 40, 1 << 62, 1 << 80])
def test_blocks_of_a_checksum_larger_than_any_memory(folder: Path, size: int) -> None:
    def change(manifest: dict[str, Any]) -> None:
        for record in manifest["files"].values():
            record |= {"block": size, "sha256": hashlib.sha256(bytes.fromhex(record["sha256"])).hexdigest()}

    sign(folder, change)
    assert len(MoodIndex.open(folder.parent)) == N


@pytest.mark.parametrize("value", [-1, 1 << 30])
def test_orders_that_point_outside(folder: Path, value: int) -> None:
    rows = np.load(folder / "column-orders.npy")
    rows[7] = value
    np.save(folder / "column-orders.npy", rows)
    sign(folder)
    refused(folder, "out of range")


@pytest.mark.parametrize("facts", [{"count": -1}, {"count": 1 << 40}, {"ends": [-4, N]}, {"ends": [N, 3]}])
def test_orders_whose_lengths_are_wrong(folder: Path, facts: dict[str, Any]) -> None:
    with np.load(folder / "column-orders.npz") as found:
        arrays = dict(found)
    arrays |= {name: np.array(value, np.int64) for name, value in facts.items()}
    np.savez(folder / "column-orders.npz", **arrays)
    sign(folder)
    refused(folder, "column-orders")


def test_arrival_that_points_outside(folder: Path) -> None:
    order = np.load(folder / "order.npy")
    order[0] = N
    np.save(folder / "order.npy", order)
    sign(folder)
    refused(folder, "out of range")


def test_a_packed_archive(folder: Path) -> None:
    with zipfile.ZipFile(folder / "stop-rule.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("spread.npy", bytes(1 << 24))
    sign(folder)
    refused(folder, "packed")


@pytest.mark.parametrize("shape", [b"(2000, 17)", b"(2000,9999", b"(-2000,16)"])
def test_a_header_that_promises_more(folder: Path, shape: bytes) -> None:
    content = (folder / "vectors.npy").read_bytes()
    (folder / "vectors.npy").write_bytes(content.replace(f"({N}, {DIM})".encode(), shape, 1))
    sign(folder)
    refused(folder, "vectors.npy")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite(folder: Path, value: float) -> None:
    vectors = np.load(folder / "vectors.npy")
    vectors[N - 1, 3] = value
    np.save(folder / "vectors.npy", vectors)
    sign(folder)
    refused(folder, "not finite")


def test_large_vectors_that_are_not_finite_are_noticed_in_use(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.load(folder / "vectors.npy")
    vectors[7, 3] = np.nan
    np.save(folder / "vectors.npy", vectors)
    sign(folder)
    monkeypatch.setattr(stored, "_LARGE_FILE", 1 << 10)
    index = MoodIndex.open(folder.parent)
    with pytest.raises(CorruptStoreError, match="not finite"):
        index.remove(["t1"])


@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_a_packed_table(folder: Path, packing: str) -> None:
    table = pa.ipc.open_file(folder / "tracks.arrow").read_all()
    table = table.append_column("zeros", pa.array(np.zeros(N)))
    options = pa.ipc.IpcWriteOptions(compression=packing)
    with pa.ipc.new_file(folder / "tracks.arrow", table.schema, options=options) as writer:
        writer.write_table(table)
    sign(folder)
    refused(folder, "compressed")


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x"] * N, pa.string_view()),
        pa.RunEndEncodedArray.from_arrays(pa.array([N], pa.int32()), pa.array(["x"])),
        pa.array([["x"]] * N, pa.list_view(pa.string())),
        pa.DictionaryArray.from_arrays(pa.array([0] * N), pa.array([["x"]])),
    ],
)
def test_columns_whose_rows_share_memory(folder: Path, column: pa.Array) -> None:
    table = pa.ipc.open_file(folder / "tracks.arrow").read_all().append_column("more", column)
    with pa.ipc.new_file(folder / "tracks.arrow", table.schema) as writer:
        writer.write_table(table)
    sign(folder)
    refused(folder, "has a column of")


@pytest.mark.parametrize(
    ("name", "value"), [("first_lists", 1 << 40), ("training_rows", 1 << 40), ("nlist", -1), ("seed", -1)]
)
def test_settings_out_of_range(folder: Path, name: str, value: int) -> None:
    sign(folder, lambda manifest: manifest["config"].update({name: value}))
    refused(folder, name)


@pytest.mark.parametrize("value", [0, -1, 1e300, None])
def test_facts_out_of_range(folder: Path, value: float | None) -> None:
    sign(folder, lambda manifest: manifest["facts"].update({"learnt_from": value}))
    refused(folder, "learnt_from|stop rule")


def test_a_manifest_without_end(folder: Path) -> None:
    sign(folder, lambda manifest: manifest.update({"preset": "x" * (1 << 24)}))
    refused(folder, "larger than 16 MiB")


def test_texts_that_lie_outside(folder: Path) -> None:
    table = pa.ipc.open_file(folder / "tracks.arrow").read_all()
    place = table.column_names.index("track_id")
    ids = table["track_id"].combine_chunks()
    _, offsets, texts = ids.buffers()
    wide = np.int64 if pa.types.is_large_string(ids.type) else np.int32
    wrong = np.frombuffer(offsets, wide).copy()
    wrong[5] = 1 << 30
    outside = pa.Array.from_buffers(ids.type, N, [None, pa.py_buffer(wrong), texts])
    table = table.set_column(place, "track_id", outside)
    with pa.ipc.new_file(folder / "tracks.arrow", table.schema) as writer:
        writer.write_table(table)
    sign(folder)
    refused(folder, "no table can be read")


@pytest.mark.parametrize("name", ["/etc/passwd", "../CURRENT", "a/b", "..", "", "/dev/zero", ".hidden"])
def test_names_that_are_paths(folder: Path, name: str) -> None:
    sign(folder, lambda manifest: manifest["files"].update({name: {"size": 1, "sha256": "0" * 64}}))
    refused(folder, "plain name|the file is damaged")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", ["order.npy", "manifest.json", "../CURRENT"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_files_that_are_none(folder: Path, name: str, kind: str) -> None:
    sign(folder)
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "device":
        (folder / name).symlink_to("/dev/zero")
    else:
        (folder / name).mkdir()
    with pytest.raises((CorruptStoreError, OSError)):
        MoodIndex.open(folder.parent)
