"""Several processes train one network together, as ``torchrun`` starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from torch.multiprocessing.spawn import spawn

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import ConfigError
from moodrec.model.losses import masked_bce, supervised_contrastive
from moodrec.model.network import NetworkOutput
from moodrec.training.devices import Devices
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.prepare import prepare
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from moodrec.training.sampling import Draws
from tests.training.conftest import write_recipe

SCRIPT = """
import sys
from pathlib import Path
from moodrec.training.run import train_recipe
result = train_recipe(Path(sys.argv[1]), Path(sys.argv[2]), lambda event: None, Path(sys.argv[3]))
threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
assert "pt_gloo_runloop" not in threads, "threads of a process group may abort the process at its end"
# One write each: two processes share the pipe, and `print` under torchrun writes the end of the line by itself.
sys.stdout.write("published\\n" if result.model else "followed\\n")
"""
ROOT = Path(__file__).parents[2]


def start_two(script: Path, recipe: Path, out: Path, cache: Path) -> subprocess.Popen[str]:
    script.write_text(SCRIPT)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [str(part) for part in (sys.executable, *launch, script, recipe, out, cache)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


@pytest.fixture(scope="module")
def frozen_norms(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe whose batch norms are frozen, and that draws no random numbers beside those of its excerpts."""
    place = tmp_path_factory.mktemp("source")
    train_recipe(write_recipe(catalogue, "devices-source", 1), place, lambda event: None, place / "cache")
    start_from = f'[warm_start]\nmodel = "{place / "model"}"\nmodules = ["backbone", "projection", "norm"]\n'
    path = write_recipe(catalogue, "devices", 30, f'{start_from}freeze = ["backbone", "norm"]\n')
    text = path.read_text().replace("dropout = 0.1", "dropout = 0.0")
    path.write_text(
        text.replace("batch_size = 12", "batch_size = 10\nmetadata_batch_size = 5\nprecision = 'float32'")
    )
    return path


def weights_of(out: Path) -> dict[str, np.ndarray]:
    return safetensors.numpy.load_file(out / "model" / "model.safetensors")


def assert_same_weights(first: Path, second: Path) -> None:
    ours, theirs = weights_of(first), weights_of(second)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], atol=2e-5, err_msg=name)


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one_whoever_begins(frozen_norms: Path, tmp_path: Path) -> None:
    script, cache = tmp_path / "script.py", tmp_path / "cache"
    train_recipe(frozen_norms, tmp_path / "one", lambda event: None, cache)
    told = finish(start_two(script, frozen_norms, tmp_path / "two", cache))
    assert sorted(told.split()) == ["followed", "published"]
    assert_same_weights(tmp_path / "one", tmp_path / "two")

    stopped = start_two(script, frozen_norms, tmp_path / "changed", cache)
    while not list((tmp_path / "changed" / "final").glob("state-*.json")):
        assert stopped.poll() is None, "training ended before it could be stopped"
        time.sleep(0.005)
    stopped.terminate()  # torchrun ends its processes
    stopped.communicate()
    assert not (tmp_path / "changed" / "model").exists()
    train_recipe(frozen_norms, tmp_path / "changed", lambda event: None, cache)
    assert_same_weights(tmp_path / "one", tmp_path / "changed")


@pytest.mark.slow
def test_live_batch_norms_folds_and_checkpoints_work_too(catalogue: Path, tmp_path: Path) -> None:
    recipe = write_recipe(catalogue, "devices-live", 3, "[split]\nfolds = 2\n")
    out = tmp_path / "two"
    finish(start_two(tmp_path / "script.py", recipe, out, tmp_path / "cache"))
    assert (out / "out-of-fold.parquet").exists()
    assert len((out / "final" / "log.jsonl").read_text().splitlines()) == 3
    assert np.isfinite(MoodModel.load(out / "model").analyze(catalogue / "1.flac").embedding).all()


def test_shares_hold_every_track_once_in_order() -> None:
    for world in (1, 2, 3, 4):
        for tracks in range(2, 20):
            draws = Draws(np.arange(tracks), np.stack([np.arange(tracks)] * 3, 1))
            shares = [Devices(rank, world, torch.device("cpu")).share(draws) for rank in range(world)]
            if tracks < 2 * world:  # too few to share: every process has all
                assert all(share.rows.tolist() == draws.rows.tolist() for share in shares)
                continue
            assert np.concatenate([share.rows for share in shares]).tolist() == draws.rows.tolist()
            assert np.concatenate([share.seeds for share in shares]).tolist() == draws.seeds.tolist()
            assert min(len(share.rows) for share in shares) >= 2


def test_gradnorm_is_refused(catalogue: Path, tmp_path: Path) -> None:
    path = write_recipe(catalogue, "devices-gradnorm", 1)
    path.write_text(
        path.read_text().replace("[tasks.artist]", '[tasks]\nweighting = "gradnorm"\n[tasks.artist]')
    )
    recipe = read_recipe(path)
    data = prepare(recipe, tmp_path / "cache", lambda event: None)
    labels = encode_labels(data.table, recipe.tasks, data.seen)
    rows = np.flatnonzero(data.seen)
    with pytest.raises(ConfigError, match="gradnorm"):
        Trainer(
            recipe,
            TrainingSet(data.inputs(recipe), labels, rows),
            tmp_path,
            lambda event: None,
            Devices(0, 2, torch.device("cpu")),
        )


def gradients_of_share(rank: int, world: int, place: str) -> None:
    """In a process of its own: the gradient of the loss of all rows, of which it has a share."""
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world))
    torch.distributed.init_process_group("gloo", f"file://{place}/meeting", rank=rank, world_size=world)
    devices = Devices(rank, world, torch.device("cpu"))
    network, loss = loss_of_rows(devices)
    loss.backward()
    devices.average_gradients(network)
    norm = torch.nn.BatchNorm1d(1)
    norm.running_mean = torch.tensor([float(rank)])
    devices.average_statistics(norm)
    torch.save((float(loss.detach()), network.weight.grad, norm.running_mean), f"{place}/{rank}.pt")
    torch.distributed.destroy_process_group()


def loss_of_rows(devices: Devices) -> tuple[torch.nn.Linear, torch.Tensor]:
    """A masked and a contrastive loss of seven tracks with two excerpts each, most of whose labels are unknown."""
    torch.manual_seed(0)
    network = torch.nn.Linear(5, 3, bias=False).double()
    inputs, tracks = torch.randn(14, 5).double(), np.arange(7)
    targets = torch.full((14, 3), torch.nan)
    targets[:3], targets[9, 1] = 1.0, 0.0
    own = devices.share(Draws(tracks, np.stack([tracks] * 3, 1))).rows
    rows = (own[:, None] * 2 + np.arange(2)).ravel()
    output = network(inputs[rows])
    joined = devices.gather(NetworkOutput(output, {"mood": output}), len(tracks))
    classes = torch.tensor([0, 1] * 7)
    contrast = supervised_contrastive(joined.embedding, classes, 0.5)
    return network, masked_bce(joined.logits["mood"], targets) + contrast


@pytest.mark.parametrize("world", [2, 3])
def test_gradients_are_those_of_one_process_and_statistics_are_averaged(tmp_path: Path, world: int) -> None:
    spawn(gradients_of_share, (world, str(tmp_path)), world)
    network, loss = loss_of_rows(Devices(0, 1, torch.device("cpu")))
    loss.backward()
    for rank in range(world):
        theirs, gradient, mean = torch.load(tmp_path / f"{rank}.pt")
        assert mean.item() == pytest.approx((world - 1) / 2)
        assert theirs == pytest.approx(float(loss.detach()), rel=1e-6)
        torch.testing.assert_close(gradient, network.weight.grad, atol=1e-7, rtol=1e-6)
