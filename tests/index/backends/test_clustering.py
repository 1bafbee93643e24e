"""Centroids of many lists, group by group, against k-means over all at once."""

from __future__ import annotations

import numpy as np
import pytest

from moodrec.index.backends.ivf.clustering import nearly_nearest, some_rows, split_centroids
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.runtime import faiss
from tests.catalogues import MOODS, clustered, sample_catalogue
from tests.contracts import recall


def test_centroids_are_about_as_near_as_those_of_k_means() -> None:
    rows = clustered(np.random.default_rng(0), 6000, 16, 100)
    ours = split_centroids(rows, 200, seed=0)
    theirs = faiss.Kmeans(16, 200, niter=10, spherical=True, seed=0, min_points_per_centroid=1)
    theirs.train(rows)
    assert ours.shape == (200, 16)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, rtol=1e-5)
    mean = [(rows @ centroids.T).max(axis=1).mean() for centroids in (ours, theirs.centroids)]
    assert mean[0] > mean[1] - 0.02


def test_nearly_every_row_finds_its_nearest_centroid() -> None:
    rng = np.random.default_rng(1)
    rows, centroids = clustered(rng, 3000, 16, 60), clustered(rng, 900, 16, 60)
    found = nearly_nearest(centroids, rows)
    assert (found == (rows @ centroids.T).argmax(axis=1)).mean() > 0.97


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_rows_that_are_alike_and_hardly_more_than_centroids(count: int) -> None:
    rows = np.tile(np.eye(4, dtype=np.float32), (13, 1))[:count]
    assert split_centroids(rows, count, seed=0).shape == (count, 4)
    assert len(some_rows(rows, 3, seed=0)) == min(3, count)


def test_an_index_of_many_lists_finds_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moodrec.index.backends.ivf.faiss_lists._MANY_LISTS", 50)
    sample = sample_catalogue(6000)
    config = load_preset("ivf-sq8").model_copy(update={"nlist": 400})
    index = MoodIndex.build(sample.vectors[:5900], sample.table.slice(0, 5900), MOODS, config)
    index.add(sample.vectors[5900:], sample.table.slice(5900))
    found = index.search(sample.vectors[::50], 10)
    assert recall(found, index.search(sample.vectors[::50], 10, exact=True)) > 0.98
    assert found.explanation.scanned < 0.3 * 120 * 6000
