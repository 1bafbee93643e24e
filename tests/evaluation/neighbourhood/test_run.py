"""The benchmark from files to its result and its picture, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.data.labels import LabelTable
from moodrec.errors import DataError, UsageError
from moodrec.evaluation.evaluate import BootstrapOptions
from moodrec.evaluation.neighbourhood.gallery import gallery_of, read_run
from moodrec.evaluation.neighbourhood.report import BenchmarkReport
from moodrec.evaluation.neighbourhood.run import CEILING, packaged_moods, run_benchmark
from moodrec.plots.trade_off import trade_off
from tests.cli.commands import run, run_json

N = 80
OPTIONS = BootstrapOptions(n_resamples=50)


def labels(seed: int = 0) -> LabelTable:
    """Tracks with quadrants, words, genres and artists."""
    rng = np.random.default_rng(seed)
    quadrant = rng.integers(0, 4, N)
    artists = [f"Artist {i}" for i in rng.integers(0, 25, N)]
    columns: dict[str, list[Any]] = {
        "track_id": [f"s{i}" for i in range(N)],
        "artist": artists,
        "group": artists,
        "genre": [["rock"] if q < 2 else ["jazz", "folk"] for q in quadrant],
    }
    targets = {f"mood4q:q{q + 1}": (quadrant == q).astype(np.float32) for q in range(4)}
    targets |= {
        "mood4q:valence": np.isin(quadrant, (0, 3)).astype(np.float32),
        "mood4q:arousal": (quadrant < 2).astype(np.float32),
    }
    for word in ("gloomy", "bleak", "ominous", "menacing", "brooding"):
        targets[f"mood4q:word:{word}"] = (rng.random(N) < 0.2 + 0.3 * (quadrant == 2)).astype(np.float32)
    return LabelTable.build("mood4q", columns, targets)


def system(path: Path, table: LabelTable, noise: float, seed: int = 1) -> Path:
    """Embeddings and probabilities that follow the labels, the more the less noise there is."""
    rng = np.random.default_rng(seed)
    truth = table.targets.to_numpy(np.float64)
    vectors = truth[:, :4] + noise * rng.standard_normal((N, 4))
    found = np.clip(0.2 + 0.6 * truth + 0.3 * noise * rng.standard_normal(truth.shape), 0.01, 0.99)
    columns = dict(zip(table.targets.columns, found.T, strict=True))
    embedding = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 4)
    ids = [f"mood4q/{track_id}" for track_id in table.tracks["track_id"]]
    pq.write_table(pa.table({"track_id": ids, **columns, "embedding": embedding}), path)
    return path


def test_a_better_system_is_better_in_every_figure(tmp_path: Path) -> None:
    table = labels()
    files = {
        "good": [system(tmp_path / "a.parquet", table, 0.4)],
        "poor": [system(tmp_path / "b.parquet", table, 3.0)],
    }
    report = run_benchmark(table, files, options=OPTIONS)
    systems = report.systems
    assert list(systems) == ["good", "poor", "random", "metadata", CEILING]
    for name in ("quadrant_p", "quadrant_ndcg", "word_jaccard", "filter_satisfaction"):
        good, poor = (systems[who].figures[name].value for who in ("good", "poor"))
        assert good > poor
        found = systems["poor"].differences[name]
        assert found.value == pytest.approx(good - poor)
        assert found.low <= found.value <= found.high
    errors = [systems[who].figures["target_error"].value for who in (CEILING, "good", "random")]
    assert errors == sorted(errors)
    curve = systems["good"].curve
    assert [point.weight for point in curve] == [round(0.1 * i, 1) for i in range(11)]
    assert curve[-1].error < curve[0].error
    assert curve[-1].cosine < curve[0].cosine
    assert systems["good"].figures["error_left"].value == pytest.approx(curve[5].error / curve[0].error)
    precision = {who: systems[who].figures["quadrant_p"].value for who in ("metadata", "random")}
    assert precision["metadata"] > precision["random"]
    text = json.dumps(report.document(), allow_nan=False)
    assert BenchmarkReport.from_document(json.loads(text)) == report
    trade_off(report, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


def test_seeds_are_averaged(tmp_path: Path) -> None:
    table = labels()
    files = [system(tmp_path / f"{seed}.parquet", table, 1.0, seed) for seed in (1, 2)]
    single = [run_benchmark(table, {"x": [file]}, (), options=OPTIONS) for file in files]
    both = run_benchmark(table, {"x": files}, (), options=OPTIONS)
    values = [one.systems["x"].figures["quadrant_p"].value for one in (*single, both)]
    assert values[2] == pytest.approx((values[0] + values[1]) / 2)


def test_moods_are_read_from_their_targets() -> None:
    gallery = gallery_of(labels(), packaged_moods())
    assert set(gallery.human) == {"valence", "arousal", "happy", "tense", "sad", "calm", "dark", "gloomy"}
    table = labels()
    words = table.targets[[c for c in table.targets if ":word:" in str(c)]].max(axis=1)
    np.testing.assert_array_equal(gallery.human["dark"], words)
    emopia = LabelTable.build(
        "emopia",
        {"track_id": ["a", "b"]},
        {f"emopia:q{q}": np.array([q == 1, q == 4], np.float32) for q in (1, 2, 3, 4)},
    )
    assert gallery_of(emopia, packaged_moods()).human["calm"].tolist() == [0, 1]


def test_shares_of_listeners_count_as_percentiles() -> None:
    shares = np.linspace(0, 0.5, 9, dtype=np.float32)
    table = LabelTable.build(
        "emotify",
        {"track_id": list("abcdefghi")},
        {"emotify:tenderness": shares, "emotify:power": shares[::-1]},
    )
    gallery = gallery_of(table, packaged_moods())
    assert gallery.human["tender"][0] < 0.1
    assert gallery.human["tender"][-1] > 0.9
    assert gallery.present["tender"].sum() == 3


def test_refused(tmp_path: Path) -> None:
    table = labels()
    file = system(tmp_path / "a.parquet", table, 1.0)
    with pytest.raises(UsageError, match="at least one system"):
        run_benchmark(table, {})
    with pytest.raises(UsageError, match="no such built-in system: mfcc"):
        run_benchmark(table, {"x": [file]}, ("mfcc",))
    pq.write_table(pq.read_table(file).slice(5), tmp_path / "part.parquet")
    gallery = gallery_of(table, packaged_moods())
    with pytest.raises(DataError, match="lacks 5 tracks"):
        read_run(tmp_path / "part.parquet", gallery, packaged_moods())
    with pytest.raises(DataError, match="cannot be read"):
        read_run(tmp_path / "none.parquet", gallery, packaged_moods())
    run("benchmark", "retrieval", "--data", "mood4q", "--system", "x", "--root", tmp_path, code=1)


def test_the_command_on_real_labels(shared_data: Path) -> None:
    """The frozen baseline that is committed, with few resamples."""
    file = Path(__file__).parents[3] / "benchmarks" / "results" / "frozen-musicnn-out-of-fold.parquet"
    options = (
        "--data",
        "mood4q",
        "--root",
        shared_data / "mood4q",
        "--resamples",
        20,
        "-s",
        f"frozen={file}",
    )
    result = run_json("benchmark", "retrieval", *options, "--baseline", "random")
    figures = result["systems"]["frozen"]["figures"]
    assert figures["quadrant_p"]["value"] == pytest.approx(0.481, abs=0.002)
    assert set(result["systems"]) == {"frozen", "random", CEILING}
