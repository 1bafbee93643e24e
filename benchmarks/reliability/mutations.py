"""Changes that somebody who knows the formats would make to a file: other numbers, bytes lost or added."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from typing import Any

import numpy as np

EXTREMES = (-1, 0, 1, 2, 3, 7, 8, 255, 256, 65_535, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40)
WIDE = (*EXTREMES, 1 << 62, (1 << 63) - 1, -(1 << 31), -(1 << 63))
NUMBERS = (float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e300, 1e-300, -1e30)
JSON_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2,
    1 << 31,
    1 << 63,
    10**30,
    1e308,
    -0.5,
    "",
    "x" * 5000,
    "../../etc/passwd",
    "\x00\x1b[31m",
    [],
    [[]],
    {},
    {"a": {"a": {}}},
)


def bytes_of(rng: random.Random, data: bytes) -> bytes:
    """Change the bytes of a file: flip, overwrite with numbers, cut, repeat, insert."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _change(rng, found)
    return bytes(found)


def _change(rng: random.Random, found: bytearray) -> None:
    if not found:
        found.extend(b"\x00" * rng.choice((1, 8, 100)))
        return
    # What describes the rest stands at the beginning, or at the end.
    reach = rng.choice((64, 256, 1024, len(found), len(found)))
    place = rng.randrange(min(reach, len(found)))
    if rng.random() < 0.15:
        place = len(found) - 1 - place
    match rng.choice(
        ("flip", "flip", "int", "int", "long", "long", "float", "double", "cut", "insert", "repeat")
    ):
        case "flip":
            found[place] ^= 1 << rng.randrange(8)
        case "int":
            _write(found, place & ~3, struct.pack("<I", rng.choice(EXTREMES) & 0xFFFFFFFF))
        case "long":
            _write(found, place & ~3, struct.pack("<Q", rng.choice(WIDE) & (1 << 64) - 1))
        case "float":
            _write(found, place & ~3, np.float32(rng.choice(NUMBERS[:5])).tobytes())
        case "double":
            _write(found, place & ~3, struct.pack("<d", rng.choice(NUMBERS)))
        case "cut":
            del found[place:]
        case "insert":
            found[place:place] = rng.randbytes(rng.choice((1, 4, 8, 100)))
        case "repeat":
            found[place:place] = found[place : place + rng.choice((4, 8, 64, 4096))]


def _write(found: bytearray, place: int, what: bytes) -> None:
    found[place : place + len(what)] = what[: len(found) - place]


def array_of(rng: random.Random, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Change an array: its values, its type or its shape."""
    found = np.array(array)
    match rng.choice(("value", "value", "value", "all", "type", "shape", "shuffle")):
        case "value" if found.size:
            flat = found.reshape(-1)
            for _ in range(rng.choice((1, 1, 5))):
                flat[rng.randrange(flat.size)] = _fitting(rng, found.dtype)
        case "all" if found.size:
            found[...] = _fitting(rng, found.dtype)
        case "type":
            other = rng.choice(
                (
                    "<i1",
                    "<u1",
                    "<i2",
                    "<i4",
                    "<u4",
                    "<i8",
                    "<u8",
                    "<f2",
                    "<f4",
                    "<f8",
                    ">i4",
                    ">f4",
                    "?",
                    "<U3",
                )
            )
            with np.errstate(all="ignore"):
                try:
                    found = (
                        found.astype(other) if rng.random() < 0.5 else np.frombuffer(found.tobytes(), other)
                    )
                except ValueError:
                    found = np.zeros(found.shape, other)
        case "shape":
            found = rng.choice(
                (
                    found[:-1] if found.ndim else found,
                    found.reshape(-1),
                    found[None],
                    np.concatenate([found.reshape(-1)] * 2),
                )
            )
        case _ if found.ndim:
            np.random.default_rng(rng.randrange(1 << 32)).shuffle(found)
    return found


def _fitting(rng: random.Random, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return np.float64(rng.choice(NUMBERS[:5])).astype(dtype)
    if dtype.kind in "iu":
        bits = (1 << 8 * dtype.itemsize) - 1
        return np.uint64(rng.choice(WIDE) & bits).astype(dtype)
    return rng.choice((True, False)) if dtype.kind == "b" else rng.choice(("", "x", "\x00", "year", "z" * 99))


def archive_of(rng: random.Random, data: bytes) -> bytes:
    """Change one array of a ``.npz`` file, or how the arrays lie in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    name = rng.choice(list(members))
    packing = zipfile.ZIP_STORED
    match rng.choice(("array", "array", "array", "bytes", "lose", "add", "pack", "name", "bomb")):
        case "array":
            members[name] = npy(array_of(rng, np.load(io.BytesIO(members[name]), allow_pickle=False)))
        case "bytes":
            members[name] = bytes_of(rng, members[name])
        case "lose":
            del members[name]
        case "add":
            members[rng.choice(("x.npy", "../x.npy", "/etc/x.npy", "edges 99.npy"))] = members[name]
        case "pack":
            packing = zipfile.ZIP_DEFLATED
        case "name":
            members[rng.choice((name[:-4], name + "x", name.upper()))] = members.pop(name)
        case "bomb":
            members[name], packing = bytes(1 << 22), zipfile.ZIP_DEFLATED
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    return made.getvalue()


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """Write an array as a ``.npy`` file."""
    made = io.BytesIO()
    np.save(made, array, allow_pickle=False)
    return made.getvalue()


def json_of(rng: random.Random, document: Any) -> str:
    """Change one value of a JSON document somewhere below its root; describes where."""
    where, parent = "", document
    while True:
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        if not keys:
            return where
        key = rng.choice(keys)
        where += f".{key}"
        child = parent[key]
        if isinstance(child, dict | list) and child and rng.random() < 0.8:
            parent = child
            continue
        match rng.choice(("value", "value", "value", "lose", "add", "same type")):
            case "lose":
                del parent[key]
            case "add" if isinstance(parent, dict):
                parent[rng.choice(("x", "", "../x", "__class__", "links"))] = rng.choice(JSON_VALUES)
            case "same type" if isinstance(child, int | float):
                parent[key] = rng.choice((*WIDE, 1e9, 1e-9, 10**6, 10**9))
            case _:
                parent[key] = rng.choice(JSON_VALUES)
        return where
