"""Precision at k tells whether a track's neighbours share its mood; tracks of its own artist are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moodrec.arguments import brief, every_of, plain
from moodrec.data.labels import LabelTable
from moodrec.errors import DataError
from moodrec.evaluation.evaluate import BootstrapOptions, describe_intervals
from moodrec.evaluation.reports import Estimate, RetrievalReport
from moodrec.given import kind_of, numbers_of
from moodrec.metrics.bootstrap import interval_of, weighted_bootstrap
from moodrec.metrics.checks import count_of
from moodrec.typing import Codes

N_PERMUTATIONS: Final = 1000
"""Number of shuffles for the p-value."""
QUADRANTS: Final = ("q1", "q2", "q3", "q4")


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest tracks of each track.

    Attributes:
        rows: ``(n, k)`` int64, nearest first, -1 where there are fewer.
        n_candidates: ``(n,)`` number of tracks that could have been found.
    """

    rows: Codes
    n_candidates: Codes


def evaluate_retrieval(
    embeddings: ArrayLike,
    table: LabelTable,
    k: int = 10,
    spaces: ArrayLike | None = None,
    options: BootstrapOptions | None = None,
) -> RetrievalReport:
    """Compute precision at k for the quadrant of a table that has targets ``<name>:q1`` ... ``<name>:q4``.

    Args:
        embeddings: ``(n, d)``, rows as in the table; compared by cosine.
        table: the label table of n rows.
        k: number of neighbours of each track, those of its own group (artist) left out.
        spaces: ``(n,)`` integers; tracks of different spaces are never compared. Out-of-fold embeddings come from a
            different network in each fold, so their fold goes here.
        options: how intervals are made.

    Raises:
        DataError: there are no quadrant targets, or arrays do not fit.
    """
    labels = quadrants_of(table)
    return evaluate_neighbours(
        embeddings, labels, list(table.tracks["group"]), k, spaces, options, table.name, "quadrant"
    )


def evaluate_neighbours(
    embeddings: ArrayLike,
    labels: Sequence[str],
    groups: Sequence[str],
    k: int = 10,
    spaces: ArrayLike | None = None,
    options: BootstrapOptions | None = None,
    dataset: str = "arrays",
    label: str = "label",
) -> RetrievalReport:
    """Compute precision at k for any label, one per track.

    Tracks without a possible neighbour are no queries. Intervals resample the groups of the queries.

    Args:
        embeddings: ``(n, d)``, compared by cosine.
        labels: ``(n,)`` label of each track.
        groups: ``(n,)`` group of each track; neighbours of the own group are left out.
        k: number of neighbours of each track.
        spaces: ``(n,)`` integers; tracks of different spaces are never compared.
        options: how intervals are made.
        dataset: name of the dataset, for the report.
        label: name of the label, for the report.

    Raises:
        DataError: arrays do not fit, or no track has a possible neighbour.
    """
    options = BootstrapOptions() if options is None else kind_of(options, BootstrapOptions, "options")
    k = count_of(k, "k")
    vectors, group_codes, label_codes = _checked(embeddings, groups, labels)
    space_codes = np.zeros(len(vectors), np.int64) if spaces is None else _spaces(spaces)
    if space_codes.shape != (len(vectors),):
        raise DataError(f"spaces must be ({len(vectors)},), not {space_codes.shape}")
    found = nearest(vectors, group_codes, space_codes, k)
    queries = np.flatnonzero(found.n_candidates > 0)
    if not queries.size:
        raise DataError(f"{dataset}: no track has a neighbour outside its own group")
    precision = _precision(found.rows, queries, label_codes)
    draws = weighted_bootstrap(
        lambda weights: _weighted_mean(precision, weights),
        len(queries),
        [groups[query] for query in queries.tolist()],
        options.n_resamples,
        options.seed,
    )
    permuted = _permuted(found.rows, queries, label_codes, space_codes, options.seed)
    interval = interval_of(draws, options.level, estimate=float(precision.mean()))
    return RetrievalReport(
        dataset=dataset,
        label=label,
        k=k,
        n_queries=len(queries),
        precision=Estimate(float(precision.mean()), interval.low, interval.high),
        random=float(_expected(label_codes, group_codes, space_codes, found.n_candidates, k)[queries].mean()),
        permuted=float(permuted.mean()),
        p_value=float((1 + (permuted >= precision.mean()).sum()) / (1 + len(permuted))),
        per_label=_per_label(precision, [labels[query] for query in queries.tolist()]),
        intervals=describe_intervals(True, options),
    )


def _spaces(given: ArrayLike) -> Codes:
    spaces = numbers_of(given, "spaces")
    if not (np.isfinite(spaces) & (spaces == np.trunc(spaces)) & (np.abs(spaces) < 2**53)).all():
        raise DataError("spaces must be whole numbers")
    return spaces.astype(np.int64)


def quadrants_of(table: LabelTable) -> list[str]:
    """Read the quadrant of each track, "q1" to "q4", from the targets ``<name>:q1`` ... ``<name>:q4``.

    Raises:
        DataError: targets are missing, or a track is not in exactly one quadrant.
    """
    columns = [f"{table.name}:{quadrant}" for quadrant in QUADRANTS]
    missing = [column for column in columns if column not in table.targets.columns]
    if missing:
        raise DataError(f"{table.name} has no quadrants: no target {', '.join(missing)}")
    member = table.targets[columns].to_numpy(dtype=np.float64) == 1
    unclear = np.flatnonzero(member.sum(axis=1) != 1)
    if unclear.size:
        ids = table.tracks["track_id"].iloc[unclear[:5]].tolist()
        raise DataError(f"{table.name}: {unclear.size} tracks are not in exactly one quadrant: {ids}")
    return [QUADRANTS[place] for place in member.argmax(axis=1)]


def nearest(
    embeddings: NDArray[np.float64], groups: Codes, spaces: Codes, k: int, block: int = 1024
) -> Neighbours:
    """Find the exact cosine neighbours among the tracks of the same space and other groups.

    Args:
        embeddings: ``(n, d)``.
        groups: ``(n,)`` group of each track, as numbers.
        spaces: ``(n,)`` space of each track, as numbers.
        k: number of neighbours, at least 1.
        block: queries compared at a time.

    Raises:
        DataError: ``k`` is below 1.
    """
    if k < 1:
        raise DataError(f"k must be at least 1, not {k}")
    # The least positive number in place of a length of zero keeps zero vectors at zero.
    unit = embeddings / np.maximum(
        np.linalg.norm(embeddings, axis=1, keepdims=True), np.finfo(np.float64).tiny
    )
    rows, counts = [], []
    for start in range(0, len(unit), block):
        mine = slice(start, start + block)
        allowed = (groups[mine, None] != groups) & (spaces[mine, None] == spaces)
        similarity = np.where(allowed, unit[mine] @ unit.T, -np.inf)
        top = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        rows.append(np.where(np.take_along_axis(allowed, top, axis=1), top, -1))
        counts.append(allowed.sum(axis=1))
    found = np.concatenate(rows).astype(np.int64)
    padded = np.pad(found, ((0, 0), (0, k - found.shape[1])), constant_values=-1)
    return Neighbours(padded, np.concatenate(counts).astype(np.int64))


def _checked(
    embeddings: ArrayLike, groups: Sequence[str], labels: Sequence[str]
) -> tuple[NDArray[np.float64], Codes, Codes]:
    vectors = numbers_of(embeddings, "embeddings")
    groups, labels = _names(groups, "groups"), _names(labels, "labels")
    if vectors.ndim != 2 or not len(vectors) or not np.isfinite(vectors).all():
        raise DataError(f"embeddings must be finite (n, d) with at least one row, not {vectors.shape}")
    if not len(vectors) == len(groups) == len(labels):
        raise DataError(f"{len(vectors)} embeddings, {len(groups)} groups and {len(labels)} labels")
    return vectors, _codes(groups), _codes(labels)


def _names(given: object, name: str) -> list[str]:
    values = given if isinstance(given, str) else plain(given)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise DataError(f"{name} is {brief(given)}; it must be a list with one for each track")
    return [str(one) if isinstance(one, str | int | float) else brief(one) for one in every_of(values, name)]


def _codes(names: Sequence[str]) -> Codes:
    return np.unique(np.asarray(names, dtype=np.object_), return_inverse=True)[1].astype(np.int64)


def _precision(rows: Codes, queries: Codes, labels: Codes) -> NDArray[np.float64]:
    """Compute the share of each query's k places that hold a track of its label: ``(queries,)``."""
    found = rows[queries]
    same = (labels[found] == labels[queries, None]) & (found >= 0)
    return np.asarray(same.mean(axis=1), dtype=np.float64)


def _weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(weights @ values / weights.sum(axis=1), dtype=np.float64)


def _expected(
    labels: Codes, groups: Codes, spaces: Codes, n_candidates: Codes, k: int
) -> NDArray[np.float64]:
    """Compute the expected precision of k random candidates: the share of the candidates that have the query's
    label.
    """
    same = _cell_counts(spaces, labels) - _cell_counts(spaces, groups, labels)
    share = np.divide(same, n_candidates, out=np.zeros(len(labels)), where=n_candidates > 0)
    return np.asarray(share * np.minimum(n_candidates, k) / k, dtype=np.float64)


def _cell_counts(*keys: Codes) -> NDArray[np.float64]:
    """Count, for each row, the rows that agree with it on all keys."""
    _, cell, counts = np.unique(np.stack(keys), axis=1, return_inverse=True, return_counts=True)
    return counts[cell.ravel()].astype(np.float64)


def _permuted(rows: Codes, queries: Codes, labels: Codes, spaces: Codes, seed: int) -> NDArray[np.float64]:
    """Compute mean precisions ``(permutations,)`` for labels shuffled within each space, with the neighbours
    unchanged.
    """
    rng = np.random.default_rng(seed)
    by_space = np.argsort(spaces, kind="stable")
    means = np.empty(N_PERMUTATIONS)
    for i in range(N_PERMUTATIONS):
        shuffled = np.empty_like(labels)
        # Sorting a random permutation by space shuffles within each space alone.
        draw = rng.permutation(len(labels))
        shuffled[by_space] = labels[draw[np.argsort(spaces[draw], kind="stable")]]
        means[i] = _precision(rows, queries, shuffled).mean()
    return means


def _per_label(precision: NDArray[np.float64], labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    names = np.array(labels)
    return tuple((str(name), float(precision[names == name].mean())) for name in np.unique(names))
