"""What the index of every engine must do: answer as the exact search of one machine does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.engines.base import EngineIndex
from moodrec.engines.memory import one_reading
from moodrec.errors import DataError, DuplicateIdError, FilterError, NotFoundError, UsageError
from moodrec.filters.columns import ColumnTable, row_mask
from moodrec.filters.conditions import Condition
from moodrec.index.mood_index import MoodIndex
from tests.catalogues import MOODS, Sample, sample_catalogue
from tests.contracts import SEARCHES

MORE: list[dict[str, Any]] = [
    {"distinct": True},
    {"diversity": 0.4},
    {"max_per_artist": 1, "distinct": True, "where": "title LIKE 'Title 1%'"},
    {"where": "pct(calm) >= 0.7 AND year > 1980"},
    {"where": "genre = 'rock' OR year IS NULL"},
    {"where": "genre <> 'rock'"},
    {"where": "calm > happy"},
    {"exact": True, "where": "title ILIKE '%LE 3%'"},
]


Build = Callable[[Sample, str], EngineIndex]
"""Builds a catalogue of a sample under a name."""


def with_ids(table: pa.Table) -> pa.Table:
    """A track table of rows that have no ids yet."""
    return table.append_column("track_id", pa.array([f"t{row}" for row in range(len(table))]))


def assert_same_rows(index: EngineIndex, table: pa.Table, condition: Condition) -> None:
    """Compare the rows for which a condition is TRUE with those on one machine."""
    expected = [f"t{row}" for row in np.flatnonzero(row_mask(condition, ColumnTable(table)))]
    assert index.matching(condition)["track_id"].to_pylist() == expected, str(condition)


class EngineContract:
    """Subclass it and give it a fixture ``build`` of the class's scope that is a :data:`Build` of the engine."""

    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls) -> Sample:
        return sample_catalogue()

    @pytest.fixture(scope="class")
    @classmethod
    def truth(cls, sample: Sample) -> MoodIndex:
        return MoodIndex.build(sample.vectors, sample.table, MOODS, "flat")

    @pytest.fixture(scope="class")
    @classmethod
    def index(cls, sample: Sample, build: Build) -> Iterator[EngineIndex]:
        with build(sample, "whole") as index:
            yield index

    @pytest.fixture
    def changed(self, sample: Sample, build: Build) -> Iterator[EngineIndex]:
        with build(sample.part(0, 300), "changed") as index:
            yield index

    @pytest.mark.parametrize("conditions", [*SEARCHES, *MORE], ids=str)
    def test_answers_are_those_of_an_exact_search(
        self, index: EngineIndex, truth: MoodIndex, sample: Sample, conditions: dict[str, Any]
    ) -> None:
        expected = truth.search(sample.vectors[:3], 10, **conditions)
        found = index.search(sample.vectors[:3], 10, **conditions)
        assert found.track_ids.tolist() == expected.track_ids.tolist()
        np.testing.assert_array_equal(found.scores, expected.scores)
        for name in ("rows", "passed", "dropped", "shortfall", "queries"):
            assert getattr(found.explanation, name) == getattr(expected.explanation, name), name

    @pytest.mark.parametrize(
        "conditions",
        [
            {"where": "year > 2010", "max_per_artist": 1, "distinct": True},
            {"only": ["t1", "t2", "t3"], "exclude": ["t1", "nobody"]},
            {"only": ["t7", "t9"], "exclude_artist": ["Artist 3", "artist 12"]},
            {"exclude": [f"t{row}" for row in range(330)], "mood": {"happy": 0.4}},
        ],
        ids=str,
    )
    def test_too_few_are_explained_alike(
        self, index: EngineIndex, truth: MoodIndex, conditions: dict[str, Any]
    ) -> None:
        found, expected = (one.similar_to(["t7", "t200"], 80, **conditions) for one in (index, truth))
        assert found.track_ids.tolist() == expected.track_ids.tolist()
        assert expected.explanation.shortfall
        assert found.explanation.shortfall == expected.explanation.shortfall
        assert found.explanation.dropped == expected.explanation.dropped
        assert found.explanation.passed == expected.explanation.passed

    def test_neighbours_of_tracks_and_mixtures(self, index: EngineIndex, truth: MoodIndex) -> None:
        for options in ({}, {"distinct": True}, {"max_per_artist": 1}):
            found, expected = (one.similar_to(["t7", "t3"], 6, **options) for one in (index, truth))
            assert found.track_ids.tolist() == expected.track_ids.tolist()
        mixed = [one.similar_to_mix({"t1": 1.0, "t9": -0.2}, 6).track_ids.tolist() for one in (index, truth)]
        assert mixed[0] == mixed[1]
        with pytest.raises(NotFoundError, match="'nobody'"):
            index.similar_to(["t1", "nobody"])

    def test_what_is_stored_comes_back(self, index: EngineIndex, truth: MoodIndex) -> None:
        assert len(index) == 400
        assert index.track_ids == truth.track_ids
        assert index.table.equals(truth.table)
        assert index.rows(["t5", "t2"]).equals(truth.rows(["t5", "t2"]))
        assert index.matching("year > 2000").equals(truth.matching("year > 2000"))
        np.testing.assert_array_equal(index.vectors(["t8", "t1"]), truth.vectors(["t8", "t1"]))
        assert "t1" in index
        assert "nobody" not in index
        assert index.moods == MOODS
        assert index.info().tracks == 400

    def test_more_candidates_where_a_cap_drops_the_first(self, build: Build) -> None:
        """The hundred tracks nearest to the query are by one artist."""
        angles = np.linspace(0, 1, 130)
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        artists = ["One"] * 100 + [f"Other {row}" for row in range(30)]
        scores = pa.array([0.5] * 130, pa.float32())
        table = pa.table(
            {
                "track_id": [f"t{row}" for row in range(130)],
                "artist": artists,
                "calm": scores,
                "happy": scores,
            }
        )
        with build(Sample(vectors, table), "capped") as index:
            hits = index.search(vectors[0], 10, max_per_artist=1)
            assert hits.track_ids[0].tolist() == ["t0", *(f"t{row}" for row in range(100, 109))]

    def test_fewer_than_k(self, index: EngineIndex, sample: Sample) -> None:
        hits = index.search(sample.vectors[0], 5, where="track_id = 't42'")
        assert hits.track_ids.tolist() == [["t42", None, None, None, None]]
        assert np.isnan(hits.scores[0, 1:]).all()
        assert "1 tracks meet the conditions" in hits.explain()
        assert index.search(sample.vectors[0], 405).counts.tolist() == [400]

    @pytest.mark.parametrize(
        ("conditions", "error", "message"),
        [
            ({"where": "tempo > 3"}, FilterError, "unknown column tempo"),
            ({"where": "artist > 3"}, FilterError, "single quotes"),
            ({"where": "calm LIKE 'x'"}, FilterError, "numbers"),
            ({"where": "genre < 'x'"}, FilterError, "lists"),
            ({"mood": {"sleepy": 1}}, UsageError, "unknown mood 'sleepy'"),
            ({"max_per_album": 2}, UsageError, "needs a column 'album'"),
        ],
    )
    def test_what_cannot_be_asked(
        self,
        index: EngineIndex,
        sample: Sample,
        conditions: dict[str, Any],
        error: type[Exception],
        message: str,
    ) -> None:
        with pytest.raises(error, match=message):
            index.search(sample.vectors[0], **conditions)

    def test_changes(self, changed: EngineIndex, sample: Sample) -> None:
        truth = MoodIndex.build(sample.vectors[:300], sample.table.slice(0, 300), MOODS, "flat")
        for index in (changed, truth):
            index.add(sample.vectors[300:], sample.table.slice(300))
            index.remove([f"t{row}" for row in range(0, 400, 7)])
            index.upsert(-sample.vectors[8:10], sample.table.slice(8, 2))
            index.add(sample.vectors[10:11], sample.table.slice(10, 1), on_conflict="ignore")
            index.remove(["t0", "t10"], on_conflict="ignore")
        assert changed.track_ids == truth.track_ids
        for conditions in SEARCHES:
            found, expected = (one.search(sample.vectors[:3], **conditions) for one in (changed, truth))
            assert found.track_ids.tolist() == expected.track_ids.tolist()
        with pytest.raises(DuplicateIdError, match="'t8'"):
            changed.add(sample.vectors[8:9], sample.table.slice(8, 1))
        with pytest.raises(NotFoundError, match="'t0'"):
            changed.remove(["t1", "t0"])
        assert "t1" in changed

    def test_columns_that_are_new_or_do_not_fit(self, changed: EngineIndex, sample: Sample) -> None:
        new = sample.table.slice(300, 2).append_column("label", pa.array(["a", "b"]))
        changed.add(sample.vectors[300:302], new)
        assert changed.matching("label = 'b'")["track_id"].to_pylist() == ["t301"]
        assert len(changed.matching("label IS NULL")) == 300
        wrong = sample.table.slice(302, 1)
        wrong = wrong.set_column(wrong.column_names.index("year"), "year", pa.array(["1999"]))
        with pytest.raises(DataError, match="'year'"):
            changed.add(sample.vectors[302:303], wrong)
        assert "t302" not in changed

    def test_columns_cosines_and_copies(self, index: EngineIndex, truth: MoodIndex) -> None:
        for names in (["calm", "track_id", "no such"], ["genre"]):
            assert index.columns(names).equals(truth.columns(names))
        for names in (["title"], ["year", "track_id"]):
            found, expected = (one.matching("year > 2000", columns=names) for one in (index, truth))
            assert found.equals(expected)
            assert index.rows(["t9", "t4"], names).equals(truth.rows(["t9", "t4"], names))
        with pytest.raises(UsageError, match="no such column"):
            index.matching("year > 2000", columns=["titel"])
        pairs = (["t1", "t2", "t1"], ["t3", "t2", "t9"])
        np.testing.assert_array_equal(index.cosines(*pairs), truth.cosines(*pairs))
        unknown = index.cosines(["t1", "nobody"], ["t1", "t1"], on_conflict="ignore")
        assert np.isnan(unknown).tolist() == [False, True]
        others = [f"t{row}" for row in range(40)]
        for seed in ("t0", "t7"):
            found, expected = (one.same_recording(seed, others) for one in (index, truth))
            assert found.tolist() == expected.tolist()
        with pytest.raises(NotFoundError, match="'nobody'"):
            index.cosines(["t1"], ["nobody"])
        with pytest.raises(NotFoundError, match="'nobody'"):
            index.same_recording("t1", ["nobody"])

    def test_a_snapshot_keeps_what_belongs_to_all_tracks(self, changed: EngineIndex, sample: Sample) -> None:
        pinned = changed.snapshot()
        assert pinned is changed.snapshot() is pinned.snapshot()
        assert pinned.saved_as == changed.saved_as
        with pytest.raises(UsageError, match="snapshot"):
            pinned.add(sample.vectors[300:301], sample.table.slice(300, 1))
        with pytest.raises(UsageError, match="snapshot"):
            pinned.remove(["t1"])
        with pytest.raises(UsageError, match="snapshot"):
            pinned.refresh()
        new = sample.table.slice(300, 1).append_column("label", pa.array(["a"]))
        changed.add(sample.vectors[300:301], new)
        assert "label" not in pinned.column_names
        assert changed.snapshot().column_names[-1] == "label"
        assert pinned.search(sample.vectors[300], 1).track_ids.tolist() == [["t300"]]

    def test_one_reading_keeps_the_tracks_that_it_has_met(
        self, build: Build, sample: Sample, reader: Callable[[str], EngineIndex]
    ) -> None:
        with build(sample.part(0, 60), "reading") as writer, reader("reading") as other:
            with one_reading():
                hits = other.similar_to("t5", 12).track_ids[0].tolist()
                rows, vectors = writer.rows([*hits, "t5"]), writer.vectors([*hits, "t5"])
                left = [f"t{row}" for row in range(60) if f"t{row}" not in hits]
                writer.remove(["t5", *hits])
                assert other.rows([*hits, "t5"]).equals(rows)
                assert other.rows(["t5", hits[0]], ["year"]).equals(rows.take([12, 0]).select(["year"]))
                np.testing.assert_array_equal(other.vectors([*hits, "t5"]), vectors)
                assert other.contains([*hits, "t5", "nobody"]).tolist() == [True] * 13 + [False]
                assert "t5" in other
                assert len(other.cosines(["t5"], left[:1])) == len(other.same_recording("t5", left[:1])) == 1
                assert other.rows([left[0], "t5"])["track_id"].to_pylist() == [left[0], "t5"]
                # What comes after is not what was met: searches find the tracks that are there.
                assert not set(other.search(vectors[-1], 12).track_ids[0]) & {"t5", *hits}
                with pytest.raises(NotFoundError, match="'nobody'"):
                    other.rows(["t5", "nobody"])
            with pytest.raises(NotFoundError, match="'t5'"):
                other.rows([left[0], "t5"])
            assert "t5" not in other

    def test_every_change_is_another_version_for_all(
        self, build: Build, sample: Sample, reader: Callable[[str], EngineIndex]
    ) -> None:
        with build(sample.part(0, 50), "versions") as writer, reader("versions") as other:
            seen = [other.saved_as]
            changes: list[Callable[[], None]] = [
                lambda: writer.add(sample.vectors[50:51], sample.table.slice(50, 1)),
                lambda: writer.upsert(sample.vectors[51:52], sample.table.slice(50, 1)),
                lambda: writer.remove(["t3"]),
            ]
            for change in changes:
                assert not other.refresh()
                change()
                assert other.refresh()
                seen.append(other.saved_as)
                assert writer.saved_as == other.saved_as
            with build(sample.part(0, 50), "versions"):
                assert other.refresh()
                seen.append(other.saved_as)
            assert len(set(seen)) == 5
