"""The adapter to implicit: item factors from vectors, alone, for cold items, and beside those of a trained model.

Everything here is a ``MatrixFactorizationBase`` of implicit's, so ``recommend`` and ``similar_items`` return its
``(ids, scores)``. Tested with implicit 0.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from moodrec.arguments import share
from moodrec.errors import DataError, MissingExtraError, UsageError
from moodrec.files.replacing import replacing
from moodrec.recommend.adapters.vectors import FactorMap, ItemVectors
from moodrec.typing import Float32Array

try:
    from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase
    from scipy.sparse import csr_matrix
except ModuleNotFoundError:
    raise MissingExtraError("the implicit adapter", "implicit") from None


class EmbeddingModel(MatrixFactorizationBase):  # type: ignore[misc]  # implicit is not there when types are checked
    """A model whose items are their vectors and whose users are the mean of what they played; scores are cosines.

    Row i of ``items`` is item i of the interaction matrix, played or not.
    """

    def __init__(self, items: ItemVectors, num_threads: int = 0) -> None:
        """Take the vectors as item factors; users have none before :meth:`fit`.

        Args:
            items: in the order of the columns of the interactions.
            num_threads: of implicit's searches; 0 is all cores.
        """
        super().__init__(num_threads)
        self.items = items
        self.item_factors = items.vectors

    def fit(self, user_items: csr_matrix, show_progress: bool = False, callback: Any = None) -> None:
        """Set each user's vector to the mean of what the user played.

        Args:
            user_items: ``(users, items)`` interactions.
            show_progress: has no effect, for this takes a moment.
            callback: has no effect either.

        Raises:
            DataError: it has another number of items.
        """
        if user_items.shape[1] != len(self.items):
            raise DataError(
                f"the interactions are of {user_items.shape[1]} items, the vectors of {len(self.items)}"
            )
        self.user_factors = _unit(user_items @ self.item_factors)

    def recalculate_user(self, userid: Any, user_items: csr_matrix) -> Float32Array:
        """Compute the vector of a user from what they played.

        Args:
            userid: a number, or several.
            user_items: ``(users, items)`` interactions of these users.

        Returns:
            ``(d,)`` for a number, ``(users, d)`` for several.
        """
        found = _unit(user_items @ self.item_factors)
        return found[0] if np.isscalar(userid) else found

    def recalculate_item(self, itemid: Any, item_users: csr_matrix) -> Float32Array:
        """Return the vector of an item, which does not depend on who played it.

        Args:
            itemid: a number, or several.
            item_users: has no effect.
        """
        found: Float32Array = self.item_factors[itemid]
        return found

    def save(self, fileobj_or_path: Any) -> None:
        """Write the ids and factors to a NumPy file."""
        users = np.empty((0, self.items.dim)) if self.user_factors is None else self.user_factors
        ids = np.array(self.items.item_ids)
        with _place_of(fileobj_or_path) as place:
            np.savez(place, ids=ids, items=self.item_factors, users=users)

    @classmethod
    def load(cls, fileobj_or_path: Any) -> EmbeddingModel:
        """Read a model that ``save`` wrote."""
        with np.load(fileobj_or_path, allow_pickle=False) as stored:
            model = cls(ItemVectors(tuple(stored["ids"].tolist()), stored["items"]))
            if len(stored["users"]):
                model.user_factors = stored["users"]
        return model


class FactorModel(MatrixFactorizationBase):  # type: ignore[misc]
    """A model of given user and item factors."""

    def __init__(self, user_factors: Float32Array, item_factors: Float32Array, num_threads: int = 0) -> None:
        """Take over the factors of another model.

        Args:
            user_factors: ``(users, factors)``.
            item_factors: ``(items, factors)``.
            num_threads: of implicit's searches; 0 is all cores.
        """
        super().__init__(num_threads)
        self.user_factors = np.ascontiguousarray(user_factors, np.float32)
        self.item_factors = np.ascontiguousarray(item_factors, np.float32)

    def fit(self, user_items: csr_matrix, show_progress: bool = False, callback: Any = None) -> None:
        """Refuse to fit, because the factors come from another model.

        Args:
            user_items: unused; the parameters are those of implicit.
            show_progress: unused.
            callback: unused.

        Raises:
            UsageError: always.
        """
        raise UsageError("these factors come from a trained model; fit that one")

    def recalculate_user(self, userid: Any, user_items: csr_matrix) -> Float32Array:
        """Refuse to compute a user, because the factors come from another model, which can.

        Args:
            userid: unused; the parameters are those of implicit.
            user_items: unused.

        Raises:
            UsageError: always.
        """
        raise UsageError("these factors come from a trained model; recalculate users there")

    recalculate_item = recalculate_user

    def save(self, fileobj_or_path: Any) -> None:
        """Write the factors to a NumPy file."""
        with _place_of(fileobj_or_path) as place:
            np.savez(place, users=self.user_factors, items=self.item_factors)

    @classmethod
    def load(cls, fileobj_or_path: Any) -> FactorModel:
        """Read a model that ``save`` wrote."""
        with np.load(fileobj_or_path, allow_pickle=False) as stored:
            return cls(stored["users"], stored["items"])


@contextmanager
def _place_of(given: Any) -> Iterator[Any]:
    """Give what NumPy writes to: a file object as it is, or a temporary file that replaces the named one."""
    if hasattr(given, "write"):
        yield given
        return
    path = Path(given)
    with replacing(path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")) as temporary:
        yield temporary


def with_cold_items(
    model: Any, items: ItemVectors, user_items: csr_matrix, alpha: float = 1.0
) -> FactorModel:
    """Return a trained model with factors for the items that nobody has played, predicted from their vectors.

    Args:
        model: trained by implicit on ``user_items``, with ``user_factors`` and ``item_factors``.
        items: in the order of the columns of ``user_items``.
        user_items: ``(users, items)``; columns without an entry are the cold items.
        alpha: of the ridge regression from vectors to factors.

    Raises:
        DataError: numbers of items differ, or no item has been played.
    """
    if not len(items) == user_items.shape[1] == len(model.item_factors):
        raise DataError(
            f"{len(items)} vectors, {user_items.shape[1]} columns and {len(model.item_factors)} item factors"
        )
    warm = np.asarray(user_items.getnnz(axis=0) > 0)
    known = np.linalg.norm(items.vectors, axis=1) > 0
    if not (warm & known).any():
        raise DataError("no item with a vector has been played, so there is nothing to learn from")
    factors = np.array(model.item_factors, np.float32)
    predict = FactorMap.fit(items.vectors[warm & known], factors[warm & known], alpha)
    factors[~warm & known] = predict(items.vectors[~warm & known])
    return FactorModel(model.user_factors, factors)


def blended(model: Any, embeddings: EmbeddingModel, weight: float = 0.5) -> FactorModel:
    """Join a trained model and cosines in one model, whose scores are ``(1 - weight) * score / spread + weight
    * cosine``.

    Its factors are the factors of both side by side, so its scores are exactly that sum. ``spread`` is the root mean
    square of the trained model's scores over that of the cosines.

    Args:
        model: trained by implicit.
        embeddings: after ``fit`` on the same interactions.
        weight: of the cosines, in [0, 1].

    Raises:
        UsageError: the weight is out of range, or ``embeddings`` has no users yet.
    """
    weight = share(weight, "weight")
    if embeddings.user_factors is None:
        raise UsageError("fit the embeddings on the interactions first")
    spread = _score_size(model.user_factors, model.item_factors) / max(
        _score_size(embeddings.user_factors, embeddings.item_factors), 1e-12
    )
    scaled = np.asarray(model.item_factors) * ((1 - weight) / max(spread, 1e-12))
    users = np.hstack([model.user_factors, embeddings.user_factors])
    return FactorModel(users, np.hstack([scaled, weight * embeddings.item_factors]))


def _score_size(users: Float32Array, items: Float32Array) -> float:
    """Return the root mean square of all scores without computing them: ``||U V^T||_F`` is the trace of ``U^T
    U V^T V``.
    """
    left, right = np.asarray(users, np.float64), np.asarray(items, np.float64)
    total = np.einsum("ij,ij->", left.T @ left, right.T @ right)
    return float(np.sqrt(max(total, 0) / (len(left) * len(right))))


def _unit(vectors: Any) -> Float32Array:
    """Scale rows to unit length; rows of zeros stay zeros."""
    rows = np.asarray(vectors, np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)
