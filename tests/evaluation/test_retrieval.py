"""Neighbours of the same mood: against a plain loop, at chance for noise, perfect for perfect embeddings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable
from moodrec.data.sources import load_source
from moodrec.errors import DataError
from moodrec.evaluation.evaluate import BootstrapOptions
from moodrec.evaluation.retrieval import evaluate_neighbours, evaluate_retrieval, nearest, quadrants_of

QUICK = BootstrapOptions(n_resamples=100)


def plain_precision(
    vectors: np.ndarray, labels: list[str], groups: list[str], spaces: np.ndarray, k: int
) -> tuple[float, float]:
    """Precision at k and its expectation for random neighbours, one query at a time."""
    found, chance = [], []
    for query in range(len(vectors)):
        others = [i for i in range(len(vectors)) if groups[i] != groups[query] and spaces[i] == spaces[query]]
        if not others:
            continue
        cosine = vectors[others] @ vectors[query] / np.linalg.norm(vectors[others], axis=1)
        top = [others[i] for i in np.argsort(-cosine, kind="stable")[:k]]
        found.append(sum(labels[i] == labels[query] for i in top) / k)
        share = np.mean([labels[i] == labels[query] for i in others])
        chance.append(share * min(len(others), k) / k)
    return float(np.mean(found)), float(np.mean(chance))


@settings(max_examples=25)
@given(st.integers(6, 40), st.integers(1, 12), st.integers(1, 3), st.integers(0, 1000))
def test_agrees_with_a_plain_loop(n: int, k: int, n_spaces: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 5))
    labels = [str(i) for i in rng.integers(0, 4, n)]
    groups = [str(i) for i in rng.integers(0, n, n)]
    groups[:2] = ["g", "h"]
    spaces = np.concatenate([[0, 0], rng.integers(0, n_spaces, n - 2)])
    found = evaluate_neighbours(vectors, labels, groups, k, spaces, BootstrapOptions(n_resamples=2))
    precision, chance = plain_precision(vectors, labels, groups, spaces, k)
    assert found.precision.value == pytest.approx(precision)
    assert found.random == pytest.approx(chance)


def test_nearest_in_blocks_is_the_same() -> None:
    rng = np.random.default_rng(0)
    vectors, groups, spaces = rng.normal(size=(50, 4)), rng.integers(0, 20, 50), np.zeros(50, np.int64)
    whole, parts = nearest(vectors, groups, spaces, 7), nearest(vectors, groups, spaces, 7, block=9)
    np.testing.assert_array_equal(whole.rows, parts.rows)
    np.testing.assert_array_equal(whole.n_candidates, parts.n_candidates)


def test_random_embeddings_are_at_chance() -> None:
    rng = np.random.default_rng(0)
    labels = [f"q{i}" for i in rng.integers(1, 5, 400)]
    groups = [str(i // 2) for i in range(400)]
    found = evaluate_neighbours(rng.normal(size=(400, 16)), labels, groups, options=QUICK)
    assert found.precision.low < found.random < found.precision.high
    assert found.permuted == pytest.approx(found.random, abs=0.01)
    assert found.p_value > 0.05


def test_perfect_embeddings() -> None:
    labels = [f"q{i % 4}" for i in range(200)]
    vectors = np.eye(4)[np.arange(200) % 4]
    found = evaluate_neighbours(vectors, labels, [str(i) for i in range(200)], options=QUICK)
    assert (found.precision.value, found.precision.low) == (1.0, 1.0)
    assert dict(found.per_label) == {f"q{i}": 1.0 for i in range(4)}
    assert found.p_value == pytest.approx(1 / 1001)


def test_an_artist_cannot_help_itself() -> None:
    """Embeddings that know the artist alone, each artist of one mood: no better than chance once it is left out."""
    rng = np.random.default_rng(0)
    artist = np.repeat(np.arange(300), 3)
    labels = [f"q{label}" for label in rng.integers(0, 4, 300)[artist]]
    vectors = rng.normal(size=(300, 32))[artist] + 0.01 * rng.normal(size=(900, 32))
    cheating = evaluate_neighbours(vectors, labels, [str(i) for i in range(900)], 2, options=QUICK)
    honest = evaluate_neighbours(vectors, labels, [str(i) for i in artist], 2, options=QUICK)
    assert cheating.precision.value == 1.0
    assert honest.precision.value == pytest.approx(honest.random, abs=0.1)


def test_quadrants_of_a_table_and_report(tmp_path: Path) -> None:
    member = np.eye(4, dtype=np.float32)[np.arange(40) % 4]
    targets = {f"set:q{i + 1}": member[:, i] for i in range(4)}
    table = LabelTable.build("set", {"track_id": [str(i) for i in range(40)]}, targets)
    assert quadrants_of(table)[:5] == ["q1", "q2", "q3", "q4", "q1"]
    found = json.loads(evaluate_retrieval(member, table, k=3, options=QUICK).to_json())
    assert (found["dataset"], found["label"], found["k"], found["n_queries"]) == ("set", "quadrant", 3, 40)
    assert found["per_label"]["q2"] == 1.0


@pytest.mark.parametrize(
    ("embeddings", "labels", "groups", "options", "message"),
    [
        (np.zeros((2, 0)), ["a", "b"], ["x", "y"], {"k": 0}, "k must be at least 1"),
        (np.zeros(3), ["a"] * 3, ["x"] * 3, {}, r"finite \(n, d\)"),
        (np.full((1, 2), np.nan), ["a"], ["x"], {}, "finite"),
        (np.zeros((2, 2)), ["a"], ["x", "y"], {}, "2 embeddings, 2 groups and 1 labels"),
        (np.zeros((2, 2)), ["a", "b"], ["x", "x"], {}, "no track has a neighbour"),
        (np.zeros((2, 2)), ["a", "b"], ["x", "y"], {"spaces": [1]}, r"spaces must be \(2,\)"),
    ],
)
def test_refuses(
    embeddings: NDArray[np.float64],
    labels: list[str],
    groups: list[str],
    options: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(DataError, match=message):
        evaluate_neighbours(embeddings, labels, groups, **options)


def test_quadrants_must_be_there_and_clear() -> None:
    table = LabelTable.build(
        "set", {"track_id": ["a"]}, {f"set:q{i}": np.ones(1, np.float32) for i in (1, 2, 3, 4)}
    )
    with pytest.raises(DataError, match=r"1 tracks are not in exactly one quadrant: \['a'\]"):
        quadrants_of(table)
    with pytest.raises(DataError, match="no target set:q1, set:q2"):
        quadrants_of(LabelTable.build("set", {"track_id": ["a"]}, {}))


def test_chance_on_real_labels(shared_data: Path) -> None:
    table = load_source("mood4q", shared_data / "mood4q")
    rng = np.random.default_rng(0)
    found = evaluate_retrieval(rng.normal(size=(630, 8)), table, spaces=table.tracks["fold"], options=QUICK)
    assert found.n_queries == 630
    assert found.precision.low < found.random < found.precision.high
    assert 0.2 < found.random < 0.26
