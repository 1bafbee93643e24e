"""Against LensKit itself: ``make test-adapters``."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("lenskit.als", reason="needs LensKit: make test-adapters", exc_type=ImportError)

from lenskit.als import ImplicitMFScorer
from lenskit.basic.history import UserTrainingHistoryLookup
from lenskit.batch import recommend
from lenskit.data import Dataset, ItemList, from_interactions_df
from lenskit.pipeline import PipelineBuilder, topn_pipeline
from lenskit.training import TrainingOptions

from moodrec.recommend.adapters.lenskit import BlendScorer, ColdStartALSScorer, MoodrecScorer
from tests.recommend.adapters.made_up import CLUSTER, COLD, ITEM_IDS, made_up_index, plays

INDEX = made_up_index()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("index")
    INDEX.save(place / "index")
    return str(place / "index")


@pytest.fixture(scope="module")
def data() -> Dataset:
    frame = pd.DataFrame(plays(), columns=["user_id", "item_id"])
    return from_interactions_df(frame.assign(item_id=[ITEM_IDS[item] for item in frame["item_id"]]))


def test_scores_are_cosines_with_the_history(folder: str) -> None:
    scorer = MoodrecScorer(index=folder)
    history, items = ItemList(["i00", "i04", "unknown"]), ItemList(["i08", "nobody", "i01"])
    found = scorer(history, items)
    taste = INDEX.vectors(["i00", "i04"]).sum(axis=0)
    taste /= np.linalg.norm(taste)
    scores = found.scores()
    np.testing.assert_allclose(scores[[0, 2]], INDEX.vectors(["i08", "i01"]) @ taste, rtol=1e-5)
    assert np.isnan(scores[1])
    assert found.ids().tolist() == ["i08", "nobody", "i01"]
    for nothing in (ItemList([]), ItemList(["unknown"])):
        assert np.isnan(scorer(nothing, items).scores()).all()


def test_in_a_pipeline_items_unseen_in_training_are_recommended(folder: str, data: Dataset) -> None:
    pipeline = topn_pipeline(MoodrecScorer(index=folder), n=5)
    pipeline.train(data)
    cold = ItemList(np.array(ITEM_IDS)[COLD])
    assert not set(cold.ids()) & set(data.items.ids())
    for user in range(4):
        found = pipeline.run("recommender", query=user, items=cold)
        rows = [ITEM_IDS.index(item) for item in found.ids()]
        assert (CLUSTER[rows][:3] == user % 4).all()


def test_blended_with_a_trained_scorer(folder: str, data: Dataset) -> None:
    builder = PipelineBuilder()
    query = builder.create_input("query", object)
    items = builder.create_input("items", ItemList)
    history = builder.add_component("history", UserTrainingHistoryLookup, query=query)
    first = builder.add_component(
        "als", ImplicitMFScorer, {"embedding_size": 4, "epochs": 5}, query=history, items=items
    )
    second = builder.add_component("moodrec", MoodrecScorer, {"index": folder}, query=history, items=items)
    builder.add_component("scorer", BlendScorer, {"weight": 0.5}, first=first, second=second)
    pipeline = builder.build()
    pipeline.train(data)
    every = ItemList(ITEM_IDS)
    als = pipeline.run("als", query=0, items=every).scores()
    joined = pipeline.run("scorer", query=0, items=every).scores()
    np.testing.assert_array_equal(np.isnan(als), COLD)
    assert not np.isnan(joined).any()
    best = np.argsort(-joined)[:8]
    assert (CLUSTER[best] == 0).mean() > 0.8
    assert BlendScorer(weight=0)(ItemList(every, scores=als), ItemList(every, scores=joined)).scores()[0] <= 1


def test_als_with_factors_for_new_items(folder: str, data: Dataset) -> None:
    settings = {"embedding_size": 4, "epochs": 5}
    plain, mine = ImplicitMFScorer(**settings), ColdStartALSScorer(index=folder, **settings)
    for scorer in (plain, mine):
        scorer.train(data, TrainingOptions(rng=0))
    every, history = ItemList(ITEM_IDS), ItemList(["i00", "i04", "i08"])
    theirs, ours = plain(history, every).scores(), mine(history, every).scores()
    np.testing.assert_allclose(ours[~COLD], theirs[~COLD], rtol=1e-4, atol=1e-5)
    assert np.isnan(theirs[COLD]).all()
    own = CLUSTER[COLD] == 0
    assert ours[COLD][own].min() > ours[COLD][~own].max()


def test_nearest_items_of_a_history(folder: str) -> None:
    history, items = ItemList(["i00", "i01", "i02"]), ItemList(["i08", "i05"])
    found = MoodrecScorer(index=folder, nearest=2)(history, items).scores()
    cosine = INDEX.vectors(["i08", "i05"]) @ INDEX.vectors(["i00", "i01", "i02"]).T
    np.testing.assert_allclose(found, np.sort(cosine, axis=1)[:, -2:].mean(axis=1), rtol=1e-5)
    one = MoodrecScorer(index=folder, nearest=5)(ItemList(["i00"]), items).scores()
    np.testing.assert_allclose(one, cosine[:, 0], rtol=1e-5)


def test_a_batch_of_users_and_a_copy(folder: str, data: Dataset) -> None:
    scorer = MoodrecScorer(index=folder)
    scorer(ItemList(["i00"]), ItemList(["i01"]))
    again = copy.deepcopy(scorer)
    assert not hasattr(again, "_loaded")
    assert again(ItemList(["i00"]), ItemList(["i00"])).scores()[0] == pytest.approx(1)
    pipeline = topn_pipeline(again, n=3)
    pipeline.train(data)
    found = recommend(pipeline, [0, 1, 2], 3, n_jobs=1)
    assert len(found) == 3
