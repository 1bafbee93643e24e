"""Against implicit itself: ``make test-adapters``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("implicit", reason="needs implicit: make test-adapters")

from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from moodrec.errors import DataError, UsageError
from moodrec.recommend.adapters.implicit import EmbeddingModel, FactorModel, blended, with_cold_items
from moodrec.recommend.adapters.vectors import ItemVectors
from tests.recommend.adapters.made_up import CLUSTER, COLD, ITEM_IDS, N_ITEMS, N_USERS, made_up_index, plays

ITEMS = ItemVectors.of(made_up_index(), ITEM_IDS)
USERS, PLAYED = plays().T
MATRIX = csr_matrix((np.ones(len(USERS), np.float32), (USERS, PLAYED)), shape=(N_USERS, N_ITEMS))


@pytest.fixture(scope="module")
def als() -> AlternatingLeastSquares:
    model = AlternatingLeastSquares(factors=6, iterations=10, random_state=0, num_threads=1)
    model.fit(MATRIX, show_progress=False)
    return model


@pytest.fixture(scope="module")
def embeddings() -> EmbeddingModel:
    model = EmbeddingModel(ITEMS, num_threads=1)
    model.fit(MATRIX)
    return model


def test_similar_items_are_ids_and_scores(embeddings: EmbeddingModel) -> None:
    ids, scores = embeddings.similar_items(3, N=5)
    assert ids.shape == scores.shape == (5,)
    cosine = ITEMS.vectors @ ITEMS.vectors[3]
    np.testing.assert_array_equal(ids, np.argsort(-cosine)[:5])
    np.testing.assert_allclose(scores, np.sort(cosine)[::-1][:5], rtol=1e-5)
    batch, values = embeddings.similar_items(np.array([3, 4]), N=5)
    assert batch.shape == values.shape == (2, 5)
    np.testing.assert_array_equal(batch[0], ids)


def test_recommendations_from_vectors_alone(embeddings: EmbeddingModel) -> None:
    ids, scores = embeddings.recommend(np.arange(8), MATRIX[:8], N=6)
    assert ids.shape == scores.shape == (8, 6)
    for user in range(8):
        assert (CLUSTER[ids[user]] == user % 4).mean() > 0.8
        assert not set(ids[user]) & set(MATRIX[user].indices)
    again, _ = embeddings.recommend(0, MATRIX[0], N=6, recalculate_user=True)
    np.testing.assert_array_equal(again, ids[0])
    with pytest.raises(DataError, match="60"):
        embeddings.fit(MATRIX[:, :5])


def test_cold_items_get_factors(als: AlternatingLeastSquares) -> None:
    cold = np.flatnonzero(COLD)
    assert np.abs(als.item_factors[cold] @ als.user_factors.T).max() < 0.1
    model = with_cold_items(als, ITEMS, MATRIX)
    np.testing.assert_array_equal(model.item_factors[~COLD], als.item_factors[~COLD])
    ids, _ = model.recommend(np.arange(N_USERS), MATRIX, N=3, items=cold)
    assert (CLUSTER[ids] == (np.arange(N_USERS) % 4)[:, None]).mean() > 0.9
    with pytest.raises(DataError, match="5 columns"):
        with_cold_items(als, ITEMS, MATRIX[:, :5])
    with pytest.raises(DataError, match="no item"):
        with_cold_items(als, ITEMS, csr_matrix(MATRIX.shape))


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_a_blend_is_the_sum_it_says(
    als: AlternatingLeastSquares, embeddings: EmbeddingModel, weight: float
) -> None:
    model = blended(als, embeddings, weight)
    theirs = als.user_factors @ als.item_factors.T
    ours = embeddings.user_factors @ embeddings.item_factors.T
    spread = np.sqrt((theirs**2).mean() / (ours**2).mean())
    expected = (1 - weight) * theirs / spread + weight * ours
    np.testing.assert_allclose(model.user_factors @ model.item_factors.T, expected, atol=1e-4)


def test_refused(als: AlternatingLeastSquares, embeddings: EmbeddingModel) -> None:
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        blended(als, embeddings, 2)
    with pytest.raises(UsageError, match="fit the embeddings"):
        blended(als, EmbeddingModel(ITEMS))
    model = blended(als, embeddings)
    for call in (lambda: model.fit(MATRIX), lambda: model.recalculate_user(0, MATRIX)):
        with pytest.raises(UsageError):
            call()


def test_saving(als: AlternatingLeastSquares, embeddings: EmbeddingModel, tmp_path: Path) -> None:
    embeddings.save(tmp_path / "own.npz")
    again = EmbeddingModel.load(tmp_path / "own.npz")
    assert again.items.item_ids == ITEMS.item_ids
    np.testing.assert_array_equal(again.user_factors, embeddings.user_factors)
    blended(als, embeddings).save(tmp_path / "both.npz")
    assert FactorModel.load(tmp_path / "both.npz").item_factors.shape == (N_ITEMS, 6 + ITEMS.dim)
