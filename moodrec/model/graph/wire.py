"""What an ONNX file may hold is checked in its bytes, before a runtime is given them.

A file can name other files whose content is read as its tensors, operators of other libraries, and loops without
end. Graphs of this package need none of these, so a file that has one is refused. ONNX files are messages of
Protocol Buffers; the few fields that matter are found by their numbers in the published schema, ``onnx.proto``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from moodrec.errors import CorruptStoreError

_DEPTH: Final = 16
"""Messages inside messages; the schema, without graphs inside nodes, needs seven."""
_OUR_DOMAINS: Final = (b"", b"ai.onnx")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _Field(NamedTuple):
    number: int
    value: int | memoryview


class _Message(NamedTuple):
    """The fields of a message that are followed or refused."""

    inside: Mapping[int, str]
    """Field number to the name of the message in it."""
    refused: Mapping[int, str]
    """Field number to the reason why a file that has it is refused."""
    domains: frozenset[int] = frozenset()
    """Fields that name a set of operators."""


_SUBGRAPH: Final = "has a graph inside a node"
_OUTSIDE: Final = "reads tensors from other files"
_SCHEMA: Final[Mapping[str, _Message]] = {
    "model": _Message(
        {7: "graph", 8: "operators"},
        {20: "holds instructions for training", 25: "defines functions", 26: "names devices"},
    ),
    "operators": _Message({}, {}, frozenset({1})),
    "graph": _Message({1: "node", 5: "tensor", 15: "sparse"}, {}),
    "node": _Message({5: "attribute"}, {}, frozenset({7})),
    "attribute": _Message(
        {5: "tensor", 10: "tensor", 22: "sparse", 23: "sparse"}, {6: _SUBGRAPH, 11: _SUBGRAPH}
    ),
    "sparse": _Message({1: "tensor", 2: "tensor"}, {}),
    "tensor": _Message({}, {13: _OUTSIDE}),
}
_DATA_LOCATION: Final = 14


def check_graph_bytes(data: bytes, name: str) -> None:
    """Refuse an ONNX file that asks for more than arithmetic on its own numbers.

    Args:
        data: the file's content.
        name: the file, for messages.

    Raises:
        CorruptStoreError: the file refers to other files, to operators outside the ONNX standard or to graphs inside
            nodes, or it is no ONNX file; the message says which.
    """
    try:
        if not any(field.number == 7 for field in _fields(memoryview(data))):
            raise CorruptStoreError(f"{name}: is no ONNX file")
        for fault in _faults(memoryview(data), "model", _DEPTH):
            raise CorruptStoreError(f"{name}: {fault}, which a model's graph must not")
    except (IndexError, ValueError) as error:
        raise CorruptStoreError(f"{name}: is no ONNX file") from error


def _faults(data: memoryview, kind: str, depth: int) -> Iterator[str]:
    """List what is wrong in a message and in those inside it."""
    if not depth:
        raise ValueError("messages are nested too deeply")
    message = _SCHEMA[kind]
    for number, value in _fields(data):
        if number in message.refused:
            yield message.refused[number]
        elif kind == "tensor" and number == _DATA_LOCATION and value != 0:
            yield _OUTSIDE
        elif number in message.domains and (isinstance(value, int) or bytes(value) not in _OUR_DOMAINS):
            yield "uses operators outside the ONNX standard"
        elif number in message.inside:
            if isinstance(value, int):
                raise ValueError("a number stands where a message should")
            yield from _faults(value, message.inside[number], depth - 1)


def _fields(data: memoryview) -> Iterator[_Field]:
    """Read the fields of one message in turn.

    Raises:
        IndexError, ValueError: the bytes are no message.
    """
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        read = _READERS.get(key & 7)
        if read is None or not key >> 3:
            raise ValueError("unknown kind of field")
        value, place = read(data, place)
        yield _Field(key >> 3, value)


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number of more than ten bytes")


def _bytes(data: memoryview, place: int) -> tuple[memoryview, int]:
    size, place = _varint(data, place)
    return _cut(data, place, size)


def _cut(data: memoryview, place: int, size: int) -> tuple[memoryview, int]:
    if place + size > len(data):
        raise ValueError("a field ends behind its message")
    return data[place : place + size], place + size


_READERS: Final[Mapping[int, Callable[[memoryview, int], tuple[int | memoryview, int]]]] = {
    _VARINT: _varint,
    _FIXED64: lambda data, place: _cut(data, place, 8),
    _BYTES: _bytes,
    _FIXED32: lambda data, place: _cut(data, place, 4),
}
