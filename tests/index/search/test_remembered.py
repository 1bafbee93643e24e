"""Filters are remembered by their text; masks and answers are not.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.passing import Passing
from tests.catalogues import MOODS, sample_catalogue

SAMPLE = sample_catalogue(800)


def built() -> MoodIndex:
    return MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, "ivf-sq8")


def test_a_filter_of_numbers_is_remembered_without_a_mask() -> None:
    index = built()
    index.search(SAMPLE.vectors[0], where="calm >= 0.5 AND artist <> 'Artist 1'", exact=True)
    known = index._catalogue.base.filters
    (wanted,) = known.values()
    assert list(known) == ["calm >= 0.5 AND artist <> 'Artist 1'"]
    assert Passing(wanted).known_mask is None


def test_what_holds_rows_is_not_remembered() -> None:
    index = built()
    index.search(SAMPLE.vectors[0], where="happy IS NULL")
    index.search(SAMPLE.vectors[0], where="calm > 0.5", exclude_artist=["Artist 1"])
    assert list(index._catalogue.base.filters) == []


def test_changes_are_seen_by_remembered_filters() -> None:
    index = built()
    before = index.search(SAMPLE.vectors[0], 3, where="calm >= 0.4")
    gone = before.track_ids[0, 0]
    index.remove([gone])
    after = index.search(SAMPLE.vectors[0], 3, where="calm >= 0.4")
    assert gone not in after.track_ids
    assert after.track_ids[0, :2].tolist() == before.track_ids[0, 1:].tolist()
    index.add(SAMPLE.vectors[:1], SAMPLE.table.slice(0, 1), on_conflict="replace")
    assert index.search(SAMPLE.vectors[0], 3, where="calm >= 0.4").track_ids.shape == (1, 3)


def test_no_more_than_some_filters_are_remembered() -> None:
    index = built()
    for number in range(600):
        index.search(SAMPLE.vectors[0], 1, where=f"calm >= {number / 1000}")
    assert 0 < len(index._catalogue.base.filters) <= 256
