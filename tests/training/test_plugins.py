"""A network whose backbone is another package's is trained, warm-started and loaded again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import UsageError
from moodrec.model.checkpoint import load_model
from moodrec.model.folder import GRAPH
from moodrec.training.events import TrainingWarning
from moodrec.training.run import train_recipe
from tests.training.conftest import write_recipe

BACKBONE = "band_means_of_a_test:BandMeans"
SOURCE = """
from torch import nn
from moodrec.model.backbones.base import Backbone


class BandMeans(Backbone):
    def __init__(self, n_mels, channels):
        super().__init__()
        self.features = channels
        self.hidden = nn.Linear(n_mels, channels)

    def trunk(self, log_mel):
        return self.hidden(log_mel.mean(2))
"""
UNWRITABLE = SOURCE.replace(
    "log_mel.mean(2)", "torch.linalg.vander(log_mel.mean((1, 2)), N=self.hidden.in_features)"
)


def test_a_recipe_names_a_backbone_by_its_path(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "band_means_of_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    first = write_recipe(catalogue, "plug-in", 1)
    first.write_text(first.read_text().replace("channels = 6", f'backbone = "{BACKBONE}"\nchannels = 6'))
    trained = train_recipe(first, tmp_path / "first", lambda event: None, tmp_path / "cache").model
    assert trained is not None
    with pytest.raises(UsageError, match=BACKBONE):
        load_model(trained)
    before = load_model(trained, [BACKBONE]).network

    second = first.with_name("plug-in-again.toml")
    start = f'[warm_start]\nmodel = "{trained}"\nmodules = ["backbone"]\nfreeze = ["backbone"]\n'
    second.write_text(first.read_text() + start)
    again = train_recipe(second, tmp_path / "second", lambda event: None, tmp_path / "cache").model
    assert again is not None
    after = load_model(again, [BACKBONE]).network
    hidden = "backbone.hidden.weight"
    torch.testing.assert_close(after.get_parameter(hidden), before.get_parameter(hidden), rtol=0, atol=0)


def test_a_network_that_onnx_cannot_express_is_published_for_pytorch(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unwritable_of_a_test.py").write_text("import torch\n" + UNWRITABLE)
    monkeypatch.syspath_prepend(str(tmp_path))
    backbone = "unwritable_of_a_test:BandMeans"
    recipe = write_recipe(catalogue, "unwritable", 1)
    recipe.write_text(recipe.read_text().replace("channels = 6", f'backbone = "{backbone}"\nchannels = 6'))
    warnings: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, TrainingWarning):
            warnings.append(event.message)

    trained = train_recipe(recipe, tmp_path / "run", listen, tmp_path / "cache").model
    assert trained is not None
    assert [warning for warning in warnings if "for PyTorch alone" in warning]
    assert not (trained / GRAPH).exists()
    assert MoodModel.load(trained, "cpu", trusted=[backbone]).engine.startswith("PyTorch ")
