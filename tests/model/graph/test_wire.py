"""A graph that asks for more than arithmetic on its own numbers is refused before a runtime reads it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from moodrec.errors import CorruptStoreError, MoodrecError
from moodrec.model.graph.session import GraphSession, GraphShape
from moodrec.model.graph.wire import check_graph_bytes

SHAPE = GraphShape(window_samples=4, embedding_dim=4, targets=0)


def small_graph() -> onnx.ModelProto:
    """Embedding = waveform * scale + offset, with a tensor as an initializer and one in a node."""
    scale = numpy_helper.from_array(np.full(4, 2, np.float32), "scale")
    offset = numpy_helper.from_array(np.ones(4, np.float32), "value")
    nodes = [
        helper.make_node("Mul", ["waveform", "scale"], ["scaled"]),
        helper.make_node("Constant", [], ["offset"], value=offset),
        helper.make_node("Add", ["scaled", "offset"], ["embedding"]),
    ]
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in ("waveform", "embedding")
    ]
    graph = helper.make_graph(nodes, "small", sides[:1], sides[1:], [scale])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def external(tensor: TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "secret.bin"), ("offset", "0"), ("length", "16")):
        tensor.external_data.add(key=key, value=value)


def external_initializer(model: onnx.ModelProto) -> None:
    external(model.graph.initializer[0])


def external_constant(model: onnx.ModelProto) -> None:
    external(model.graph.node[1].attribute[0].t)


def external_in_a_list(model: onnx.ModelProto) -> None:
    external(model.graph.node[1].attribute.add(name="more", type=onnx.AttributeProto.TENSORS).tensors.add())


def external_sparse(model: onnx.ModelProto) -> None:
    external(model.graph.sparse_initializer.add().values)


def external_sparse_constant(model: onnx.ModelProto) -> None:
    attribute = model.graph.node[1].attribute.add(name="sparse", type=onnx.AttributeProto.SPARSE_TENSOR)
    external(attribute.sparse_tensor.indices)


def location_alone(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def foreign_operators(model: onnx.ModelProto) -> None:
    model.opset_import.add(domain="com.microsoft", version=1)


def foreign_node(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


def subgraph(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", "", "waveform"], ["x"], body=body))


def subgraphs(model: onnx.ModelProto) -> None:
    attribute = model.graph.node[0].attribute.add(name="bodies", type=onnx.AttributeProto.GRAPHS)
    attribute.graphs.append(helper.make_graph([], "body", [], []))


def function(model: onnx.ModelProto) -> None:
    model.functions.append(helper.make_function("", "Twice", ["x"], ["y"], [], [helper.make_opsetid("", 17)]))


def training(model: onnx.ModelProto) -> None:
    model.training_info.add().algorithm.CopyFrom(model.graph)


CHANGES: dict[str, tuple[Callable[[onnx.ModelProto], None], str]] = {
    "external initializer": (external_initializer, "other files"),
    "external constant": (external_constant, "other files"),
    "external tensor in a list": (external_in_a_list, "other files"),
    "external sparse initializer": (external_sparse, "other files"),
    "external sparse constant": (external_sparse_constant, "other files"),
    "location alone": (location_alone, "other files"),
    "foreign operators": (foreign_operators, "outside the ONNX standard"),
    "foreign node": (foreign_node, "outside the ONNX standard"),
    "loop": (subgraph, "graph inside a node"),
    "list of graphs": (subgraphs, "graph inside a node"),
    "function": (function, "defines functions"),
    "training": (training, "training"),
}


def test_arithmetic_is_let_through_and_runs() -> None:
    session = GraphSession(small_graph().SerializeToString(), SHAPE, "small")
    embedding, _ = session.run(np.ones((3, 4), np.float32))
    np.testing.assert_array_equal(embedding, np.full((3, 4), 3, np.float32))


@pytest.mark.parametrize("change", CHANGES)
def test_what_reaches_outside_is_refused(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a runtime would read secret.bin from
    (tmp_path / "secret.bin").write_bytes(np.full(4, 7, np.float32).tobytes())
    model = small_graph()
    make, says = CHANGES[change]
    make(model)
    with pytest.raises(CorruptStoreError, match=f"model.onnx: .*{says}"):
        GraphSession(model.SerializeToString(), SHAPE, "model.onnx")


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_let_through_or_refused(data: bytes) -> None:
    with suppress(CorruptStoreError):
        check_graph_bytes(data, "x")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_graph_is_let_through_or_refused(data: st.DataObject) -> None:
    whole = bytearray(small_graph().SerializeToString())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=3)):
        whole[place] = data.draw(st.integers(0, 255))
    with suppress(CorruptStoreError):
        check_graph_bytes(bytes(whole), "x")


def test_a_graph_that_the_runtime_cannot_read_is_refused_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for change in (
        lambda node: node.input.append("nowhere"),
        lambda node: setattr(node, "op_type", "Nothing"),
    ):
        model = small_graph()
        change(model.graph.node[0])
        with pytest.raises(CorruptStoreError, match="ONNX Runtime cannot read it"):
            GraphSession(model.SerializeToString(), SHAPE, "x")
    whole = small_graph().SerializeToString().replace(b"Mul", b"M\xff\xfe")
    with pytest.raises(CorruptStoreError):
        GraphSession(whole, SHAPE, "x")
    assert capfd.readouterr() == ("", "")


def test_a_graph_that_fails_while_it_runs_says_so() -> None:
    model = small_graph()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    session = GraphSession(model.SerializeToString(), SHAPE, "x")
    with pytest.raises(MoodrecError, match="x: ONNX Runtime failed"):
        session.run(np.ones((3, 4), np.float32))


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x3a", b"\x3a\xff", b"\x3a\x05abc", b"\xff" * 40, b"PK\x03\x04"]
)
def test_what_is_no_message_is_no_graph(data: bytes) -> None:
    with pytest.raises(CorruptStoreError, match="no ONNX file"):
        check_graph_bytes(data, "x")


def test_messages_without_end_are_refused() -> None:
    inner = b""
    for _ in range(200):
        inner = b"\x3a" + _varint(len(inner)) + inner
    check_graph_bytes(inner, "x")  # fields that the schema does not follow are not opened


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
