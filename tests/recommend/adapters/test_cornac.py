"""Against Cornac itself: ``make test-adapters``."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cornac", reason="needs Cornac: make test-adapters")

from cornac.eval_methods import BaseMethod
from cornac.models import VBPR

from moodrec.errors import NotFoundError
from moodrec.recommend.adapters.cornac import feature_modality
from tests.recommend.adapters.made_up import CLUSTER, ITEM_IDS, made_up_index, plays

INDEX = made_up_index()
TRIPLES = [(f"u{user}", ITEM_IDS[item], 1.0) for user, item in plays()]
PLAYED = sorted({item for _, item, _ in TRIPLES})


def test_every_item_finds_its_own_row() -> None:
    rng = np.random.default_rng(0)
    shuffled = [PLAYED[i] for i in rng.permutation(len(PLAYED))]
    method = BaseMethod.from_splits(
        TRIPLES[:300], TRIPLES[300:], item_feature=feature_modality(INDEX, shuffled)
    )
    features = method.train_set.item_feature.features
    for item, row in method.global_iid_map.items():
        np.testing.assert_array_equal(features[row], INDEX.vectors([item])[0])
    np.testing.assert_array_equal(method.train_set.item_feature.batch_feature(np.array([0])), features[:1])


def test_a_content_model_trains_on_it() -> None:
    method = BaseMethod.from_splits(
        TRIPLES[:300],
        TRIPLES[300:],
        item_image=feature_modality(INDEX, PLAYED, as_image=True),
        rating_threshold=0.5,
    )
    model = VBPR(k=4, k2=4, n_epochs=30, batch_size=50, learning_rate=0.02, use_gpu=False, seed=0)
    model.fit(method.train_set)
    own = CLUSTER[[ITEM_IDS.index(item) for item in method.train_set.item_ids]]
    scores = model.score(method.train_set.uid_map["u0"])
    assert scores[own == 0].mean() > scores[own != 0].mean() + scores.std()


def test_missing_items() -> None:
    with pytest.raises(NotFoundError, match="'x'"):
        feature_modality(INDEX, [*PLAYED, "x"])
    assert not feature_modality(INDEX, ["x"], on_conflict="ignore").features.any()
