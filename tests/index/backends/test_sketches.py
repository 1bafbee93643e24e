"""Sketches: the estimate against its equations, and searches that go by it.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.index.backends.ivf import kernel_search as list_search
from moodrec.index.backends.ivf.sketches import Sketches
from moodrec.index.kernel import binding as kernel
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.rows.unit_vectors import unit_rows
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import recall
from tests.index.inside import ivf

needs_kernel = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")
Floats = NDArray[np.float32]


def around(dim: int, seed: int, rows: int = 1500, lists: int = 6) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Vectors, the centroids that they scatter about, and their lists."""
    rng = np.random.default_rng(seed)
    centroids = unit_rows(rng.standard_normal((lists, dim), np.float32))
    list_of = np.sort(rng.integers(0, lists, rows))
    noise = rng.standard_normal((rows, dim), np.float32) * np.float32(0.7 / np.sqrt(dim))
    return unit_rows(centroids[list_of] + noise), centroids, list_of


def parts(sketches: Sketches) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    """(n, D) signs, (n,) scales and (n,) shares of the centroid's product, read from the blocks."""
    n_bytes = len(sketches.axes) // 8
    bits = sketches.blocks[:, : 32 * n_bytes].reshape(-1, n_bytes, 32).transpose(0, 2, 1).reshape(-1, n_bytes)
    signs = np.unpackbits(np.ascontiguousarray(bits), axis=1, bitorder="little")[: sketches.count] * 2.0 - 1
    halves = np.ascontiguousarray(sketches.blocks[:, 32 * n_bytes :]).view(np.uint16).reshape(-1, 2, 32)
    floats = (halves.astype(np.uint32) << np.uint32(16)).view(np.float32).transpose(1, 0, 2).reshape(2, -1)
    return signs, floats[0, : sketches.count].astype(float), floats[1, : sketches.count].astype(float)


@settings(max_examples=15)
@given(st.sampled_from([32, 77, 128, 200]), st.integers(0, 1000))
def test_estimates_are_off_by_as_much_as_is_said(dim: int, seed: int) -> None:
    vectors, centroids, list_of = around(dim, seed)
    sketches = Sketches.of(vectors, centroids, list_of, seed)
    signs, scale, own = parts(sketches)
    queries = unit_rows(
        np.random.default_rng(seed + 1).standard_normal((20, dim), np.float32) + 2 * centroids[0]
    )
    near = (queries @ centroids.T)[:, list_of]
    estimates = near * own + scale * (queries @ sketches.axes.T @ signs.T)
    errors = (estimates - queries @ vectors.T) / (scale * sketches.noise * np.sqrt(1 - near**2))
    assert abs(errors.mean()) < 0.1
    assert errors.std() == pytest.approx(1, abs=0.15)


def test_short_lists_have_none() -> None:
    vectors, centroids, list_of = around(16, 0, rows=150, lists=6)
    assert Sketches.of(vectors, centroids, list_of, 0).count == 0


def test_rows_that_are_their_centroid_have_nothing_across() -> None:
    centroids = unit_rows(np.random.default_rng(0).standard_normal((2, 24), np.float32))
    list_of = np.repeat([0, 1], 40)
    _, scale, own = parts(Sketches.of(centroids[list_of], centroids, list_of, 0))
    assert np.abs(scale).max() < 1e-6
    np.testing.assert_allclose(own, 1, atol=0.01)


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    sketches = Sketches.of(*around(40, 1), 0)
    sketches.save(tmp_path)
    again = Sketches.open(tmp_path, [path.name for path in tmp_path.iterdir()], 40, sketches.count)
    np.testing.assert_array_equal(again.blocks, sketches.blocks)
    np.testing.assert_array_equal(again.axes, sketches.axes)
    assert (again.count, again.noise) == (sketches.count, sketches.noise)
    (empty := tmp_path / "none").mkdir()
    Sketches.none().save(empty)
    assert Sketches.open(empty, [], 40, 0).count == 0
    assert not list(empty.iterdir())


SAMPLE = sample_catalogue(4000, 48)
QUERIES = unit_rows(SAMPLE.vectors[::80] + SAMPLE.vectors[::-80])


def sketched_index(preset: str, rows: int = 4000) -> MoodIndex:
    few_lists = load_preset(preset).model_copy(update={"nlist": 40})
    return MoodIndex.build(SAMPLE.vectors[:rows], SAMPLE.table.slice(0, rows), MOODS, few_lists)


def unsketched(index: MoodIndex) -> MoodIndex:
    """The same index without sketches."""
    backend = replace(ivf(index), sketches=Sketches.none(), _search=None)
    return MoodIndex(replace(index._snapshot, backend=backend))


@needs_kernel
@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
def test_searches_find_what_they_find_without(preset: str) -> None:
    index = sketched_index(preset)
    assert ivf(index).sketches.count == len(index)
    for conditions in ({}, {"where": "calm >= 0.5"}, {"mood": {"calm": 1.0}}, {"max_per_artist": 1}):
        found = index.search(QUERIES, 10, **conditions)
        assert recall(found, unsketched(index).search(QUERIES, 10, **conditions)) > 0.99


@needs_kernel
def test_impatience_would_lose_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches do go by them, where the processor can."""
    if not _processor_looks_up():
        pytest.skip("this processor does not look up bytes")
    exact = sketched_index("ivf-sq8").search(QUERIES, 10, exact=True)
    assert recall(sketched_index("ivf-sq8").search(QUERIES, 10), exact) > 0.97
    monkeypatch.setattr(list_search, "_SKETCH_MARGIN", -20)
    assert recall(sketched_index("ivf-sq8").search(QUERIES, 10), exact) < 0.8


def _processor_looks_up() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and " avx2 " in cpuinfo.read_text() and " fma " in cpuinfo.read_text()


def tight(seed: int, scatter: float, offset: float = 0) -> Floats:
    """(4000, 48) rows in 40 tight clusters, about a common direction if there is an offset."""
    rng = np.random.default_rng(seed)
    centres = unit_rows(rng.standard_normal((40, 48), np.float32) + np.float32(offset))
    base = centres[np.repeat(np.arange(40), 100)]
    return unit_rows(base + rng.standard_normal(base.shape, np.float32) * np.float32(scatter))


@needs_kernel
@pytest.mark.parametrize("scatter", [2e-4, 5e-3])
@pytest.mark.parametrize("side", [1, -1])
def test_what_is_within_the_rounding_of_a_sketch_is_not_taken_for_farther_away(
    scatter: float, side: int
) -> None:
    vectors = tight(5, scatter, offset=0.5)
    # All lists are probed, so that sketches alone can lose a row: opposite queries are far from every list.
    every_list = load_preset("ivf").model_copy(update={"nlist": 40, "first_lists": 40, "most_lists": 1.0})
    index = MoodIndex.build(vectors, SAMPLE.table, MOODS, every_list)
    found, exact = (index.search(side * vectors[::50], 10, exact=exact) for exact in (False, True))
    assert recall(found, exact) > 0.98


@needs_kernel
@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
@pytest.mark.parametrize("rows", [3968, 3969, 3984, 3999])
def test_tracks_that_came_later_are_found(preset: str, rows: int) -> None:
    """Whether or not the last block of sketches is full."""
    index = sketched_index(preset, rows)
    new = unit_rows(
        SAMPLE.vectors[:1] + 0.02 * np.random.default_rng(0).standard_normal((30, 48), np.float32)
    )
    names = [f"later {i}" for i in range(30)]
    tracks = SAMPLE.table.slice(0, 30)
    tracks = tracks.set_column(tracks.schema.get_field_index("track_id"), "track_id", [names])
    index.add(new, tracks)
    assert ivf(index).sketches.count == rows
    hits = index.search(new, 5)
    assert hits.track_ids[:, 0].tolist() == names
    assert recall(hits, index.search(new, 5, exact=True)) > 0.98


@needs_kernel
def test_tracks_beyond_the_range_of_the_codes_are_found() -> None:
    """Codes are cut off at the range that they were learnt from, which their error knows nothing of."""
    index = sketched_index("ivf-sq8")
    new = SAMPLE.vectors[:60].copy()
    new[:, 0] += 0.3 + index._catalogue.base.segment.vectors[:, 0].max()
    names = [f"later {i}" for i in range(60)]
    tracks = SAMPLE.table.slice(0, 60)
    index.add(new, tracks.set_column(tracks.schema.get_field_index("track_id"), "track_id", [names]))
    assert index.search(new, 1).track_ids[:, 0].tolist() == names
