"""What every implementation of an interface must do: subclass the contract and give it the implementation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moodrec.config import IndexConfig
from moodrec.errors import DuplicateIdError, NotFoundError, UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import SearchOptions
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.oracles import best_rows, blend_scores, cap_rows

SEARCHES: list[dict[str, Any]] = [
    {},
    {"where": "calm >= 0.5"},
    {"where": "year BETWEEN 1970 AND 1990 AND genre = 'rock'"},
    {"where": "artist IS NULL OR artist <> 'Artist 3'", "exclude": ["t1", "t2"]},
    {"mood": {"calm": 0.9}},
    {"mood": {"calm": 0.9, "happy": 0.1}, "mood_weight": 0.3},
    {"max_per_artist": 1},
    {"exclude_artist": ["ARTIST 1", "artist 2"], "max_per_artist": 2},
    {"where": "calm < 0.5", "mood": {"happy": 1.0}, "mood_weight": 1.0, "max_per_artist": 1},
    {"only": [f"t{row}" for row in range(3, 30)]},
    {"only": [f"t{row}" for row in range(0, 400, 2)], "where": "calm >= 0.3", "exclude": ["t4", "t6"]},
]


class IndexContract:
    """Of a preset. Small catalogues are searched through the preset's own structure: ``exact_rows`` is 0."""

    preset: str
    exact: bool = False
    """Whether the preset promises the very rows of an exact search."""

    @classmethod
    def config(cls) -> IndexConfig:
        return load_preset(cls.preset).model_copy(update={"exact_rows": 0, "first_lists": 4})

    @classmethod
    def build(cls, sample: Sample) -> MoodIndex:
        return MoodIndex.build(sample.vectors, sample.table, MOODS, cls.config())

    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls) -> Sample:
        return sample_catalogue()

    @pytest.fixture(scope="class")
    @classmethod
    def index(cls, sample: Sample) -> MoodIndex:
        return cls.build(sample)

    def test_a_track_is_its_own_nearest(self, index: MoodIndex, sample: Sample) -> None:
        hits = index.search(sample.vectors[:50], k=3)
        assert hits.track_ids[:, 0].tolist() == [f"t{row}" for row in range(50)]
        np.testing.assert_allclose(hits.scores[:, 0], 1, atol=1e-6)
        assert (np.diff(hits.scores, axis=1) <= 0).all()

    def test_each_query_may_have_options_of_its_own(self, index: MoodIndex, sample: Sample) -> None:
        queries = sample.vectors[:5]
        where = ["calm >= 0.4", None, "calm >= 0.4", "year < 1990", None]
        only = [[f"t{row}" for row in range(first, 400, 3)] for first in range(4)] + [None]
        exclude: list[list[str]] = [["t0", "t3"], [], [], ["t9"], ["t4"]]
        hits = index.search(queries, 6, where=where, only=only, exclude=exclude, max_per_artist=2)
        each = [
            SearchOptions(where=one, only=allowed, exclude=out, max_per_artist=2)
            for one, allowed, out in zip(where, only, exclude, strict=True)
        ]
        by_options = index.search(queries, 6, each)
        for query, options in enumerate(each):
            alone = index.search(queries[query], 6, options)
            for found in (hits, by_options):
                assert [hit.track_id for hit in found[query]] == [hit.track_id for hit in alone[0]]
                np.testing.assert_array_equal(found[query].scores, alone[0].scores)
        shared = index.search(queries, 6, where=["calm >= 0.4"] * 5)
        assert shared.track_ids.tolist() == index.search(queries, 6, where="calm >= 0.4").track_ids.tolist()

    def test_a_track_is_not_its_own_neighbour(self, index: MoodIndex, sample: Sample) -> None:
        ids = ["t7", "t3", "t7"]
        hits = index.similar_to(ids, k=5)
        assert hits.counts.tolist() == [5, 5, 5]
        for own, found in zip(ids, hits.track_ids, strict=True):
            assert own not in found
        assert hits.track_ids[0].tolist() == hits.track_ids[2].tolist()
        with pytest.raises(NotFoundError, match="'nobody'"):
            index.similar_to(["t1", "nobody"])

    @pytest.mark.parametrize("conditions", SEARCHES, ids=str)
    def test_agrees_with_the_definition(
        self, index: MoodIndex, sample: Sample, conditions: dict[str, Any]
    ) -> None:
        query = sample.vectors[11]
        hits = index.search(query, k=10, **conditions)
        expected, scores = _by_definition(sample, query, 10, conditions)
        found = [int(track_id[1:]) for track_id in hits.track_ids[0] if track_id is not None]
        assert hits.counts[0] == len(expected)
        if self.exact or hits.explanation.path == "exact":
            assert found == expected
        else:
            assert len(set(found) & set(expected)) >= 0.9 * len(expected)
        np.testing.assert_allclose(hits.scores[0, : len(found)], scores[found], atol=1e-6)

    @pytest.mark.parametrize("conditions", SEARCHES, ids=str)
    def test_a_batch_is_its_queries_one_by_one(
        self, index: MoodIndex, sample: Sample, conditions: dict[str, Any]
    ) -> None:
        batch = index.search(sample.vectors[:9], k=7, **conditions)
        singles = [index.search(query, k=7, **conditions) for query in sample.vectors[:9]]
        assert batch.track_ids.tolist() == [hits.track_ids[0].tolist() for hits in singles]
        np.testing.assert_array_equal(batch.scores, np.concatenate([hits.scores for hits in singles]))

    def test_k_beyond_the_catalogue(self, index: MoodIndex, sample: Sample) -> None:
        n = len(index)
        hits = index.search(sample.vectors[0], k=n + 5)
        assert hits.track_ids.shape == (1, n + 5)
        assert hits.counts.tolist() == [n]
        assert set(hits.track_ids[0, :n]) == set(index.track_ids)
        assert hits.track_ids[0, n:].tolist() == [None] * 5
        assert np.isnan(hits.scores[0, n:]).all()
        assert f"{n} tracks meet the conditions" in hits.explain()

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_below_one_is_refused(self, index: MoodIndex, sample: Sample, k: int) -> None:
        with pytest.raises(UsageError, match="1 or more"):
            index.search(sample.vectors[0], k=k)

    def test_the_only_row_that_passes_is_found(self, index: MoodIndex, sample: Sample) -> None:
        hits = index.search(-sample.vectors[:20], k=3, where="track_id = 't42'")
        assert hits.track_ids[:, 0].tolist() == ["t42"] * 20
        assert hits.counts.tolist() == [1] * 20

    def test_saving_and_opening_changes_no_answer(
        self, index: MoodIndex, sample: Sample, tmp_path: Path
    ) -> None:
        index.save(tmp_path / "index")
        opened = MoodIndex.open(tmp_path / "index")
        assert opened.info().kind == index.info().kind
        for conditions in SEARCHES:
            assert_same(
                index.search(sample.vectors[:9], **conditions),
                opened.search(sample.vectors[:9], **conditions),
            )
        opened.verify()

    def test_an_opened_index_is_changed_and_saved_again(self, sample: Sample, tmp_path: Path) -> None:
        self.build(sample).save(tmp_path / "index")
        removed = MoodIndex.open(tmp_path / "index")
        removed.remove(["t5", "t6"])
        removed.save(tmp_path / "index")
        grown = MoodIndex.open(tmp_path / "index")
        grown.verify()
        grown.add(sample.vectors[5:6], sample.table.slice(5, 1))
        grown.save(tmp_path / "index")
        MoodIndex.open(tmp_path / "index").save(tmp_path / "copy")
        for place in ("index", "copy"):
            opened = MoodIndex.open(tmp_path / place)
            opened.verify()
            assert len(opened) == 399
            assert opened.search(sample.vectors[5], k=1).track_ids.tolist() == [["t5"]]
            self.assert_near(
                opened.search(sample.vectors[:20], k=5), grown.search(sample.vectors[:20], k=5, exact=True)
            )

    def test_added_and_removed_rows_equal_a_rebuild(self, sample: Sample, tmp_path: Path) -> None:
        changed = self.build(sample.part(0, 250))
        changed.add(sample.vectors[250:], sample.table.slice(250))
        removed = [f"t{row}" for row in range(0, 400, 7)]
        changed.remove(removed)
        changed.save(tmp_path / "index")
        kept = np.flatnonzero(np.arange(400) % 7 != 0)
        rebuilt = self.build(Sample(sample.vectors[kept], sample.table.take(kept)))
        assert changed.track_ids == rebuilt.track_ids
        assert changed.frame.equals(rebuilt.frame)
        for conditions in SEARCHES:
            truth = rebuilt.search(sample.vectors[:30], exact=True, **conditions)
            for index in (changed, MoodIndex.open(tmp_path / "index")):
                assert_same(index.search(sample.vectors[:30], exact=True, **conditions), truth)
                self.assert_near(index.search(sample.vectors[:30], **conditions), truth)

    def test_removing_nearly_everything_builds_anew(self, sample: Sample) -> None:
        index = self.build(sample)
        index.remove(index.track_ids[5:])
        assert index.info().removed == 0
        assert index.search(sample.vectors[300], k=9).counts.tolist() == [5]
        index.remove(index.track_ids)
        assert len(index) == 0
        assert index.search(sample.vectors[0], k=2).track_ids.tolist() == [[None, None]]
        index.add(sample.vectors, sample.table)
        assert index.search(sample.vectors[3], k=1).track_ids.tolist() == [["t3"]]

    def test_a_removed_track_can_come_back(self, sample: Sample) -> None:
        index = self.build(sample)
        index.remove("t5")
        assert "t5" not in index.search(sample.vectors[5], k=20).track_ids
        with pytest.raises(NotFoundError, match="'t5'"):
            index.remove(["t6", "t5"])
        assert "t6" in index
        index.remove(["t5"], on_conflict="ignore")
        index.add(sample.vectors[5:6], sample.table.slice(5, 1))
        assert index.search(sample.vectors[5], k=1).track_ids.tolist() == [["t5"]]

    def test_ids_that_are_there_already(self, sample: Sample) -> None:
        index = self.build(sample)
        turned = sample.vectors[8:9] * -1
        with pytest.raises(DuplicateIdError, match="'t8'"):
            index.add(turned, sample.table.slice(8, 1))
        index.add(turned, sample.table.slice(8, 1), on_conflict="ignore")
        assert index.search(sample.vectors[8], k=1).track_ids[0, 0] == "t8"
        index.upsert(turned, sample.table.slice(8, 1))
        assert index.search(-sample.vectors[8], k=1).track_ids[0, 0] == "t8"
        assert len(index) == 400
        with pytest.raises(UsageError, match="'error' or 'ignore' or 'replace'"):
            index.add(turned, sample.table.slice(8, 1), on_conflict="update")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=r"'error' or 'ignore'$"):
            index.remove(["t8"], on_conflict="replace")  # type: ignore[arg-type]
        assert index.track_ids.count("t8") == 1

    def assert_near(self, hits: Hits, truth: Hits) -> None:
        """The same rows where the preset is exact, nearly the same where it is not, and as many."""
        assert hits.counts.tolist() == truth.counts.tolist()
        if self.exact:
            assert_same(hits, truth)
        else:
            assert recall(hits, truth) >= 0.95


def assert_same(hits: Hits, truth: Hits) -> None:
    assert hits.track_ids.tolist() == truth.track_ids.tolist()
    np.testing.assert_array_equal(hits.scores, truth.scores)


def recall(hits: Hits, truth: Hits) -> float:
    """Share of the true hits that were found, over all queries."""
    pairs = zip(hits.track_ids, truth.track_ids, strict=True)
    found = [len({*a} & {*b} - {None}) for a, b in pairs]
    return sum(found) / max(1, int(truth.counts.sum()))


def _by_definition(
    sample: Sample, query: np.ndarray, k: int, conditions: dict[str, Any]
) -> tuple[list[int], np.ndarray]:
    """The expected rows, in plain Python over a list of dicts, and the score of every row."""
    rows = sample.table.to_pylist()
    mood = conditions.get("mood", {})
    weight = conditions.get("mood_weight", 0.5) if mood else 0.0
    scores = np.array([[row[name] if row[name] is not None else np.nan for name in mood] for row in rows])
    total = (
        blend_scores(sample.vectors, query, scores, list(mood.values()), weight)
        if mood
        else blend_scores(sample.vectors, query, np.zeros((len(rows), 1)), [0.0], 0.0)
    )
    allowed = np.array([_allowed(row, conditions) for row in rows]) & ~np.isnan(total)
    ranked = best_rows(total, allowed, len(rows))
    limit = conditions.get("max_per_artist")
    return (cap_rows(ranked, _artists(rows), limit, k) if limit else ranked[:k]), total


def _artists(rows: Sequence[dict[str, Any]]) -> list[str | None]:
    return [row["artist"] for row in rows]


_WHERE: dict[str | None, Any] = {
    None: lambda row: True,
    "calm >= 0.3": lambda row: row["calm"] >= 0.3,
    "calm >= 0.5": lambda row: row["calm"] >= 0.5,
    "calm < 0.5": lambda row: row["calm"] < 0.5,
    "year BETWEEN 1970 AND 1990 AND genre = 'rock'": lambda row: (
        row["year"] is not None and 1970 <= row["year"] <= 1990 and "rock" in row["genre"]
    ),
    "artist IS NULL OR artist <> 'Artist 3'": lambda row: row["artist"] != "Artist 3",
}


def _allowed(row: dict[str, Any], conditions: dict[str, Any]) -> bool:
    banned = [artist.lower() for artist in conditions.get("exclude_artist", ())]
    return (
        _WHERE[conditions.get("where")](row)
        and row["track_id"] not in conditions.get("exclude", ())
        and row["track_id"] in conditions.get("only", [row["track_id"]])
        and (row["artist"] or "").lower() not in banned
    )
