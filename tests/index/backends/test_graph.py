"""The graph of the ``hnsw`` preset ranks by sound and mood together, and opens what earlier versions saved.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moodrec import MoodIndex
from moodrec.errors import CorruptStoreError
from moodrec.index.backends.base import Facts
from moodrec.index.backends.hnsw import HnswBackend
from moodrec.index.presets import load_preset
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.index.runtime import faiss
from moodrec.index.search.completed import completed, completed_query
from moodrec.typing import Float32Array, Vectors

MOODS = ("calm", "dark", "happy")
N, DIM, K = 6000, 24, 20
CONFIG = load_preset("hnsw").model_copy(update={"exact_rows": 0, "ef_search": 80})


def tracks(n: int = N, seed: int = 0) -> tuple[Vectors, pa.Table]:
    """Clusters of tracks; moods follow from the vectors, with noise."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((60, DIM))
    vectors = (centres[rng.integers(0, 60, n)] + 0.7 * rng.standard_normal((n, DIM))).astype(np.float32)
    linear = vectors @ np.random.default_rng(8).standard_normal((DIM, len(MOODS))).astype(np.float32)
    linear += rng.standard_normal(linear.shape).astype(np.float32)
    scores = (1 / (1 + np.exp(-linear / linear.std()))).astype(np.float32)
    table = {"track_id": [f"t{seed}-{i}" for i in range(n)], "year": rng.integers(1960, 2020, n)}
    return vectors, pa.table(table | {mood: scores[:, j] for j, mood in enumerate(MOODS)})


@pytest.fixture(scope="module")
def index() -> MoodIndex:
    return MoodIndex.build(*tracks(), MOODS, CONFIG)


def recall(index: MoodIndex, queries: Float32Array, **options: object) -> tuple[float, set[str]]:
    """The share of the exact 20 best that searches find, and the paths that they took."""
    found, paths = [], set()
    for query in queries:
        hits, exact = (index.search(query, k=K, exact=way, **options) for way in (False, True))  # type: ignore[arg-type]
        found.append(len(set(hits.track_ids[0]) & set(exact.track_ids[0])) / K)
        np.testing.assert_array_equal(np.sort(hits.scores[0])[::-1], hits.scores[0])
        paths.add(hits.explanation.path)
    return float(np.mean(found)), paths


@pytest.mark.parametrize("mood", [{}, {"calm": 0.9}, {"calm": 0.1, "happy": 0.8}])
@pytest.mark.parametrize("weight", [0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.94])
def test_the_graph_finds_the_best_blends_at_every_weight(
    index: MoodIndex, mood: dict[str, float], weight: float
) -> None:
    queries, _ = tracks(25, seed=1)
    found, paths = recall(index, queries, **({"mood": mood, "mood_weight": weight} if mood else {}))
    assert found >= 0.97
    assert paths == {"hnsw"}


def test_without_its_last_number_a_completed_vector_is_hard_to_find(index: MoodIndex) -> None:
    """Norms that differ make hubs, which a search does not leave; the graph of the index has one norm."""
    segment, (queries, _) = index._catalogue.base.segment, tracks(25, seed=1)
    whole = completed(segment.vectors, segment.mood_scores(MOODS))
    found = {}
    for name, stored in {"raw": np.ascontiguousarray(whole[:, :-1]), "completed": whole}.items():
        graph = faiss.IndexHNSWFlat(stored.shape[1], CONFIG.links, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction, graph.hnsw.efSearch = CONFIG.ef_construction, CONFIG.ef_search
        graph.add(stored)
        asked = np.stack([completed_query(one, MOODS, {"calm": 0.9}, 0.5) for one in unit_rows(queries)])
        best = np.argsort(-(asked @ whole.T), axis=1)[:, :K]
        _, rows = graph.search(np.ascontiguousarray(asked[:, : stored.shape[1]]), K)
        found[name] = np.mean([len(set(a) & set(b)) / K for a, b in zip(best, rows, strict=True)])
    assert found["raw"] < 0.85
    assert found["completed"] > 0.97


def test_where_the_moods_decide_nearly_alone_all_rows_are_compared(index: MoodIndex) -> None:
    queries, _ = tracks(5, seed=1)
    for weight in (0.95, 1.0):
        assert recall(index, queries, mood={"dark": 1.0}, mood_weight=weight) == (1.0, {"exact"})


def test_a_filter_or_an_unknown_score_leads_to_a_scan(index: MoodIndex) -> None:
    queries, _ = tracks(5, seed=1)
    assert recall(index, queries, mood={"dark": 1.0}, where="year < 1990") == (1.0, {"exact"})
    vectors, table = tracks(500)
    gaps = pa.array([None if i % 5 == 0 else 0.5 for i in range(500)], pa.float32())
    some = MoodIndex.build(vectors, table.set_column(2, "calm", gaps), MOODS, CONFIG)
    assert recall(some, queries, mood={"calm": 0.5}) == (1.0, {"exact"})
    assert recall(some, queries, mood={"dark": 0.5})[1] == {"hnsw"}


def test_queries_of_one_call_have_targets_and_weights_of_their_own(index: MoodIndex) -> None:
    queries, _ = tracks(3, seed=1)
    mood, weights = {"calm": [0.0, 0.5, 1.0]}, [0.1, 0.5, 0.8]
    together = index.search(queries, k=K, mood=mood, mood_weight=weights)
    for i, query in enumerate(queries):
        own = {"calm": mood["calm"][i]}
        alone = index.search(query, k=K, mood=own, mood_weight=weights[i], exact=True)
        assert len(set(together.track_ids[i]) & set(alone.track_ids[0])) >= K - 1


def test_tracks_that_are_added_join_the_graph_with_their_moods(tmp_path: Path) -> None:
    index = MoodIndex.build(*tracks(2000), MOODS, CONFIG)
    index.add(*tracks(900, seed=2))
    index.save(tmp_path / "index")
    opened, queries = MoodIndex.open(tmp_path / "index"), tracks(20, seed=1)[0]
    assert opened._snapshot.catalogue.tail is None
    for one in (index, opened):
        found, paths = recall(one, queries, mood={"calm": 0.9, "dark": 0.2}, mood_weight=0.6)
        assert found >= 0.97
        assert paths == {"hnsw"}
    late = opened.search(tracks(900, seed=2)[0][5], k=1, mood={"calm": 0.5}, mood_weight=0.1)
    assert late.track_ids[0, 0] == "t2-5"


def as_saved_before(index: MoodIndex, path: Path) -> MoodIndex:
    """Save an index as earlier versions did: with a graph over the embeddings alone, and no fact about it."""
    snapshot = index._snapshot
    plain = replace(snapshot.catalogue.base.segment, moods=())
    older = replace(snapshot, backend=HnswBackend.build(plain, CONFIG))
    MoodIndex(older).save(path)
    return MoodIndex.open(path)


def test_an_index_of_an_earlier_version_opens_and_scans_for_moods(tmp_path: Path) -> None:
    opened = as_saved_before(MoodIndex.build(*tracks(2000), MOODS, CONFIG), tmp_path / "old")
    backend, queries = opened._snapshot.backend, tracks(10, seed=1)[0]
    assert isinstance(backend, HnswBackend)
    assert (backend.index.d, backend.moods) == (DIM, ())
    assert recall(opened, queries)[1] == {"hnsw"}
    assert recall(opened, queries, mood={"calm": 0.9}) == (1.0, {"exact"})
    opened.add(*tracks(700, seed=2))
    opened.save(tmp_path / "old")
    again = MoodIndex.open(tmp_path / "old")
    assert recall(again, queries, mood={"calm": 0.9}) == (1.0, {"exact"})
    again.remove(again.track_ids[:1])
    again.compact()
    assert recall(again, queries, mood={"calm": 0.9})[1] == {"hnsw"}


def test_a_fact_that_does_not_fit_the_graph_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = MoodIndex.build(*tracks(300), MOODS, CONFIG)
    save = HnswBackend.save

    def without_fact(self: HnswBackend, folder: Path) -> Facts:
        save(self, folder)
        return {}

    monkeypatch.setattr(HnswBackend, "save", without_fact)
    index.save(tmp_path / "index")
    with pytest.raises(CorruptStoreError, match="does not fit the vectors"):
        MoodIndex.open(tmp_path / "index")


def test_without_moods_the_graph_is_over_the_embeddings() -> None:
    vectors, table = tracks(300)
    backend = MoodIndex.build(vectors, table, (), CONFIG)._snapshot.backend
    assert isinstance(backend, HnswBackend)
    assert backend.index.d == DIM
