"""Inverted lists are written byte for byte as FAISS writes them, wherever they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moodrec.index.backends.base import read_index, write_index
from moodrec.index.backends.ivf.faiss_lists import fill, grown, nearest_lists, new_rows, trained
from moodrec.index.backends.ivf.stored_lists import write_lists
from moodrec.index.presets import load_preset
from tests.catalogues import clustered

N, DIM, MORE = 500, 16, 40
VECTORS = clustered(np.random.default_rng(6), N + MORE, DIM, 12)


@pytest.mark.parametrize("kind", ["ivf", "ivf-sq8", "ivf-pq"])
@pytest.mark.parametrize(("rows", "nlist"), [(N, 20), (60, 200), (60, 121), (0, 5)])
def test_the_file_is_that_of_faiss(kind: str, rows: int, nlist: int, tmp_path: Path) -> None:
    """Where at most half of the lists hold rows, FAISS stores the sizes of these alone."""
    config = load_preset(kind).model_copy(update={"nlist": nlist})
    index = trained(VECTORS[:N], config)
    fill(
        index,
        VECTORS[:rows],
        np.sort(nearest_lists(index, VECTORS[:rows])) if rows else np.empty(0, np.int64),
    )
    write_index(index, tmp_path / "faiss")
    write_lists(tmp_path / "own", config, index)
    assert (tmp_path / "own").read_bytes() == (tmp_path / "faiss").read_bytes()

    mapped = read_index(tmp_path / "own", mapped=True)
    write_lists(tmp_path / "again", config, mapped)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "faiss").read_bytes()

    more, lists = VECTORS[N:], nearest_lists(index, VECTORS[N:])
    write_index(grown(index, more, lists, config), tmp_path / "grown")
    write_lists(tmp_path / "extended", config, mapped, new_rows(mapped, more, lists, config))
    assert (tmp_path / "extended").read_bytes() == (tmp_path / "grown").read_bytes()
