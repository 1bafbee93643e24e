"""Plans: what is crossed, what is overridden, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.errors import ConfigError
from moodrec.evaluation.experiment.plan import Held, layered, read_plan
from moodrec.evaluation.experiment.runs import chosen, expand
from moodrec.evaluation.experiment.work import runs_of
from tests.evaluation.experiment.made_up import ONE_RUN, write_plan

EXAMPLE = Path(__file__).parents[3] / "benchmarks" / "plans" / "example.toml"


def test_recipe_fields_are_layered_table_by_table() -> None:
    assert layered({"a": {"x": 1, "y": 1}}, {"a": {"y": 2}, "b": 3}, {"b": 4}) == {
        "a": {"x": 1, "y": 2},
        "b": 4,
    }


def test_runs_and_their_recipes(tmp_path: Path) -> None:
    runs = runs_of(write_plan(tmp_path), None)
    ids = [run.id for run in runs]
    assert len(ids) == len(set(ids)) == 8
    assert ids[0] == "songs/fcn/mood/seed-0/fold-0"
    assert "felt/fcn/metadata/seed-1" in ids
    run = next(run for run in runs if run.id == ONE_RUN)
    assert run.recipe.training.threads == 1
    assert run.recipe.training.metadata_batch_size == 4
    assert [Path(entry.root).name for entry in run.recipe.data] == ["songs.csv", "felt.csv", "lent.csv"]
    assert [Path(entry.root).name for entry in run.own_data] == ["songs.csv"]
    assert Path(run.recipe.data[0].root) == tmp_path / "songs.csv"
    assert [run.id for run in chosen(runs, "*/mood/seed-1*")] == [
        "songs/fcn/mood/seed-1/fold-0",
        "felt/fcn/mood/seed-1",
    ]


def test_digests_differ_where_results_would(tmp_path: Path) -> None:
    runs = runs_of(write_plan(tmp_path), None)
    assert len({run.settings_digest for run in runs}) == len(runs)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    again = runs_of(write_plan(moved), None)
    assert [run.settings_digest for run in again] == [run.settings_digest for run in runs]
    select = runs_of(write_plan(tmp_path), "select")
    assert not {run.settings_digest for run in select} & {run.settings_digest for run in runs}


def test_arms_and_backbones_may_be_confined(tmp_path: Path) -> None:
    more = """
[[arm]]
name = "ablation"
only_datasets = ["songs"]
only_seeds = [1]
only_folds = [3]
"""
    plan = write_plan(tmp_path, more=more, changes={"fold = 0": "folds = [0, 3]"})
    ids = [run.id for run in runs_of(plan, None)]
    assert [name for name in ids if "ablation" in name] == ["songs/fcn/ablation/seed-1/fold-3"]
    assert "songs/fcn/mood/seed-0/fold-3" in ids
    assert read_plan(plan).compared == ("mood", "metadata")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('target = "songs:"', 'target = "songs:"\ncolour = 1', "colour"),
        ("fold = 0", "folds = [0, 7]", "below 5"),
        ("fold = 0", 'folds = [0], split = "test"', "either"),
        ('baseline = "mood"', 'baseline = "moods"', "'moods'"),
        ('name = "felt"\ntarget', 'name = "songs"\ntarget', "same name"),
        ('name = "fcn"', 'name = "fcn"\nonly_datasets = ["song"]', "'song'"),
        ('name = "mood"', 'name = "Mood only"', "pattern"),
        ("channels = 2", "chanels = 2", "chanels"),
        ("[recipe.network]", "[recipe.copies]\nkinds = ['vorbis']\n[recipe.network]", "make no copies"),
        ('root = "lent.csv"', 'root = "${MOODREC_NOWHERE}/lent.csv"', "MOODREC_NOWHERE"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        runs_of(write_plan(tmp_path, changes={old: new}), None)


def test_a_single_fold_may_be_written_short() -> None:
    assert Held.model_validate({"fold": 2}) == Held(folds=(2,))
    assert Held(split="test").numbers == (None,)


def test_the_example_is_a_plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOODREC_DATA", str(tmp_path))
    runs = expand(read_plan(EXAMPLE), EXAMPLE)
    assert len(runs) == 20
    assert {run.arm for run in runs if run.backbone != "fcn"} == {"mood", "metadata"}
