"""Odd values for the arguments of what is done with an index, a library, a model, labels and players."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moodrec import Library, MoodIndex, MoodModel, Recommender
from moodrec.bulk.run import BulkOptions, embed_manifest
from moodrec.catalog.export import export_library
from moodrec.catalog.overview import files_of, track_report
from moodrec.catalog.seeds import resolve_seed
from moodrec.catalog.tag_moods import plan_mood_tags, plan_old_tags
from moodrec.catalog.vector_tables import read_vector_table
from moodrec.evaluation.retrieval import evaluate_neighbours
from moodrec.metrics import calibration, classification, retrieval, tagging
from moodrec.players.links import checked_name
from moodrec.players.subsonic import Login, SubsonicServer
from moodrec.recommend.adapters.lightfm import item_features
from moodrec.recommend.adapters.recbole import item_config, write_item_file
from moodrec.recommend.adapters.vectors import ItemVectors
from moodrec.recommend.find.find import find, understand
from moodrec.recommend.playlists.arc import arc
from moodrec.recommend.playlists.clusters import mood_clusters
from moodrec.recommend.playlists.files import write_playlist
from moodrec.recommend.playlists.fingerprint import fingerprint, fingerprint_playlist
from moodrec.recommend.playlists.history import read_plays
from moodrec.recommend.playlists.kinds import mix, path, radio
from moodrec.recommend.playlists.rules import Rules
from tests.library.tracks import MODEL, analysed, file_state
from tests.odd import faults

SAMPLE = Path(__file__).parents[1] / "indexes" / "open-game-music"
Calls = dict[str, tuple[Callable[..., object], dict[str, Any]]]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts may be taken for paths, where files are then written."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender.open(SAMPLE)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library.create(tmp_path / "library")
    with made.writer():
        made.register_model(MODEL)
        for name in ("dawn", "dusk"):
            made.acknowledge(MODEL, analysed(file_state(tmp_path / f"{name}.flac"), name))
    return made


def every_fault(calls: Calls, but: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with how the calls end; arguments in ``but`` are objects of moodrec's own."""
    found = []
    for name, (call, needed) in calls.items():
        fixed = {key: value for key, value in needed.items() if key in but}

        def bound(
            _call: Callable[..., object] = call, _fixed: dict[str, Any] = fixed, **given: Any
        ) -> object:
            return _call(**_fixed, **given)

        tried = {key: value for key, value in needed.items() if key not in but}
        found += faults(name, bound, tried, [])
    return found


def test_playlists(recommender: Recommender) -> None:
    ids = recommender.index.track_ids
    plays = pd.DataFrame({"track_id": ids[:3], "played_at": pd.Timestamp("2026-01-01", tz="UTC")})
    mood, rules = recommender.index.moods[0], Rules(n=3)
    calls: Calls = {
        "radio": (radio, {"seed": ids[0], "rules": Rules(n=3), "drift": 0.2, "where": f"{mood} > 0"}),
        "path": (path, {"start": ids[0], "end": ids[1], "rules": Rules(n=4), "options": None}),
        "mix": (mix, {"tracks": {ids[0]: 1.0}, "rules": Rules(n=3), "on_conflict": "error"}),
        "arc": (
            arc,
            {"start": {mood: 0.1}, "end": {mood: 0.9}, "rules": rules, "hold": None, "via": [(0.5, {mood: 0.3})]},
        ),
        "mood_clusters": (mood_clusters, {"k": 2, "rules": Rules(n=3), "moods": [mood]}),
        "fingerprint": (fingerprint, {"plays": plays, "half_life_days": 30.0, "now": None, "on_conflict": "error"}),
        "fingerprint_playlist": (
            fingerprint_playlist,
            {"of": fingerprint(recommender, plays), "rules": Rules(n=3)},
        ),
        "understand": (understand, {"text": "calm piano"}),
        "find": (find, {"sentence": understand(recommender, "calm"), "k": 3}),
    }  # fmt: skip
    given = {name: (call, {"recommender": recommender, **needed}) for name, (call, needed) in calls.items()}
    found = every_fault(given, ("recommender",))
    found += faults("Rules", Rules, {})
    assert not found, "\n".join(found)


def test_tables(recommender: Recommender, tmp_path: Path) -> None:
    index = recommender.index
    ids = index.track_ids[:3]
    (tmp_path / "plays.csv").write_text(f"track_id,played_at\n{ids[0]},2026-01-01\n")
    calls: Calls = {
        "write_playlist": (
            write_playlist,
            {"tracks": recommender.frame.head(2), "out": tmp_path / "x.m3u8", "title": "t", "relative": True},
        ),
        "read_plays": (read_plays, {"path": tmp_path / "plays.csv", "recommender": recommender}),
        "read_vector_table": (read_vector_table, {"path": tmp_path / "plays.csv", "embedding": "embedding"}),
        "resolve_seed": (resolve_seed, {"frame": recommender.frame, "seed": "x", "files": True}),
        "item_features": (item_features, {"index": index, "item_ids": ids, "identity": True, "on_conflict": "error"}),
        "write_item_file": (
            write_item_file,
            {"index": index, "out": tmp_path / "x.item", "item_ids": ids, "moods": None},
        ),
        "item_config": (item_config, {"index": index, "moods": None}),
        "ItemVectors.of": (ItemVectors.of, {"source": index, "item_ids": ids, "on_conflict": "error"}),
        "ItemVectors.from_arrays": (ItemVectors.from_arrays, {"item_ids": ids, "vectors": index.vectors(ids)}),
    }  # fmt: skip
    found = every_fault(calls, ("recommender", "index", "frame", "source"))
    assert not found, "\n".join(found)


def test_libraries(library: Library, tmp_path: Path) -> None:
    ids = list(library.frame()["track_id"])
    calls: Calls = {
        "open": (Library.open, {"path": tmp_path / "library"}),
        "create": (Library.create, {"path": tmp_path / "library"}),
        "formats": (Library.formats, {"path": tmp_path / "library"}),
        "open_or_empty": (Library.open_or_empty, {"path": tmp_path / "nothing"}),
        "Recommender.open": (Recommender.open, {"path": tmp_path / "library", "model": None}),
        "MoodIndex.open": (MoodIndex.open, {"path": SAMPLE}),
        "MoodModel.load": (MoodModel.load, {"path": "nothing", "device": "cpu", "trusted": (), "engine": "auto"}),
        "files": (library.files, {"model_fingerprint": None}),
        "model": (library.model, {"fingerprint": None}),
        "waiting": (library.waiting, {"fingerprint": "x"}),
        "snapshot": (library.snapshot, {"model_fingerprint": None, "only": ids}),
        "find_vectors": (library.find_vectors, {"model_fingerprint": "x", "audio_fingerprint": "y"}),
        "labels": (library.labels, {"history": False}),
        "last_run": (library.last_run, {"model_fingerprint": "x"}),
        "back_up": (library.back_up, {"out": tmp_path / "b.sqlite"}),
        "promote": (library.promote, {"model_fingerprint": MODEL.fingerprint}),
        "label": (library.label, {"track": ids[0], "moods": {"calm": 1.0}, "by": None}),
        "prune": (library.prune, {"gone": False, "old_models": False}),
        "plan_mood_tags": (
            plan_mood_tags,
            {"library": library, "threshold": 0.8, "replace_mood": False, "within": None},
        ),
        "plan_old_tags": (plan_old_tags, {"library": library, "within": None}),
        "files_of": (files_of, {"library": library, "outcome": None, "gone": False}),
        "track_report": (track_report, {"library": library, "seed": "dawn"}),
        "export": (export_library, {"library": library, "out": tmp_path / "x.csv", "model_fingerprint": None}),
    }  # fmt: skip
    with library.writer():
        found = every_fault(calls, ("library",))
    assert not found, "\n".join(found)


def test_a_model(tmp_path: Path) -> None:
    model = MoodModel.load()
    sound = np.random.default_rng(0).normal(size=16_000).astype(np.float32) * 0.1
    calls: Calls = {
        "analyze_waveform": (
            model.analyze_waveform,
            {"waveform": sound, "sample_rate": 16_000, "axis": None},
        ),
        "analyze_windows": (
            model.analyze_windows,
            {"windows": np.zeros((1, model.window_samples), np.float32)},
        ),
        "analyze": (model.analyze, {"path": tmp_path / "nothing.flac", "limits": None}),
        "predict_targets": (model.predict_targets, {"path": tmp_path / "nothing.flac"}),
    }
    found = every_fault(calls)
    assert not found, "\n".join(found)


def test_metrics() -> None:
    labels, scores = np.array([0, 1, 1]), np.array([0.1, 0.5, 0.3])
    many = {"y_true": labels[:, None], "y_score": scores[:, None]}
    relevance = {"relevance": np.eye(3), "scores": np.eye(3), "k": 2, "candidates": None}
    calls: Calls = {
        "average_precision": (tagging.average_precision, {"y_true": labels, "y_score": scores}),
        "roc_auc": (tagging.roc_auc, {"y_true": labels, "y_score": scores}),
        "chance": (tagging.chance_average_precision, {"positives": 1, "n": 2}),
        "per_tag": (tagging.average_precision_per_tag, many),
        "macro": (tagging.macro_roc_auc, many),
        "macro_f1": (classification.macro_f1, {"y_true": labels, "y_pred": labels}),
        "precision": (retrieval.precision_at_k, relevance),
        "recall": (retrieval.recall_at_k, relevance),
        "ndcg": (retrieval.ndcg_at_k, relevance),
        "overlap": (retrieval.overlap_at_k, {"found": [[1, 2]], "truth": [[2, 3]]}),
        "fit_platt": (calibration.fit_platt, {"logits": scores, "labels": labels}),
        "quantiles": (calibration.quantile_table, {"values": scores, "n": 5}),
        "percentile": (calibration.percentile, {"values": scores, "table": scores}),
        "reliability": (calibration.reliability, {"probabilities": scores, "labels": labels, "bins": 3}),
        "evaluate_neighbours": (
            evaluate_neighbours,
            {"embeddings": np.eye(4), "labels": list("aabb"), "groups": list("wxyz"), "k": 1, "spaces": None},
        ),
    }
    found = every_fault(calls)
    assert not found, "\n".join(found)


def test_players() -> None:
    calls: Calls = {
        "name": (checked_name, {"name": "navidrome"}),
        "login": (Login, {"user": "me", "password": None, "api_key": "k"}),
        "server": (lambda url: SubsonicServer(url, Login("me", api_key="k")), {"url": "http://127.0.0.1:1"}),
    }
    found = every_fault(calls)
    assert not found, "\n".join(found)


def test_bulk(tmp_path: Path) -> None:
    calls: Calls = {
        "manifest": (
            embed_manifest,
            {
                "manifest": str(tmp_path / "no.parquet"),
                "out": str(tmp_path / "out"),
                "model": None,
                "options": None,
            },
        ),
        "options": (
            lambda **given: BulkOptions(**given).check(),
            dict.fromkeys(
                ["engine", "device", "jobs", "models", "rows_per_part", "rows_per_block", "timeout_s"]
            ),
        ),
    }
    found = every_fault(calls)
    assert not found, "\n".join(found)
