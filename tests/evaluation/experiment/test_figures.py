"""Figures of moods and embeddings, against scikit-learn and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics
from sklearn.neighbors import NearestNeighbors

from moodrec.evaluation.experiment.figures import MoodFigures
from moodrec.evaluation.experiment.neighbours import EmbeddingFigures
from moodrec.evaluation.experiment.scores import AllFigures, score
from tests.evaluation.experiment.predictions import make_predictions


def test_mood_figures_agree_with_scikit_learn() -> None:
    stored = make_predictions()
    found = score(stored).moods
    usable = range(8)  # the word "never" has no positives
    precision = [metrics.average_precision_score(stored.labels[:, i], stored.logits[:, i]) for i in usable]
    area = [metrics.roc_auc_score(stored.labels[:, i], stored.logits[:, i]) for i in usable]
    assert found["ap"] == pytest.approx(np.mean(precision))
    assert found["word_ap"] == pytest.approx(np.mean(precision[6:]))
    assert found["roc_auc"] == pytest.approx(np.mean(area))
    assert found["valence_auc"] == pytest.approx(area[4])
    assert found["arousal_auc"] == pytest.approx(area[5])
    guess, truth = stored.logits[:, :4].argmax(1), stored.labels[:, :4].argmax(1)
    assert found["quadrant_f1"] == pytest.approx(metrics.f1_score(truth, guess, average="macro"))
    assert "pearson" not in found


def test_soft_targets_are_correlated_with_probabilities() -> None:
    stored = make_predictions(soft=True)
    probabilities = 1 / (1 + np.exp(-stored.logits))
    r = [np.corrcoef(stored.truth[:, i], probabilities[:, i])[0, 1] for i in range(3)]
    found = score(stored)
    assert found.moods["pearson"] == pytest.approx(np.mean(r))
    assert found.per_target["tense"].pearson == pytest.approx(r[1])
    assert found.per_target["tense"].positives == 20
    assert "quadrant_f1" not in found.moods


def test_weights_are_repetitions() -> None:
    stored = make_predictions(40)
    counts = np.random.default_rng(5).integers(0, 3, size=40)
    rows = np.repeat(np.arange(40), counts)
    names = [name for name in vars(stored) if name != "targets"]
    repeated = replace(stored, **{name: getattr(stored, name)[rows] for name in names})
    weighted = MoodFigures(stored).of(counts[None].astype(np.float32))
    for name, value in MoodFigures(repeated).of(np.ones((1, len(rows)))).items():
        assert weighted[name][0] == pytest.approx(value[0]), name
    p10 = EmbeddingFigures(stored).queries["quadrant_p10"]
    assert AllFigures(stored).of(counts[None].astype(np.float32))["quadrant_p10"][0] == pytest.approx(
        np.average(p10, weights=counts)
    )


def test_unknown_labels_weigh_nothing() -> None:
    stored = make_predictions()
    labels = stored.labels.copy()
    labels[:10] = np.nan
    found = score(replace(stored, labels=labels, truth=labels)).moods
    fewer = {name: getattr(stored, name)[10:] for name in vars(stored) if name != "targets"}
    assert found == pytest.approx(score(replace(stored, **fewer)).moods)


def test_neighbours_agree_with_scikit_learn() -> None:
    stored = make_predictions()
    finder = NearestNeighbors(n_neighbors=11, metric="cosine").fit(stored.embeddings)
    rows = finder.kneighbors(stored.embeddings, return_distance=False)
    rows = np.array([[r for r in near if r != query][:10] for query, near in enumerate(rows)])
    quadrant = stored.labels[:, :4].argmax(1)
    found = score(stored).embedding
    assert found["quadrant_p10"] == pytest.approx((quadrant[rows] == quadrant[:, None]).mean())
    words = stored.labels[:, 6:] == 1
    values = [
        metrics.jaccard_score(words[query], words[row], zero_division=0.0)
        for query, near in enumerate(rows)
        for row in near
        if words[query].any()
    ]
    assert found["word_jaccard10"] == pytest.approx(np.mean(values))
    counts = np.bincount(rows.ravel(), minlength=60)
    centred = counts - counts.mean()
    assert found["hubness"] == pytest.approx((centred**3).mean() / counts.std() ** 3)


def test_tracks_by_the_same_artist_are_left_out() -> None:
    stored = make_predictions()
    unit = stored.embeddings / np.linalg.norm(stored.embeddings, axis=1, keepdims=True)
    quadrant = stored.labels[:, :4].argmax(1)
    shares = []
    for query in range(60):
        allowed = np.flatnonzero(stored.groups != stored.groups[query])
        top = allowed[np.argsort(-(unit[allowed] @ unit[query]))[:10]]
        shares.append((quadrant[top] == quadrant[query]).mean())
    np.testing.assert_allclose(EmbeddingFigures(stored).queries["quadrant_p10_others"], shares)


def test_other_artists_and_random_neighbours() -> None:
    """Vectors that know the artist alone find the artist, and nothing else beyond chance."""
    stored = make_predictions(240, skill=0)
    artist = np.unique(stored.groups, return_inverse=True)[1]
    stored = replace(stored, embeddings=np.eye(artist.max() + 1)[artist])
    found = score(stored).embedding
    assert found["artist_mrr"] == found["artist_p1"] == 1
    assert found["artist_mrr_queries"] == sum(
        name != "" and (stored.artists == name).sum() > 1 for name in stored.artists
    )
    quadrant = stored.labels[:, :4].argmax(1)
    other = stored.groups[:, None] != stored.groups
    expected = np.mean([(quadrant[other[i]] == quadrant[i]).mean() for i in range(240)])
    assert found["quadrant_p10_random"] == pytest.approx(expected)
    assert "album_mrr" not in found


def test_reciprocal_rank_by_hand() -> None:
    angles = np.deg2rad([0, 10, 25, 45])
    stored = make_predictions(4)
    stored = replace(
        stored,
        artists=np.array(["a", "b", "c", "a"]),
        groups=np.array(["a", "b", "c", "a"]),
        embeddings=np.stack([np.cos(angles), np.sin(angles)], axis=1),
    )
    found = EmbeddingFigures(stored).queries
    np.testing.assert_allclose(found["artist_mrr"], [1 / 3, np.nan, np.nan, 1 / 3])
    np.testing.assert_allclose(found["artist_p1"], [0, np.nan, np.nan, 0])


def test_share_agreement_by_hand() -> None:
    stored = make_predictions(12, soft=True)
    found = EmbeddingFigures(stored).queries["share_r10"]
    rows = NearestNeighbors(n_neighbors=12, metric="cosine").fit(stored.embeddings)
    order = rows.kneighbors(stored.embeddings[:1], return_distance=False)[0][1:11]
    r = [np.corrcoef(stored.truth[0], stored.truth[row])[0, 1] for row in order]
    assert found[0] == pytest.approx(np.mean(r))


def test_folds_are_never_compared() -> None:
    stored = make_predictions(40)
    half = replace(stored, folds=np.repeat([0, 1], 20))
    mine = {name: getattr(stored, name)[:20] for name in vars(stored) if name != "targets"}
    alone = EmbeddingFigures(replace(stored, **mine)).queries
    both = EmbeddingFigures(half).queries
    for name in alone:
        np.testing.assert_allclose(both[name][:20], alone[name], err_msg=name)
