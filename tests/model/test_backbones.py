"""The contract that every backbone passes."""

from __future__ import annotations

import pytest
import torch

from moodrec.errors import ConfigError
from moodrec.model.backbones import backbone_names, build_backbone
from moodrec.model.backbones.base import Backbone, pool_mean_max

N_MELS = 96


@pytest.fixture(params=backbone_names())
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(request.param, N_MELS, channels=4)


class TestBackboneContract:
    @pytest.mark.parametrize("frames", [1, 7, 157, 400])
    def test_any_length_gives_one_vector(self, backbone: Backbone, frames: int) -> None:
        features = backbone.eval()(torch.rand(3, N_MELS, frames))
        assert features.shape == (3, backbone.features)
        assert torch.isfinite(features).all()

    def test_gradients_reach_every_parameter(self, backbone: Backbone) -> None:
        backbone.train()(torch.rand(4, N_MELS, 157)).square().sum().backward()
        dead = [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.any()]
        assert dead == []

    def test_a_row_does_not_depend_on_its_batch(self, backbone: Backbone) -> None:
        batch = torch.rand(5, N_MELS, 157)
        together = backbone.eval()(batch)
        alone = torch.cat([backbone(row.unsqueeze(0)) for row in batch])
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)

    def test_different_music_gives_different_features(self, backbone: Backbone) -> None:
        features = backbone.eval()(torch.stack([torch.zeros(N_MELS, 157), torch.rand(N_MELS, 157)]))
        assert not torch.allclose(features[0], features[1], atol=1e-3)


@pytest.mark.parametrize(("name", "millions"), [("short_chunk_resnet", 0.55), ("fcn", 0.54)])
def test_parameter_counts_of_the_docstrings(name: str, millions: float) -> None:
    count = sum(p.numel() for p in build_backbone(name, N_MELS, channels=32).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.005)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="short_chunk_resnet"):
        build_backbone("resnext", N_MELS, 4)


def test_pooling_is_mean_beside_maximum() -> None:
    maps = torch.tensor([[[[1.0, 3.0]], [[0.0, 8.0]]]])
    assert pool_mean_max(maps).tolist() == [[2.0, 4.0, 3.0, 8.0]]


@pytest.mark.parametrize("name", backbone_names())
@pytest.mark.parametrize("frames", [16, 157])
def test_bfloat16_gradients_repeat(name: str, frames: int) -> None:
    torch.manual_seed(0)
    backbone = build_backbone(name, 32, channels=8).to(memory_format=torch.channels_last)
    log_mel = torch.rand(4, 32, frames)

    def gradients() -> torch.Tensor:
        backbone.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            features = backbone(log_mel)
        features.float().square().mean().backward()
        return torch.cat([p.grad.flatten() for p in backbone.parameters() if p.grad is not None])

    first = gradients()
    assert torch.isfinite(first).all()
    for _ in range(5):
        assert torch.equal(gradients(), first)
