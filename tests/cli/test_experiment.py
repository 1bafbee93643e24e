"""``moodrec experiment`` from a plan to results, by hand and as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import run, run_json
from tests.evaluation.experiment.made_up import write_datasets, write_plan


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_datasets(tmp_path_factory.mktemp("plans"))


def test_a_plan_is_trained_and_continued(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = write_plan(place)
    options = ("--only", "felt/fcn/mood/*", "--jobs", 1, "--cache", tmp_path / "cache")
    listed = run("experiment", plan, "--dry-run", *options)
    assert "felt/fcn/mood/seed-0" in listed.stdout
    assert not (tmp_path / "runs").exists()

    first = run("experiment", plan, "--limit", 1, *options)
    assert "1 run trained" in first.stdout
    assert "nothing to compare yet" in first.stdout
    assert "1/1 felt/fcn/mood/seed-0: AP" in first.stderr
    lines = [json.loads(line) for line in run("experiment", plan, *options, "--json").stdout.splitlines()]
    kinds = [line["event"] for line in lines]
    assert kinds.count("run") == 1
    assert lines[kinds.index("run")]["run"] == "felt/fcn/mood/seed-1"
    assert lines[-1] == {
        "event": "done",
        "out": "runs/tiny",
        "finished": ["felt/fcn/mood/seed-0"],
        "trained": ["felt/fcn/mood/seed-1"],
        "failed": {},
        "left": [],
        "report": "runs/tiny/report.md",
        "differences": [],
    }
    run("experiment", plan, "--phase", "select", "--limit", 1, *options)
    assert (tmp_path / "runs" / "tiny-select" / "felt" / "fcn" / "mood" / "seed-0.json").exists()


def test_it_ends_with_the_arms_compared(place: Path, tmp_path: Path) -> None:
    options = ("--only", "felt/*", "--jobs", 1, "--cache", tmp_path / "cache", "--resamples", 50)
    command = ("experiment", write_plan(place), "--out", tmp_path / "out", *options)
    shown = run(*command).stdout.splitlines()
    heads = ["dataset", "backbone", "arm", "tested", "AP of mood", "AP", "difference", "seeds"]
    assert shown[0].split("\t") == heads
    row = dict(zip(heads, shown[1].split("\t"), strict=True))
    assert (row["dataset"], row["arm"], row["tested"], row["seeds"]) == ("felt", "metadata", "split", "2")
    assert (
        f"| felt | fcn | {row['AP of mood']} | {row['AP']} |" in (tmp_path / "out" / "report.md").read_text()
    )
    assert (tmp_path / "out" / "difference.png").exists()
    done = json.loads(run(*command, "--json").stdout.splitlines()[-1])
    one = done["differences"][0]
    assert f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]" == row["difference"]
    assert len(one["per_seed"]) == 2
    (tmp_path / "out" / "report.md").unlink()
    run(*command, "--no-report")
    assert not (tmp_path / "out" / "report.md").exists()


def test_a_run_that_fails_is_exit_code_6(place: Path, tmp_path: Path) -> None:
    plan = write_plan(place, "wild", changes={"batch_size = 8": "batch_size = 8\nlearning_rate = 1e30"})
    options = ("--only", "felt/fcn/mood/seed-0", "--jobs", 1, "--cache", tmp_path / "cache")
    result = run("experiment", plan, "--out", tmp_path / "out", *options, code=6)
    assert "warning: felt/fcn/mood/seed-0 failed: the training diverged" in result.stderr


def test_what_is_wrong_is_said(place: Path, tmp_path: Path) -> None:
    assert run_json("experiment", tmp_path / "gone.toml", code=3)["error"]["type"] == "NotFoundError"
    (tmp_path / "plan.toml").write_text('name = "empty"')
    assert "dataset" in run("experiment", tmp_path / "plan.toml", code=2).stderr
    assert "no run fits" in run("experiment", write_plan(place), "--only", "x", code=2).stderr
