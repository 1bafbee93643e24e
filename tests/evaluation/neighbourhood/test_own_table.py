"""The retrieval benchmark on tables of one's own, with whatever labels they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.data.sources import load_source
from moodrec.evaluation.neighbourhood.gallery import gallery_of, read_run
from moodrec.evaluation.neighbourhood.measures import Measures
from moodrec.evaluation.neighbourhood.moods import moods_of
from tests.cli.commands import run, run_json

N = 60


def write(folder: Path, *left_out: str) -> tuple[Path, Path]:
    """Labels of sixty tracks, without some of the columns, and a system that follows them closely."""
    rng = np.random.default_rng(0)
    quadrant = rng.integers(0, 4, N)
    columns: dict[str, Any] = {
        "track_id": [f"s{i}" for i in range(N)],
        "artist": [f"Artist {i // 3}" for i in range(N)],
        "genre": ["rock" if q < 2 else "jazz" for q in quadrant],
        "quadrant": [f"Q{q + 1}" if i % 10 else "" for i, q in enumerate(quadrant)],
        "mood:Gym ready": (quadrant < 2).astype(int),
        "mood:calm": (quadrant == 3) * 0.8 + 0.2 * rng.random(N),
        "mood:never": np.zeros(N, int),
    }
    table = pd.DataFrame({name: values for name, values in columns.items() if name not in left_out})
    table.to_csv(folder / "mine.csv", index=False)
    vectors = np.eye(4)[quadrant] + 0.2 * rng.standard_normal((N, 4))
    system = {
        "track_id": [f"table/s{i}" for i in range(N)],
        "table:Gym ready": np.clip(0.2 + 0.6 * (quadrant < 2), 0, 1),
        "calm": (quadrant == 3) * 0.9,
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 4),
    }
    pq.write_table(pa.table(system), folder / "own.parquet")
    bare = {name: system[name] for name in ("track_id", "embedding")}
    pq.write_table(pa.table(bare), folder / "bare.parquet")
    return folder / "mine.csv", folder / "own.parquet"


def report(table: Path, system: Path, *more: object) -> Any:
    options = ("--root", table, "--resamples", 20, *more)
    return run_json("benchmark", "retrieval", "--data", "table", "-s", f"own={system}", *options)


def test_everything_that_a_table_has_is_measured(tmp_path: Path) -> None:
    found = report(*write(tmp_path))
    own = found["systems"]["own"]["figures"]
    assert (
        own["quadrant_p"]["value"] > 0.8 > 0.5 > found["systems"]["random"]["figures"]["quadrant_p"]["value"]
    )
    assert {"word_jaccard", "filter_satisfaction", "target_error", "artist_diversity"} <= set(own)
    assert {"gym_ready", "calm", "happy", "arousal"} <= set(found["moods"])
    assert found["moods"]["gym_ready"] == pytest.approx(
        pd.read_csv(tmp_path / "mine.csv")["mood:Gym ready"].mean()
    )
    assert "never" not in found["moods"]
    assert any("table:never" in clause for clause in found["left_out"])
    assert any("6 tracks without a quadrant" in clause for clause in found["left_out"])


def test_tracks_without_a_quadrant_neither_ask_nor_answer(tmp_path: Path) -> None:
    table_path, system = write(tmp_path)
    table = load_source("table", table_path)
    moods = moods_of(table)
    gallery = gallery_of(table, moods)
    output = read_run(system, gallery, moods)
    found = Measures(gallery, output).per_query()["quadrant_p"]
    cosine = output.embeddings @ output.embeddings.T
    quadrants = np.array([q or "" for q in gallery.quadrants or ()])
    for query in range(N):
        if not quadrants[query]:
            assert np.isnan(found[query])
            continue
        others = [i for i in range(N) if gallery.groups[i] != gallery.groups[query] and quadrants[i]]
        nearest = sorted(others, key=lambda i: -cosine[query, i])[:10]
        assert found[query] == pytest.approx(np.mean(quadrants[nearest] == quadrants[query]))


@pytest.mark.parametrize(
    ("missing", "figures", "says"),
    [
        (("quadrant",), {"quadrant_p", "quadrant_ndcg"}, "quadrants"),
        (("artist",), {"artist_diversity"}, "artists"),
        (("mood:Gym ready", "mood:calm", "mood:never"), {"word_jaccard"}, "mood words"),
        (
            ("quadrant", "mood:Gym ready", "mood:never", "artist", "genre"),
            {"quadrant_p", "word_jaccard", "artist_diversity"},
            "metadata",
        ),
    ],
)
def test_what_is_not_there_is_left_out_in_one_sentence(
    tmp_path: Path, missing: tuple[str, ...], figures: set[str], says: str
) -> None:
    table, system = write(tmp_path, *missing)
    found = report(table, system)
    assert not figures & set(found["systems"]["own"]["figures"])
    assert "target_error" in found["systems"]["own"]["figures"]
    assert any(says in clause for clause in found["left_out"])
    options = ("--root", table, "--resamples", 20)
    shown = run("benchmark", "retrieval", "--data", "table", "-s", f"own={system}", *options).stdout
    assert shown.count("left out:") == 1


def test_a_system_without_moods(tmp_path: Path) -> None:
    table, _ = write(tmp_path)
    found = report(table, tmp_path / "bare.parquet")
    assert "quadrant_p" in found["systems"]["own"]["figures"]
    assert "target_error" not in found["systems"]["own"]["figures"]
    assert any("targets of own" in clause for clause in found["left_out"])


def test_a_table_without_labels_is_refused(tmp_path: Path) -> None:
    table, system = write(tmp_path, "quadrant", "mood:Gym ready", "mood:calm", "mood:never")
    command = ("benchmark", "retrieval", "--data", "table", "--root", table, "-s", f"own={system}")
    assert "mood:calm" in run(*command, code=1).stderr


def test_columns_are_named_by_an_option_and_large_tables_are_drawn_from(tmp_path: Path) -> None:
    table, system = write(tmp_path, "quadrant")
    found = report(table, system, "--option", 'moods=["mood:calm"]', "--tracks", 30)
    assert found["queries"] == 30
    assert set(found["moods"]) == {"calm"}


def test_a_quadrant_that_is_none(tmp_path: Path) -> None:
    table, system = write(tmp_path)
    table.write_text(table.read_text().replace("Q1", "Q5", 1))
    command = ("benchmark", "retrieval", "--data", "table", "--root", table, "-s", f"own={system}")
    assert "Q1 to Q4" in run(*command, code=1).stderr
