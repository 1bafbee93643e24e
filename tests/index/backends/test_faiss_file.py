"""FAISS files whose structure is wrong are refused before FAISS reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import CorruptStoreError
from moodrec.index.backends.base import INDEX_FILE, write_index
from moodrec.index.backends.faiss_file import check_faiss_file
from moodrec.index.backends.hnsw import HnswBackend
from moodrec.index.backends.ivf.faiss_lists import fill, nearest_lists, trained
from moodrec.index.presets import load_preset
from moodrec.index.rows.segment import Segment
from tests.catalogues import clustered

N, DIM = 300, 16
LISTS = ("ivf", "ivf-sq8", "ivf-pq")
VECTORS = clustered(np.random.default_rng(4), N, DIM, 12)


def made(kind: str, n: int = N, nlist: int = 9) -> Any:
    """A FAISS index of the preset's type over the first rows."""
    config = load_preset(kind)
    if kind == "hnsw":
        table = pa.table({"track_id": [f"t{row}" for row in range(n)]})
        return HnswBackend.build(Segment.of(VECTORS[:n], table, ()), config).index
    index = trained(VECTORS[:n], config.model_copy(update={"nlist": nlist}))
    fill(index, VECTORS[:n], nearest_lists(index, VECTORS[:n]))
    return index


def written(index: Any, folder: Path) -> Path:
    write_index(index, folder / INDEX_FILE)
    return folder / INDEX_FILE


def refused(path: Path, kind: str, match: str, n: int = N, dim: int = DIM) -> None:
    with pytest.raises(CorruptStoreError, match=match):
        check_faiss_file(path, load_preset(kind), n, dim)


@pytest.mark.parametrize("n", [1, 2, N])
@pytest.mark.parametrize("kind", [*LISTS, "hnsw"])
def test_what_moodrec_writes_passes(kind: str, n: int, tmp_path: Path) -> None:
    check_faiss_file(written(made(kind, n), tmp_path), load_preset(kind), n, DIM)


@pytest.mark.parametrize("kind", LISTS)
def test_lists_most_of_which_are_empty(kind: str, tmp_path: Path) -> None:
    index = made(kind, 40, 40)
    fresh = faiss.clone_index(index)
    fresh.reset()
    fill(fresh, VECTORS[:40], np.repeat(np.array([3, 17]), 20))
    path = written(fresh, tmp_path)
    assert b"sprs" in path.read_bytes()
    check_faiss_file(path, load_preset(kind), 40, DIM)


@pytest.mark.parametrize("kind", [*LISTS, "hnsw"])
def test_another_type_size_or_end(kind: str, tmp_path: Path) -> None:
    path = written(made(kind), tmp_path)
    refused(path, "hnsw" if kind != "hnsw" else "ivf", "another kind")
    refused(path, kind, "fit", n=N + 1)
    refused(path, kind, "fit", dim=DIM + 1)
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0")
    refused(path, kind, "goes on")
    for end in (0, 3, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        refused(path, kind, "ends too early|is empty")


@pytest.mark.parametrize("kind", [*LISTS, "hnsw"])
def test_every_number_at_the_beginning(kind: str, tmp_path: Path) -> None:
    """A number that is far too large is refused wherever it stands in what describes the rest."""
    path = written(made(kind), tmp_path)
    whole = path.read_bytes()
    for place in range(4, 48, 4):
        path.write_bytes(whole[:place] + b"\xff\xff\xff\x7f" + whole[place + 4 :])
        if path.read_bytes() != whole:
            refused(path, kind, "build the index anew")


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: rows.__setitem__(0, N), "out of range"),
        (lambda rows: rows.__setitem__(0, -1), "out of range"),
        (lambda rows: rows.__setitem__(1, rows[0]), "once"),
        (lambda rows: rows.__setitem__(slice(2), rows[1::-1].copy()), "ascend"),
    ],
)
def test_row_numbers_of_lists(kind: str, change: Callable[[Any], None], match: str, tmp_path: Path) -> None:
    index = made(kind)
    largest = max(range(index.nlist), key=index.invlists.list_size)
    size = index.invlists.list_size(largest)
    rows = faiss.rev_swig_ptr(index.invlists.get_ids(largest), size)
    change(rows)
    refused(written(index, tmp_path), kind, match)


@pytest.mark.parametrize("kind", LISTS)
def test_lists_in_another_file(kind: str, tmp_path: Path) -> None:
    index = made(kind)
    disk = faiss.OnDiskInvertedLists(index.nlist, index.code_size, str(tmp_path / "elsewhere"))
    disk.merge_from_1(index.invlists)
    index.replace_invlists(disk)
    refused(written(index, tmp_path), kind, "another kind")


@pytest.mark.parametrize("kind", [*LISTS, "hnsw"])
def test_numbers_that_are_not_finite(kind: str, tmp_path: Path) -> None:
    index = made(kind)
    flat: Any = faiss.downcast_index(index.storage if kind == "hnsw" else index.quantizer)
    faiss.rev_swig_ptr(flat.get_xb(), DIM)[3] = np.nan
    refused(written(index, tmp_path), kind, "not finite")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda graph: faiss.rev_swig_ptr(graph.neighbors.data(), 9).__setitem__(0, N),
            "link is out of range",
        ),
        (
            lambda graph: faiss.rev_swig_ptr(graph.neighbors.data(), 9).__setitem__(0, -2),
            "link is out of range",
        ),
        (
            lambda graph: faiss.rev_swig_ptr(graph.levels.data(), N).__setitem__(7, 60),
            "level is out of range",
        ),
        (lambda graph: faiss.rev_swig_ptr(graph.levels.data(), N).__setitem__(7, 0), "level is out of range"),
        (
            lambda graph: faiss.rev_swig_ptr(graph.offsets.data(), N).__setitem__(7, 1 << 40),
            "follow one another",
        ),
        (lambda graph: setattr(graph, "entry_point", N), "first row is out of range"),
        (lambda graph: setattr(graph, "entry_point", -1), "first row is out of range"),
        (lambda graph: setattr(graph, "max_level", 9), "highest level"),
        (lambda graph: setattr(graph, "efConstruction", 1 << 30), "other settings"),
    ],
)
def test_graphs_that_point_elsewhere(change: Callable[[Any], None], match: str, tmp_path: Path) -> None:
    index = made("hnsw")
    change(index.hnsw)
    refused(written(index, tmp_path), "hnsw", match)


def test_a_link_to_a_row_of_a_lower_level(tmp_path: Path) -> None:
    index = made("hnsw")
    graph = index.hnsw
    levels = faiss.vector_to_array(graph.levels)
    high, low = int(np.argmax(levels)), int(np.argmin(levels))
    assert levels[high] > 1 == levels[low]
    start = faiss.vector_to_array(graph.offsets)[high] + graph.cum_nb_neighbors(1)
    faiss.rev_swig_ptr(graph.neighbors.data(), graph.neighbors.size())[start] = low
    refused(written(index, tmp_path), "hnsw", "another level")
