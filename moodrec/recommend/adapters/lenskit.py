"""The adapter to LensKit: scorer components for its pipelines.

``MoodrecScorer`` scores by vectors alone, so it scores items that nobody has played yet; ``BlendScorer`` joins it
with any other scorer. Tested with LensKit 2025.8.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from moodrec.arguments import ids_of
from moodrec.errors import MissingExtraError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.adapters.vectors import FactorMap, ItemVectors, in_kind_of, places, profile

try:
    from lenskit.als import ImplicitMFConfig, ImplicitMFScorer
    from lenskit.data import Dataset, ItemList, QueryInput, RecQuery, Vocabulary
    from lenskit.pipeline import Component
    from lenskit.training import TrainingOptions
except ModuleNotFoundError:
    raise MissingExtraError("the LensKit adapter", "lenskit") from None


Vectors = NDArray[np.float32]
_MIDDLE: Final = 0.5


class MoodrecScorerConfig(BaseModel):
    """The settings of a scorer: where the vectors are, and how items are compared."""

    index: str
    """Folder of a moodrec index whose track ids are the dataset's item ids, as text."""
    nearest: int | None = Field(default=None, ge=1)
    """Score by the mean cosine with so many of the history's nearest items, which keeps several tastes apart; None:
    by the cosine with the direction of the whole history."""


class MoodrecScorer(Component[ItemList]):  # type: ignore[misc]  # LensKit is not there when types are checked
    """Score items by how near their vectors are to those of the query's history.

    Items without a vector, and all items of a query whose history has none, get NaN. There is nothing to train:
    items that are not in the training data are scored like all others.
    """

    config: MoodrecScorerConfig

    def __call__(self, query: QueryInput, items: ItemList) -> ItemList:
        """Score items for a query.

        Args:
            query: with the history of the user.
            items: candidates.

        Returns:
            The items with scores in [-1, 1].
        """
        query = RecQuery.create(query)
        vectors = self._vectors()
        scores = np.full(len(items), np.nan, np.float32)
        history = _history(vectors, query.query_items)
        rows = vectors.rows(items.ids())
        if len(history):
            scores[rows >= 0] = self._score(vectors.vectors[rows[rows >= 0]], history)
        return ItemList(items, scores=scores)

    def _score(self, items: Vectors, history: Vectors) -> NDArray[np.floating]:
        if self.config.nearest is not None:
            n = min(self.config.nearest, len(history))
            return np.asarray(np.partition(items @ history.T, -n, axis=1)[:, -n:].mean(axis=1))
        taste = profile(history)
        return np.full(len(items), np.nan) if taste is None else items @ taste

    def _vectors(self) -> ItemVectors:
        if not hasattr(self, "_loaded"):
            self._loaded = ItemVectors.of(MoodIndex.open(Path(self.config.index)))
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the vectors, because a copy in another process opens the index itself."""
        return {name: value for name, value in vars(self).items() if name != "_loaded"}


class BlendScorerConfig(BaseModel):
    """The settings by which two scorers are joined."""

    weight: float = Field(default=0.5, ge=0, le=1)
    """The weight of the second scorer, in [0, 1]."""


class BlendScorer(Component[ItemList]):  # type: ignore[misc]
    """Join two scorers by the ranks that they give: ``(1 - weight) * first + weight * second``.

    Scores are replaced by the share of the list's items below, so that scales do not matter. An item that one scorer
    cannot score, such as a new one, has the middle place there, neither favoured nor held back; one that neither can
    score gets NaN.
    """

    config: BlendScorerConfig

    def __call__(self, first: ItemList, second: ItemList) -> ItemList:
        """Join the scores of two scorers.

        Args:
            first: scored items.
            second: the same items, scored by the other one.

        Returns:
            The items with joined scores in [0, 1].
        """
        left, right = (places(np.asarray(scored.scores(), np.float64)) for scored in (first, second))
        weight = self.config.weight
        joined = (1 - weight) * np.nan_to_num(left, nan=_MIDDLE) + weight * np.nan_to_num(right, nan=_MIDDLE)
        joined[np.isnan(left) & np.isnan(right)] = np.nan
        return ItemList(first, scores=joined.astype(np.float32))


class ColdStartALSConfig(ImplicitMFConfig):  # type: ignore[misc]
    """The settings of LensKit's implicit ALS, and where the vectors are."""

    index: str
    """Folder of a moodrec index whose track ids are the dataset's item ids, as text."""
    alpha: float = Field(default=1.0, ge=0)
    """The penalty of the ridge regression from vectors to item factors."""


class ColdStartALSScorer(ImplicitMFScorer):  # type: ignore[misc]
    """LensKit's implicit ALS, with item factors for tracks that are not in the training data.

    The items that are keep what ALS learnt of them: their scores do not change. The others of the index get factors
    predicted from their vectors (:class:`FactorMap`), so that all are scored on one scale.
    """

    config: ColdStartALSConfig
    items: Any
    item_embeddings: Vectors

    def train(self, data: Dataset, options: TrainingOptions = TrainingOptions()) -> None:  # noqa: B008
        """Train ALS, then add the new items.

        Args:
            data: the interactions.
            options: LensKit's own.
        """
        super().train(data, options)
        vectors = ItemVectors.of(MoodIndex.open(Path(self.config.index)))
        theirs = self.items.ids()
        known = ids_of(theirs, "the ids of the dataset's items")
        rows = vectors.rows(known)
        new = in_kind_of(sorted(set(vectors.item_ids) - set(known)), theirs)
        predict = FactorMap.fit(
            vectors.vectors[rows[rows >= 0]], self.item_embeddings[rows >= 0], self.config.alpha
        )
        factors = predict(vectors.vectors[vectors.rows(new)])
        self.items = Vocabulary([*theirs, *new], name="item", reorder=False)
        self.item_embeddings = np.concatenate([self.item_embeddings, factors]).astype(np.float32)


def _history(vectors: ItemVectors, history: ItemList | None) -> Vectors:
    """Return the (m, d) vectors of those items of a history that have one."""
    rows = vectors.rows([] if history is None else history.ids())
    return vectors.vectors[rows[rows >= 0]]
