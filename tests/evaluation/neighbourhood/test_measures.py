"""The figures of the retrieval benchmark, against the index, scikit-learn, ir-measures and counting by hand.

Tests the inside of moodrec.evaluation.neighbourhood.measures on purpose.
"""

from __future__ import annotations

from dataclasses import replace

import ir_measures
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import skew
from sklearn.metrics import jaccard_score

from moodrec.evaluation.neighbourhood.gallery import Gallery, SystemOutput, percentiles, unit
from moodrec.evaluation.neighbourhood.measures import K, Measures, jaccard, row_means
from moodrec.evaluation.retrieval import evaluate_neighbours
from moodrec.index.mood_index import MoodIndex

N = 90


def made_up(seed: int = 0, n_spaces: int = 2) -> tuple[Gallery, SystemOutput]:
    """Tracks by 20 artists whose vectors and scores follow their quadrants somewhat."""
    rng = np.random.default_rng(seed)
    quadrant = rng.integers(0, 4, N)
    calm = (quadrant == 3).astype(np.float64)
    vectors = unit(np.eye(4)[quadrant] @ rng.standard_normal((4, 8)) + rng.standard_normal((N, 8)))
    gallery = Gallery(
        dataset="made_up",
        track_ids=tuple(f"t{i}" for i in range(N)),
        groups=tuple(f"a{i}" for i in rng.integers(0, 20, N)),
        quadrants=tuple(f"q{q + 1}" for q in quadrant),
        words=rng.random((N, 7)) < 0.3,
        human={"calm": calm, "dark": rng.random(N)},
        present={"calm": calm, "dark": (rng.random(N) > 0.6).astype(np.float64)},
    )
    moods = {"calm": np.clip(0.6 * calm + 0.4 * rng.random(N), 0, 1), "dark": rng.random(N)}
    return gallery, SystemOutput(vectors, moods, rng.integers(0, n_spaces, N))


def test_precision_is_that_of_the_older_evaluation() -> None:
    gallery, run = made_up()
    mine = Measures(gallery, run).per_query()["quadrant_p"].mean()
    quadrants = [quadrant or "" for quadrant in gallery.quadrants or ()]
    theirs = evaluate_neighbours(run.embeddings, quadrants, gallery.groups, K, run.spaces)
    assert mine == pytest.approx(theirs.precision.value, abs=1e-12)


def test_precision_and_ndcg_agree_with_ir_measures() -> None:
    gallery, run = made_up()
    cosine = run.embeddings @ run.embeddings.T
    allowed = Measures(gallery, run)._others
    quadrant = np.array(gallery.quadrants)
    qrels = pd.DataFrame(
        [
            (f"{q}", f"{d}", int(quadrant[q] == quadrant[d]))
            for q in range(N)
            for d in np.flatnonzero(allowed[q])
        ],
        columns=["query_id", "doc_id", "relevance"],
    )
    ranked = pd.DataFrame(
        [(f"{q}", f"{d}", cosine[q, d]) for q in range(N) for d in np.flatnonzero(allowed[q])],
        columns=["query_id", "doc_id", "score"],
    )
    wanted = {"quadrant_p": ir_measures.P @ 10, "quadrant_ndcg": ir_measures.nDCG @ 10}
    mine = Measures(gallery, run).per_query()
    theirs: dict[str, np.ndarray] = {name: np.full(N, np.nan) for name in wanted}
    for metric in ir_measures.iter_calc(list(wanted.values()), qrels, ranked):
        name = next(name for name, one in wanted.items() if one == metric.measure)
        theirs[name][int(metric.query_id)] = metric.value
    np.testing.assert_allclose(mine["quadrant_p"], theirs["quadrant_p"])
    known = ~np.isnan(mine["quadrant_ndcg"])
    np.testing.assert_allclose(mine["quadrant_ndcg"][known], theirs["quadrant_ndcg"][known])


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_asking_for_a_mood_is_what_the_index_answers(weight: float) -> None:
    gallery, run = made_up(n_spaces=1)
    table = pa.table(
        {
            "track_id": list(gallery.track_ids),
            "artist": list(gallery.groups),
            **{mood: scores.astype(np.float32) for mood, scores in run.moods.items()},
        }
    )
    index = MoodIndex.build(run.embeddings, table, list(run.moods))
    answer = Measures(gallery, run).toward_mood("calm", weight)
    for query in range(0, N, 9):
        hits = index.search(
            run.embeddings[query],
            K,
            mood={"calm": 1.0},
            mood_weight=weight,
            exclude_artist=[gallery.groups[query]],
        )
        rows = [int(track_id[1:]) for track_id in hits.track_ids[0]]
        assert answer.error[query] == pytest.approx(np.abs(1 - gallery.human["calm"][rows]).mean())
        cosine = run.embeddings[rows] @ run.embeddings[query]
        assert answer.cosine[query] == pytest.approx(cosine.mean(), abs=1e-6)


def test_perfect_moods_leave_no_error_where_there_are_enough_tracks() -> None:
    gallery, run = made_up(n_spaces=1)
    perfect = SystemOutput(run.embeddings, {"calm": gallery.human["calm"]}, run.spaces)
    assert Measures(gallery, perfect).toward_moods(1.0).error.max() == 0
    figures = Measures(gallery, perfect).per_query()
    np.testing.assert_array_equal(figures["filter_satisfaction"], 1)
    assert figures["target_error_before"].mean() > 0.4


def test_jaccard_agrees_with_scikit_learn() -> None:
    has = np.random.default_rng(0).random((12, 9)) < 0.4
    mine = jaccard(has)
    for i in range(12):
        for j in range(12):
            assert mine[i, j] == pytest.approx(jaccard_score(has[i], has[j], zero_division=0))


def test_hubness_is_the_skewness_of_occurrences() -> None:
    gallery, run = made_up(n_spaces=1)
    cosine = run.embeddings @ run.embeddings.T
    np.fill_diagonal(cosine, -2)
    counts = np.bincount(np.argsort(-cosine, axis=1)[:, :K].ravel(), minlength=N)
    assert Measures(gallery, run).hubness() == pytest.approx(skew(counts))
    assert Measures(gallery, run).coverage() == (counts > 0).mean()


def test_artists_among_the_neighbours() -> None:
    gallery, run = made_up(n_spaces=1)
    one_artist = Measures(replace(gallery, groups=("x",) * N), run).per_query()["artist_diversity"]
    np.testing.assert_array_equal(one_artist, 0.1)
    pairs = Measures(replace(gallery, groups=tuple(str(row // 2) for row in range(N))), run)
    assert (pairs.per_query()["artist_diversity"] >= 0.5).all()
    unknown = Measures(replace(gallery, groups=tuple(map(str, range(N)))), run)
    assert "artist_diversity" not in unknown.per_query(), "no two tracks are known to be by one artist"


def test_spaces_are_kept_apart() -> None:
    gallery, run = made_up()
    rows = Measures(gallery, run)._top(run.embeddings @ run.embeddings.T, Measures(gallery, run)._others)
    groups = np.array(gallery.groups)
    for query, found in enumerate(rows):
        mine = found[found >= 0]
        assert (run.spaces[mine] == run.spaces[query]).all()
        assert (groups[mine] != groups[query]).all()


def test_percentiles_and_means() -> None:
    np.testing.assert_allclose(percentiles(np.array([3.0, 1, 1, np.nan])), [2.5 / 3, 1 / 3, 1 / 3, np.nan])
    np.testing.assert_allclose(row_means(np.array([[1.0, np.nan], [3.0, np.nan]])), [2, np.nan])
