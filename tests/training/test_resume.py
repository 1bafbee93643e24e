"""A killed and resumed run ends where an uninterrupted one ends, to the last bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moodrec.errors import ConfigError
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe

EPOCHS = 12

SCRIPT = """
import sys
from pathlib import Path
from moodrec.training.run import train_recipe
train_recipe(Path(sys.argv[1]), Path(sys.argv[2]), lambda event: None, Path(sys.argv[3]))
"""


def start(recipe: Path, out: Path, cache: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, str(recipe), str(out), str(cache)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.005)


@pytest.mark.parametrize(("split", "network"), [("", "final"), ("[split]\nfolds = 2\n", "fold-1")])
def test_killed_and_resumed_equals_uninterrupted(
    catalogue: Path, tmp_path: Path, split: str, network: str
) -> None:
    recipe = write_recipe(catalogue, f"resume-{network}", EPOCHS, split)
    cache = tmp_path / "cache"
    assert start(recipe, tmp_path / "whole", cache).wait(120) == 0

    killed = start(recipe, tmp_path / "killed", cache)
    wait_for(tmp_path / "killed" / network / "state-000004.json", killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    assert not (tmp_path / "killed" / "model").exists()

    assert start(recipe, tmp_path / "killed", cache).wait(120) == 0
    for name in ("model/model.safetensors", "model/model.json", f"final/state-{EPOCHS:06d}.safetensors"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_damaged_checkpoint_is_not_used(catalogue: Path, tmp_path: Path) -> None:
    recipe = write_recipe(catalogue, "damaged", 2)
    train_recipe(recipe, tmp_path / "out", lambda event: None, tmp_path / "cache")
    before = (tmp_path / "out" / "model" / "model.safetensors").read_bytes()
    state = tmp_path / "out" / "final" / "state-000002.safetensors"
    state.write_bytes(state.read_bytes()[:-5])
    train_recipe(recipe, tmp_path / "out", lambda event: None, tmp_path / "cache")
    assert (tmp_path / "out" / "model" / "model.safetensors").read_bytes() == before


def test_the_log_has_a_line_an_epoch(catalogue: Path, tmp_path: Path) -> None:
    train_recipe(write_recipe(catalogue, "log", 3), tmp_path / "out", lambda event: None, tmp_path / "cache")
    lines = [json.loads(line) for line in (tmp_path / "out" / "final" / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert set(lines[0]["loss"]) == {"mood", "artist", "album", "year", "genre"}


def test_other_data_is_refused(catalogue: Path, tmp_path: Path) -> None:
    for path in catalogue.glob("*.flac"):
        (tmp_path / path.name).symlink_to(path)
    text = (catalogue / "tracks.csv").read_text()
    (tmp_path / "tracks.csv").write_text(text)
    recipe = write_recipe(tmp_path, "data", 1)
    train_recipe(recipe, tmp_path / "out", lambda event: None, tmp_path / "cache")
    (tmp_path / "tracks.csv").write_text("\n".join(text.splitlines()[:-1]) + "\n")
    with pytest.raises(ConfigError, match="other data"):
        train_recipe(recipe, tmp_path / "out", lambda event: None, tmp_path / "cache")


def test_another_recipe_is_refused(catalogue: Path, tmp_path: Path) -> None:
    train_recipe(write_recipe(catalogue, "one", 1), tmp_path / "out", lambda event: None, tmp_path / "cache")
    with pytest.raises(ConfigError, match="another recipe"):
        train_recipe(
            write_recipe(catalogue, "two", 2), tmp_path / "out", lambda event: None, tmp_path / "cache"
        )
