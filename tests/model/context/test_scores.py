"""What metadata adds to a score: a plain loop as the oracle, and what must hold for any library."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from moodrec.errors import DataError
from moodrec.model.context.fit import FitData, Penalty, fit_labels, fit_weights
from moodrec.model.context.tracks import TrackContext, descriptor_names
from moodrec.model.context.weights import KINDS, KnownLabels, Weights, parts_of
from tests.model.context.made import GENRES, library

MADE = library(genre=1.0, artist=0.7, artists=40)
WEIGHTS = fit_labels(fit_weights(MADE.data, [Penalty(30.0, 100.0)])[0], MADE.data)
EMPTY = TrackContext.of([None] * 8)


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def by_hand(
    w: Weights, logits: np.ndarray, tracks: TrackContext, labels: np.ndarray, other_albums: bool
) -> np.ndarray:
    """Scores in context, a track and a mood at a time."""
    names = descriptor_names()
    z = (logits - w.centre) / w.spread
    cold = z.copy()

    def others(row: int, codes: np.ndarray) -> list[int]:
        return [i for i in range(len(z)) if i != row and codes[i] == codes[row] >= 0]

    for row, mood in np.ndindex(*z.shape):
        for column in range(len(names)):
            year = column >= len(names) - 2
            if np.isnan(tracks.years[row]) if year else not tracks.genres[row].any():
                continue
            told = (tracks.years[row] - 1990) / 10 if year else tracks.genres[row, column]
            told = told**2 if column == len(names) - 1 else told
            cold[row, mood] += w.descriptors[mood, column] * (told - w.descriptor_means[column])
        for kind, codes in (("artist", tracks.artists), ("album", tracks.albums)):
            mine = others(row, codes)
            mean = z[mine, mood].sum() / (len(mine) + w.shrinkage[kind][mood])
            cold[row, mood] += w.offsets[kind][mood] * mean
    score = cold.copy()
    for row, mood in np.ndindex(*z.shape):
        p = 1 / (1 + np.exp(-(w.intercept[mood] + w.audio[mood] * cold[:, mood])))
        for kind, codes in (("artist_labels", tracks.artists), ("album_labels", tracks.albums)):
            mine = [i for i in others(row, codes) if not np.isnan(labels[i, mood])]
            if other_albums:
                mine = (
                    []
                    if kind == "album_labels"
                    else [i for i in mine if tracks.albums[i] != tracks.albums[row]]
                )
            if mine:
                weight = 1 / w.shrinkage[kind][mood] - 1
                prior = p[mine].mean()
                rate = (labels[mine, mood].sum() + weight * prior) / (len(mine) + weight)
                score[row, mood] += w.offsets[kind][mood] * (logit(rate) - logit(prior)) / w.audio[mood]
    return score * w.spread + w.centre


@pytest.mark.parametrize("other_albums", [False, True])
def test_scores_are_those_of_a_plain_loop(other_albums: bool) -> None:
    rng = np.random.default_rng(3)
    rows = rng.permutation(len(MADE.logits))[:40]
    tracks = MADE.tracks.select(rows)
    tracks = replace(tracks, years=np.where(rng.random(40) < 0.3, np.nan, tracks.years))
    tracks = replace(tracks, artists=np.where(rng.random(40) < 0.1, -1, tracks.artists))
    labels = np.where(rng.random((40, 3)) < 0.5, np.nan, MADE.labels[rows])
    parts = parts_of(WEIGHTS, MADE.logits[rows], tracks, KnownLabels(labels, other_albums))
    assert set(parts) == set(KINDS)
    found = MADE.logits[rows] + sum(parts.values())
    assert_allclose(found, by_hand(WEIGHTS, MADE.logits[rows], tracks, labels, other_albums), atol=1e-9)


def test_weights_are_not_negative_where_sense_demands() -> None:
    assert all((WEIGHTS.offsets[kind] >= 0).all() for kind in WEIGHTS.offsets)
    assert (WEIGHTS.audio > 0).all()


def test_genres_that_matter_are_found() -> None:
    parts = parts_of(WEIGHTS, MADE.logits, MADE.tracks)
    truth = {g: MADE.labels[[g in mine for mine in MADE.genres]].mean(0) for g in GENRES}
    for mood in range(3):
        order = sorted(GENRES, key=lambda g: truth[g][mood])
        added = {g: parts["genres"][[g in mine for mine in MADE.genres], mood].mean() for g in GENRES}
        assert added[order[0]] < added[order[-1]]


numbers = st.floats(-30, 30, allow_nan=False)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=8, max_size=8))
def test_without_metadata_the_audio_score_is_unchanged(rows: list[tuple[float, ...]]) -> None:
    logits = np.array(rows)
    labels = KnownLabels(np.ones_like(logits))
    for known in (None, labels):
        parts = parts_of(WEIGHTS, logits, EMPTY, known)
        assert_array_equal(logits + sum(parts.values()), logits)


@given(st.integers(0, 10**6))
def test_with_closed_gates_the_audio_score_is_unchanged(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shut = rng.random(3) < 0.5
    closed = replace(WEIGHTS, on=dict.fromkeys(KINDS, ~shut))
    parts = parts_of(closed, MADE.logits, MADE.tracks, KnownLabels(MADE.labels))
    scores = MADE.logits + sum(parts.values())
    assert_array_equal(scores[:, shut], MADE.logits[:, shut])
    assert (scores[:, ~shut] != MADE.logits[:, ~shut]).any(axis=0).all()


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_nothing_of_a_wrong_artist_leaks(seed: int) -> None:
    """Whatever becomes of one artist's labels and predictions, tracks of other artists and albums score as before."""
    rng = np.random.default_rng(seed)
    code = int(rng.integers(40))
    theirs = MADE.tracks.artists == code
    labels, logits = MADE.labels.copy(), MADE.logits.copy()
    labels[theirs], logits[theirs] = rng.random((6, 3)), 10 * rng.standard_normal((6, 3))
    before = parts_of(WEIGHTS, MADE.logits, MADE.tracks, KnownLabels(MADE.labels))
    after = parts_of(WEIGHTS, logits, MADE.tracks, KnownLabels(labels))
    for kind in KINDS:
        assert_array_equal(before[kind][~theirs], after[kind][~theirs])
    assert (before["artist_labels"][theirs] != after["artist_labels"][theirs]).any()


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_a_tracks_own_label_tells_it_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    row = int(rng.integers(len(MADE.labels)))
    labels = MADE.labels.copy()
    labels[row] = 1 - labels[row]
    before = parts_of(WEIGHTS, MADE.logits, MADE.tracks, KnownLabels(MADE.labels))
    after = parts_of(WEIGHTS, MADE.logits, MADE.tracks, KnownLabels(labels))
    for kind in KINDS:
        assert_array_equal(before[kind][row], after[kind][row])


@given(st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_rows_is_irrelevant(random: object) -> None:
    order = list(range(len(MADE.labels)))
    random.shuffle(order)  # type: ignore[attr-defined]
    whole = parts_of(WEIGHTS, MADE.logits, MADE.tracks, KnownLabels(MADE.labels))
    mixed = parts_of(WEIGHTS, MADE.logits[order], MADE.tracks.select(order), KnownLabels(MADE.labels[order]))
    for kind in KINDS:
        assert_allclose(mixed[kind], whole[kind][order], atol=1e-12)


def test_the_order_of_rows_is_irrelevant_to_the_fit() -> None:
    order = np.random.default_rng(0).permutation(len(MADE.labels))
    data = FitData(MADE.logits[order], MADE.labels[order], MADE.tracks.select(order))
    mixed = fit_labels(fit_weights(data, [Penalty(30.0, 100.0)])[0], data)
    assert_allclose(mixed.descriptors, WEIGHTS.descriptors, atol=1e-8)
    for kind in WEIGHTS.offsets:
        assert_allclose(mixed.offsets[kind], WEIGHTS.offsets[kind], atol=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="finite"):
        parts_of(WEIGHTS, np.full((8, 3), np.nan), EMPTY)
    with pytest.raises(DataError, match="8 tracks and 3 moods"):
        parts_of(WEIGHTS, np.zeros((7, 3)), EMPTY)
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        parts_of(WEIGHTS, np.zeros((8, 3)), EMPTY, KnownLabels(np.full((8, 3), 2.0)))
    with pytest.raises(DataError, match="finite; 24 are not"):
        FitData(np.full((8, 3), np.inf), np.zeros((8, 3)), EMPTY)
    with pytest.raises(DataError, match="metadata of 8 tracks"):
        FitData(np.zeros((7, 3)), np.zeros((7, 3)), EMPTY)
    with pytest.raises(DataError, match="2 artists, 3 albums"):
        TrackContext.of(["a", "b"], ["x", "y", "z"])


def test_albums_of_the_same_name_by_other_artists_are_others() -> None:
    tracks = TrackContext.of(
        ["a", "b", "a", None, None], ["Live", "Live", "Live", "Hits", "Hits"], years=[1, 2] * 2 + [3]
    )
    assert tracks.albums.tolist() == [0, 1, 0, 2, 2]
    assert np.isnan(tracks.years).all()
