"""Who trains: no artist of the test in any dataset, no borrowed moods, the same rows in all arms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moodrec.data.splits import existing_folds
from moodrec.errors import ConfigError, DataError
from moodrec.evaluation.experiment.datasets import Datasets
from moodrec.evaluation.experiment.plan import Phase
from moodrec.evaluation.experiment.rows import RunRows, rows_of
from moodrec.evaluation.experiment.runs import PlannedRun
from moodrec.evaluation.experiment.truth import Truth, truth_of
from moodrec.evaluation.experiment.work import runs_of
from moodrec.training.labels import encode_labels
from tests.evaluation.experiment.made_up import write_plan


@pytest.fixture(scope="module")
def data(cache: Path) -> Datasets:
    return Datasets(cache, lambda event: None)


def run_of(datasets: Path, name: str, phase: Phase | None = None) -> PlannedRun:
    return next(run for run in runs_of(write_plan(datasets), phase) if run.id.startswith(name))


def rows_of_run(data: Datasets, run: PlannedRun) -> tuple[RunRows, Truth]:
    truth = data.truth(run)
    return data.rows(run, truth), truth


def ids(rows: RunRows, mask: np.ndarray) -> list[str]:
    return sorted(rows.table.tracks["track_id"][mask])


def test_test_artists_never_train(datasets: Path, data: Datasets) -> None:
    rows, _ = rows_of_run(data, run_of(datasets, "songs/fcn/metadata"))
    tracks = rows.table.tracks
    scored = set(tracks["artist"].iloc[rows.scored])
    assert scored == {"Song Artist 0", "Song Artist 5"}
    assert not scored & set(tracks["artist"][rows.train])
    missing = ids(rows, ~rows.train)
    assert [name for name in missing if name.startswith("lent/")] == ["lent/l0", "lent/l1"]
    assert "lent/l2" in ids(rows, rows.train), "an artist who only trains may lend more tracks"


def test_lent_moods_are_hidden(datasets: Path, data: Datasets) -> None:
    run = run_of(datasets, "songs/fcn/metadata")
    rows, _ = rows_of_run(data, run)
    origin = rows.table.tracks["track_id"].str.partition("/")[0].to_numpy()
    assert rows.with_moods[origin == "songs"].all()
    assert not rows.with_moods[origin != "songs"].any()
    labels = encode_labels(rows.table, run.recipe.tasks, rows.train)
    assert all(name.startswith("songs:") for name in labels.heads["mood"].labels)
    assert np.isnan(labels.targets["mood"][origin == "felt"]).all()
    known = labels.targets["artist"][(origin == "felt") & rows.train] >= 0
    assert known.all(), "their artists are known"


def test_moods_stay_hidden_whatever_they_are_called(datasets: Path, data: Datasets) -> None:
    run = run_of(datasets, "songs/fcn/metadata")
    prepared = data.prepared(run)
    every = prepared.table.targets.fillna(1.0)
    told = replace(prepared, table=replace(prepared.table, targets=every))
    rows = rows_of(told, data.truth(run), "report", run.recipe)
    own = rows.table.tracks["track_id"].str.startswith("songs/").to_numpy()
    assert list(rows.with_moods) == list(own)


def test_both_arms_learn_moods_from_the_same_rows(datasets: Path, data: Datasets) -> None:
    for name in ("songs", "felt"):
        alone, truth = rows_of_run(data, run_of(datasets, f"{name}/fcn/mood"))
        more, other = rows_of_run(data, run_of(datasets, f"{name}/fcn/metadata"))
        assert ids(alone, alone.train & alone.with_moods) == ids(more, more.train & more.with_moods)
        assert list(alone.truth_rows) == list(more.truth_rows)
        np.testing.assert_array_equal(truth.labels, other.labels)


def test_without_a_place_in_the_step_metadata_rows_do_not_train(datasets: Path, data: Datasets) -> None:
    run = run_of(datasets, "songs/fcn/metadata")
    training = run.recipe.training.model_copy(update={"metadata_batch_size": 0})
    run = replace(run, recipe=run.recipe.model_copy(update={"training": training}))
    rows, _ = rows_of_run(data, run)
    assert (rows.train <= rows.with_moods).all()


@pytest.mark.parametrize("name", ["songs/fcn/metadata", "felt/fcn/metadata"])
def test_to_select_the_test_is_left_out_altogether(datasets: Path, data: Datasets, name: str) -> None:
    select, chosen_truth = rows_of_run(data, run_of(datasets, name, "select"))
    report, truth = rows_of_run(data, run_of(datasets, name))
    np.testing.assert_array_equal(chosen_truth.parts, truth.parts)
    assert not set(ids(report, report.scored)) & set(ids(select, select.scored))
    assert not set(ids(report, report.scored)) & set(ids(select, select.train))
    assert set(ids(select, select.scored)) <= set(ids(report, report.train)), (
        "report trains on validation too"
    )
    artists = select.table.tracks["artist"]
    assert not set(artists[select.train]) & set(artists.iloc[select.scored])


def test_folds_are_the_datasets_own_or_dealt_by_artist(datasets: Path, data: Datasets) -> None:
    run = run_of(datasets, "songs/fcn/mood")
    own = data.truth(run).table
    parts = truth_of(own, run.dataset, 0, "report").parts
    assert list(parts == "test") == list(own.tracks["fold"] == 0)
    assert list(parts == "val") == list(own.tracks["fold"] == 1)
    dealt = replace(own, tracks=own.tracks.assign(fold=-1))
    tested = [truth_of(dealt, run.dataset, fold, "report").parts == "test" for fold in range(5)]
    assert (np.sum(tested, axis=0) == 1).all(), "every track is tested once"
    existing_folds(list(own.tracks["group"]), np.argmax(tested, axis=0))  # raises where an artist is in two


def test_some_artists_moods_may_be_hidden(datasets: Path, data: Datasets) -> None:
    run = run_of(datasets, "songs/fcn/metadata")
    truth = data.truth(run)
    known: dict[float, set[str]] = {}
    for share in (0.2, 0.5, 1.0):
        rows = rows_of(data.prepared(run), truth, "report", run.recipe, share)
        tracks = rows.table.tracks
        learnt = rows.train & rows.with_moods
        whole = set(tracks["artist"][learnt])
        rest = rows.train & ~rows.with_moods & tracks["track_id"].str.startswith("songs/").to_numpy()
        assert not whole & set(tracks["artist"][rest]), "artists are labelled as a whole"
        assert learnt.sum() + rest.sum() == 24, "the rest lend their metadata"
        assert share * 24 <= learnt.sum() < share * 24 + 3
        assert len(rows.scored) == 6
        assert rows.with_moods[rows.scored].all()
        known[share] = set(ids(rows, learnt))
    assert known[0.2] < known[0.5] < known[1.0]
    other = run.recipe.model_copy(update={"seed": 5})
    rows = rows_of(data.prepared(run), truth, "report", other, 0.2)
    assert set(ids(rows, rows.train & rows.with_moods)) != known[0.2]


def test_hidden_moods_change_the_digest(tmp_path: Path) -> None:
    whole = runs_of(write_plan(tmp_path), None)[0]
    part = runs_of(
        write_plan(tmp_path, changes={'target = "songs:"': 'target = "songs:"\nlabelled = 0.3'}), None
    )[0]
    assert whole.id == part.id
    assert whole.settings_digest != part.settings_digest


def test_thresholds_come_from_the_training_split(datasets: Path, data: Datasets) -> None:
    truth = data.truth(run_of(datasets, "felt/fcn/mood"))
    shares = truth.table.targets.to_numpy(np.float64)
    train = (truth.table.tracks["split"] == "train").to_numpy()
    expected = shares > np.quantile(shares[train], 2 / 3, axis=0)
    np.testing.assert_array_equal(truth.labels, expected)


def test_what_cannot_be_scored(datasets: Path, data: Datasets) -> None:
    run = run_of(datasets, "songs/fcn/mood")
    own = data.truth(run).table
    with pytest.raises(ConfigError, match="no target begins"):
        truth_of(own, run.dataset.model_copy(update={"target": "song_"}), 0, "report")
    with pytest.raises(DataError, match="no track is in the part"):
        truth_of(own, run.dataset, None, "report")
