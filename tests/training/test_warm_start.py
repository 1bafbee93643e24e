"""Starting from another model: what is copied, what is frozen, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from moodrec.errors import ConfigError, NotFoundError
from moodrec.model.checkpoint import load_model
from moodrec.model.describe import PACKAGED_MODEL, describe_model
from moodrec.training.events import EpochFinished, TrainingEvent
from moodrec.training.labels import encode_labels
from moodrec.training.loop import Trainer, TrainingSet
from moodrec.training.prepare import prepare
from moodrec.training.recipe import read_recipe
from moodrec.training.run import train_recipe
from moodrec.training.warm_start import under
from tests.training.conftest import write_recipe
from tests.training.test_learning import quiet


@pytest.fixture(scope="module")
def source(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("source")
    train_recipe(write_recipe(catalogue, "source", 2), out, quiet, out / "cache")
    return out


def warm_recipe(catalogue: Path, source: Path, name: str, fields: str = "", epochs: int = 1) -> Path:
    return write_recipe(catalogue, name, epochs, f'[warm_start]\nmodel = "{source / "model"}"\n{fields}')


def make_trainer(recipe_path: Path, source: Path, folder: Path) -> Trainer:
    recipe = read_recipe(recipe_path)
    data = prepare(recipe, source / "cache", quiet)
    labels = encode_labels(data.table, recipe.tasks, data.seen)
    return Trainer(recipe, TrainingSet(data.inputs(recipe), labels, np.flatnonzero(data.seen)), folder, quiet)


def test_named_parts_are_copied_and_no_others(catalogue: Path, source: Path, tmp_path: Path) -> None:
    fields = 'modules = ["backbone", "heads.mood"]\n'
    made = make_trainer(warm_recipe(catalogue, source, "copied", fields), source, tmp_path)
    theirs = load_model(source / "model").network.state_dict()
    for name, ours in made.state.network.state_dict().items():
        same = torch.equal(ours, theirs[name])
        if under(name, ("backbone", "heads.mood")):
            assert same, name
            assert torch.equal(made.state.average.state_dict()[name], ours)
        elif name.endswith("weight") and not name.startswith("norm"):
            assert not same, name


def test_frozen_parts_and_their_batch_norms_stay(catalogue: Path, source: Path, tmp_path: Path) -> None:
    recipe = warm_recipe(catalogue, source, "frozen", 'freeze = ["backbone"]\n')
    result = train_recipe(recipe, tmp_path / "out", quiet, source / "cache")
    assert result.model is not None
    before = load_model(source / "model").network.state_dict()
    after = load_model(result.model).network.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert not [name for name in moved if under(name, ("backbone",))]
    assert {"projection.weight", "norm.running_mean", "heads.mood.weight"} <= moved


def test_copied_parameters_learn_more_slowly(catalogue: Path, source: Path, tmp_path: Path) -> None:
    recipe = warm_recipe(catalogue, source, "slow", "learning_rate_scale = 1e-3\n")
    made = make_trainer(recipe, source, tmp_path)
    before = {name: p.detach().clone() for name, p in made.state.network.named_parameters()}
    network = made.run()
    assert made.state.epoch == 1
    change = {
        name: float((p - before[name]).abs().max())
        for name, p in network.named_parameters()
        if name.endswith("weight") and p.ndim > 1
    }
    slow = [value for name, value in change.items() if under(name, ("backbone",))]
    fast = [value for name, value in change.items() if not under(name, ("backbone",))]
    assert 0 < max(slow) < 0.01 * min(fast)


def test_a_warm_started_run_resumes_to_the_same_bits(catalogue: Path, source: Path, tmp_path: Path) -> None:
    fields = 'freeze = ["backbone"]\nlearning_rate_scale = 0.5\nmodules = ["backbone", "projection"]\n'
    recipe = warm_recipe(catalogue, source, "resume", fields, epochs=3)
    whole = make_trainer(recipe, source, tmp_path / "whole")
    stopped = make_trainer(recipe, source, tmp_path / "stopped")
    for made in (whole, stopped):
        made.folder.mkdir()

    def stop(event: TrainingEvent) -> None:
        if isinstance(event, EpochFinished) and event.epoch == 3:
            raise KeyboardInterrupt

    stopped.on_event = stop
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    resumed = make_trainer(recipe, source, tmp_path / "stopped").run().state_dict()
    expected = whole.run().state_dict()
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ('modules = ["bakbone"]\n', "bakbone"),
        ('modules = ["heads.mode"]\n', r"heads\.mode"),
        ('freeze = ["backbone", "hats"]\n', "hats"),
        ('modules = ["projection"]\n[network]\nembedding_dim = 8\nchannels = 6\n', r"projection\.weight"),
        ("[network]\nchannels = 4\nembedding_dim = 16\n", r"differ in backbone\.\S*weight.*\[network\]"),
        ("[audio]\nn_mels = 32\nhop_length = 256\n", r"other spectrograms.*hop_length = 512"),
    ],
)
def test_what_does_not_fit_is_named(
    catalogue: Path, source: Path, tmp_path: Path, fields: str, says: str
) -> None:
    recipe = warm_recipe(catalogue, source, "misfit", fields)
    for table in ("audio", "network"):  # a table may be given once only
        if fields.count(f"[{table}]"):
            head, _, rest = recipe.read_text().partition(f"[{table}]\n")
            recipe.write_text(head + rest[rest.index("[") :])
    with pytest.raises(ConfigError, match=says):
        make_trainer(recipe, source, tmp_path)


def test_the_digest_follows_the_model_not_its_place(catalogue: Path, source: Path, tmp_path: Path) -> None:
    recipe = read_recipe(warm_recipe(catalogue, source, "digest"))
    assert recipe.warm_start is not None
    (tmp_path / "moved").symlink_to(recipe.warm_start.model)
    elsewhere = recipe.warm_start.model_copy(update={"model": str(tmp_path / "moved")})
    assert recipe.model_copy(update={"warm_start": elsewhere}).digest == recipe.digest
    assert recipe.model_copy(update={"warm_start": None}).digest != recipe.digest
    gone = recipe.warm_start.model_copy(update={"model": str(tmp_path / "gone")})
    with pytest.raises(NotFoundError):
        _ = recipe.model_copy(update={"warm_start": gone}).digest


def test_its_place_starts_at_the_recipe(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(catalogue, "place", 1, '[warm_start]\nmodel = "${WEIGHTS}/model"\n')
    with pytest.raises(ConfigError, match="WEIGHTS"):
        read_recipe(recipe)
    monkeypatch.setenv("WEIGHTS", "there")
    start = read_recipe(recipe).warm_start
    assert start is not None
    assert start.model == str(catalogue / "there/model")


@pytest.mark.parametrize("parts", [["backbone"], ["backbone.musicnn", "backbone.mn"]])
@pytest.mark.parametrize(("backbone", "channels"), [("musicnn_mn", 128), ("musicnn_mn_tonal", 64)])
def test_a_frozen_trunk_has_to_be_that_of_the_model_before_audio_is_decoded(
    catalogue: Path, tmp_path: Path, parts: list[str], backbone: str, channels: int
) -> None:
    fields = f'[warm_start]\nmodel = "default"\nmodules = {parts}\nfreeze = {parts}\n'
    written = read_recipe(write_recipe(catalogue, "other-trunk", 1, fields))
    spec = load_model(PACKAGED_MODEL).spec
    network = written.network.model_copy(update={"backbone": backbone, "channels": channels})
    recipe = written.model_copy(update={"audio": spec.audio, "network": network})
    with pytest.raises(ConfigError, match='backbone = "musicnn_mn_tonal", channels = 128'):
        prepare(recipe, tmp_path / "cache", quiet)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("name", "found"), [("a.b", True), ("a.b.c", True), ("a.bc", False), ("a", False)])
def test_names_are_compared_part_by_part(name: str, found: bool) -> None:
    assert under(name, ("x", "a.b")) is found


def test_default_names_the_model_inside_the_package(catalogue: Path) -> None:
    recipe = read_recipe(write_recipe(catalogue, "packaged", 1, '[warm_start]\nmodel = "default"\n'))
    assert recipe.warm_start is not None
    assert recipe.warm_start.fingerprint == describe_model().fingerprint
