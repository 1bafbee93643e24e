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
from moodrec.errors import DataError
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


def test_tracks_without_a_quadrant_are_neither_queries_nor_answers(tmp_path: Path) -> None:
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


def spoilt(folder: Path, **columns: Any) -> Path:
    """The system's table with other columns and one more row, of a track that is not asked for and has no vector."""
    frame = pd.read_parquet(folder / "own.parquet").assign(**columns)
    frame.loc[N] = None
    frame.to_parquet(folder / "spoilt.parquet")
    return folder / "spoilt.parquet"


def test_files_of_systems_in_odd_forms(tmp_path: Path) -> None:
    table_path, system = write(tmp_path)
    pd.read_csv(table_path).assign(track_id=range(N)).to_csv(table_path, index=False)
    table = load_source("table", table_path)
    moods = moods_of(table)
    gallery = gallery_of(table, moods)
    plain = pd.read_parquet(system)
    plain.assign(track_id=range(N)).iloc[::-1].to_parquet(tmp_path / "numbers.parquet")
    wanted = read_run(tmp_path / "numbers.parquet", gallery, moods)
    forms: dict[str, object] = {"ids": np.arange(N) * 1.0, "bytes": [str(i).encode() for i in range(N)]}
    for ids in forms.values():
        found = read_run(spoilt(tmp_path, track_id=ids, fold=[0.0, 1.0] * 30), gallery, moods)
        np.testing.assert_array_equal(found.embeddings, wanted.embeddings)
        np.testing.assert_array_equal(found.moods["calm"], wanted.moods["calm"])
        np.testing.assert_array_equal(found.spaces, [0, 1] * 30)


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("track_id", "table/s1", "1 track ids occur twice"),
        ("calm", "high", "column calm must hold numbers"),
        ("calm", None, r"column calm is empty for 1 tracks: \['s0'\]"),
        ("fold", None, r"column fold is empty for 1 tracks: \['s0'\]"),
        ("fold", "a", "column fold must hold numbers"),
        ("table:Gym ready", "x", "column table:Gym ready must hold numbers"),
        ("embedding", [np.nan, 1.0, 1.0, 1.0], r"vectors of 1 tracks hold NaN or infinite numbers: \['s0'\]"),
        ("embedding", None, "the vectors of rows 0 are missing"),
        ("embedding", [1.0], "the vectors of rows 1, 2"),
    ],
)
def test_what_a_system_lacks_is_named(tmp_path: Path, column: str, value: object, complaint: str) -> None:
    table_path, system = write(tmp_path)
    table = load_source("table", table_path)
    moods = moods_of(table)
    frame = pd.read_parquet(system).assign(fold=0)
    cells = frame[column].astype(object).tolist()
    frame[column] = pd.Series([str(value) if isinstance(value, str) else value, *cells[1:]], dtype=object)
    if isinstance(value, str):
        frame[column] = frame[column].astype(str)
    frame.to_parquet(tmp_path / "spoilt.parquet")
    with pytest.raises(DataError, match=complaint):
        read_run(tmp_path / "spoilt.parquet", gallery_of(table, moods), moods)
