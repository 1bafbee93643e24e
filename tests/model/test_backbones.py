"""The contract that every backbone passes, and the figures that their docstrings give."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moodrec.errors import ConfigError
from moodrec.model.backbones import backbone_names, build_backbone
from moodrec.model.backbones.base import (
    Backbone,
    MapBackbone,
    MelNorm,
    StridedConv,
    conv_block,
    halve,
    pool_mean_max,
)
from moodrec.model.backbones.efficientnet import SqueezeExcitation
from moodrec.model.backbones.fa_resnet import FAResNet, FrequencyAwareConv, frequency_places, kernel_sizes
from moodrec.model.backbones.musicnn import FilterBank, MusiCNN

N_MELS = 96
PUBLISHED = {
    "efficientnet": [(16, 0.34)],
    "fa_resnet": [(24, 0.12), (128, 3.3)],
    "fcn": [(24, 0.30)],
    "mn": [(64, 0.71), (160, 4.2)],
    "musicnn_mn": [(128, 1.5)],
    "musicnn_mn_tonal": [(128, 1.5)],
    "short_chunk_cnn": [(32, 0.21), (128, 3.4)],
    "short_chunk_resnet": [(32, 0.55), (128, 8.8)],
}
"""Millions of parameters at some ``channels``."""
FIELDS = {"efficientnet": 134, "fa_resnet": 56, "fcn": 94, "short_chunk_cnn": 382, "short_chunk_resnet": 763}
"""Frames that a point of the last map depends on."""


OF_SAMPLES = ("musicnn_mn", "musicnn_mn_tonal")
"""Backbones that take samples and no spectrogram."""


def bands_of(name: str) -> int:
    return 1 if name in OF_SAMPLES else N_MELS


@dataclass(frozen=True)
class Inputs:
    """Makes the inputs of a kind of backbone."""

    of_samples: bool

    def random(self, batch: int, frames: int) -> Tensor:
        """As many frames of noise, or the samples of about as many frames."""
        if self.of_samples:
            return 0.2 * torch.randn(batch, 1, 256 * (frames + 1))
        return torch.rand(batch, N_MELS, frames)

    def silent(self, frames: int) -> Tensor:
        return torch.zeros_like(self.random(1, frames))

    def steady(self, frames: int) -> tuple[Tensor, Tensor, Tensor]:
        """A sound, the same for twice as long, and another."""
        if self.of_samples:
            one, other = (torch.randn(1, 1, 256) for _ in range(2))
            return one.tile(frames), one.tile(2 * frames), other.tile(frames)
        one, other = torch.rand(2, 1, N_MELS, 1)
        return (
            one.expand(1, N_MELS, frames),
            one.expand(1, N_MELS, 2 * frames),
            other.expand(1, N_MELS, frames),
        )


@pytest.fixture(params=backbone_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def inputs(name: str) -> Inputs:
    return Inputs(name in OF_SAMPLES)


@pytest.fixture
def backbone(name: str, inputs: Inputs) -> Backbone:
    torch.manual_seed(0)
    return settled(build_backbone(name, bands_of(name), channels=8), inputs)


def settled(backbone: Backbone, inputs: Inputs) -> Backbone:
    """With the statistics of one batch in its normalisations: without them an untrained signal fades away."""
    for module in backbone.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    with torch.no_grad():
        backbone.train()(inputs.random(8, 157))
    return backbone


class TestBackboneContract:
    @pytest.mark.parametrize("frames", [1, 7, 16, 94, 157, 400])
    def test_any_length_gives_one_vector(self, backbone: Backbone, inputs: Inputs, frames: int) -> None:
        features = backbone.eval()(inputs.random(3, frames))
        assert features.shape == (3, backbone.features)
        assert torch.isfinite(features).all()

    @pytest.mark.parametrize("frames", [16, 157])
    def test_gradients_reach_every_parameter(self, backbone: Backbone, inputs: Inputs, frames: int) -> None:
        backbone.train()(inputs.random(4, frames)).square().sum().backward()
        dead = [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.any()]
        assert dead == []
        assert all(torch.isfinite(p.grad).all() for p in backbone.parameters() if p.grad is not None)

    def test_a_row_does_not_depend_on_its_batch(self, backbone: Backbone, inputs: Inputs) -> None:
        batch = inputs.random(5, 157)
        together = backbone.eval()(batch)
        alone = torch.cat([backbone(row.unsqueeze(0)) for row in batch])
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)

    def test_different_music_gives_different_features(self, backbone: Backbone, inputs: Inputs) -> None:
        features = backbone.eval()(torch.cat([inputs.silent(157), inputs.random(1, 157)]))
        assert not torch.allclose(features[0], features[1], atol=1e-3)

    def test_a_steady_sound_is_the_same_at_any_length(self, backbone: Backbone, inputs: Inputs) -> None:
        with torch.inference_mode():
            once, twice, another = map(backbone.eval(), inputs.steady(1536))
        assert (once - twice).norm() < 0.2 * (once - another).norm()

    @pytest.mark.parametrize("frames", [16, 94, 157])
    def test_bfloat16_gradients_repeat(self, backbone: Backbone, inputs: Inputs, frames: int) -> None:
        backbone = backbone.to(memory_format=torch.channels_last)
        log_mel = inputs.random(4, frames)
        first = bfloat16_gradients(backbone, log_mel)
        assert torch.isfinite(first).all()
        for _ in range(3):
            assert torch.equal(bfloat16_gradients(backbone, log_mel), first)

    def test_bfloat16_features_are_near_float32(self, backbone: Backbone, inputs: Inputs) -> None:
        log_mel = inputs.random(4, 94)
        full = backbone.eval()(log_mel)
        with torch.autocast("cpu", torch.bfloat16):
            half = backbone(log_mel).float()
        assert (half - full).norm() < 0.15 * full.norm()

    def test_the_trunk_works_without_the_neck(self, backbone: Backbone, inputs: Inputs) -> None:
        log_mel = inputs.random(2, 94)
        with torch.no_grad():
            pooled = backbone.eval().trunk(log_mel)
            assert torch.equal(backbone.neck(pooled), backbone(log_mel))
            for name in backbone.neck_modules:
                for parameter in backbone.get_submodule(name).parameters():
                    parameter.add_(1.0)
            assert torch.equal(backbone.trunk(log_mel), pooled)


def bfloat16_gradients(backbone: Backbone, log_mel: Tensor) -> Tensor:
    backbone.zero_grad()
    torch.manual_seed(0)  # of dropout
    with torch.autocast("cpu", torch.bfloat16):
        features = backbone.train()(log_mel)
    features.float().square().mean().backward()
    return torch.cat([p.grad.flatten() for p in backbone.parameters() if p.grad is not None])


# The figures of the docstrings


def doc_of(name: str) -> str:
    return " ".join((importlib.import_module(f"moodrec.model.backbones.{name}").__doc__ or "").split())


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_counts_of_the_docstrings(name: str) -> None:
    for channels, millions in PUBLISHED[name]:
        count = sum(p.numel() for p in build_backbone(name, bands_of(name), channels).parameters())
        digits = str(millions)[::-1].find(".")
        assert round(count / 1e6, digits) == millions
        assert re.search(rf"{millions:g}0? M at (``channels = )?{channels}\b", doc_of(name))


@pytest.mark.parametrize("name", FIELDS)
def test_receptive_fields_of_the_docstrings(name: str) -> None:
    backbone = build_backbone(name, N_MELS, channels=2)
    assert isinstance(backbone, MapBackbone)
    bands, frames = receptive_field(backbone)
    assert frames == FIELDS[name]
    assert bands == min(N_MELS, frames)
    seconds = f"{frames * 512 / 16_000:.2g}"
    assert re.search(rf"\b{frames} frames \({seconds}(\.0)? s at hop 512", doc_of(name))


def receptive_field(backbone: MapBackbone) -> tuple[int, int]:
    """Bands and frames that the middle of the last map depends on.

    All weights become positive and all maxima means: whatever is connected then has a gradient above zero.
    """
    connect(backbone)
    for parameter in backbone.parameters():
        torch.nn.init.constant_(parameter, 0.5)
    log_mel = torch.ones(1, N_MELS, 2048, dtype=torch.float64, requires_grad=True)
    last = backbone.double().eval().maps(log_mel)
    last[0, 0, last.shape[2] // 2, last.shape[3] // 2].backward()
    assert log_mel.grad is not None
    reached = log_mel.grad[0] != 0
    return int(reached.any(1).sum()), int(reached.any(0).sum())


def connect(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.MaxPool2d):
            setattr(module, name, nn.AvgPool2d(2, ceil_mode=True))
        elif isinstance(child, SqueezeExcitation):
            setattr(module, name, nn.Identity())
        else:
            connect(child)


# The parts


def test_musicnn_takes_the_maximum_first_for_the_same_features() -> None:
    torch.manual_seed(0)
    backbone = settled(build_backbone("musicnn", N_MELS, channels=8), Inputs(of_samples=False)).eval()
    assert isinstance(backbone, MusiCNN)
    mel = torch.randn(2, 1, N_MELS, 50)
    for filters in backbone.filters:
        assert isinstance(filters, FilterBank)
        with torch.no_grad():
            filters.norm.weight[::2] *= -1
            filters.norm.bias.normal_()
        padded = F.pad(mel, ((filters.length - 1) // 2, filters.length // 2))
        plain = filters.norm(F.relu(filters.conv(padded))).amax(2)
        torch.testing.assert_close(filters(mel), plain, atol=1e-5, rtol=1e-5)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="short_chunk_resnet"):
        build_backbone("resnext", N_MELS, 4)


def test_every_published_backbone_is_found() -> None:
    assert set(PUBLISHED) <= set(backbone_names())


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (8, 7)])
def test_a_strided_convolution_is_an_ordinary_one(size: tuple[int, int]) -> None:
    conv = StridedConv(4, 4, 3, 2, 1, groups=2)
    x = torch.randn(2, 4, *size)
    torch.testing.assert_close(conv(x), nn.Conv2d.forward(conv, x), atol=1e-6, rtol=1e-5)


def test_pooling_is_mean_beside_maximum() -> None:
    maps = torch.tensor([[[[1.0, 3.0]], [[0.0, 8.0]]]])
    assert pool_mean_max(maps).tolist() == [[2.0, 4.0, 3.0, 8.0]]


def test_rectified_after_pooling_equals_before() -> None:
    block = conv_block(2, 4).train()
    x = torch.randn(3, 2, 9, 7)
    conv, norm = block[0], block[1]
    torch.testing.assert_close(block(x), halve()(F.relu(norm(conv(x)))), atol=0, rtol=0)


@pytest.mark.parametrize("kernel", [1, 3])
def test_frequency_aware_convolution_is_one_over_a_joined_map(kernel: int) -> None:
    conv = FrequencyAwareConv(3, 5, kernel)
    x = torch.randn(2, 3, 6, 4)
    joined = torch.cat([x, frequency_places(x).expand(2, 1, 6, 4)], dim=1)
    torch.testing.assert_close(conv(x), F.conv2d(joined, conv.weight, padding=kernel // 2))


def test_places_run_from_the_lowest_band_to_the_highest() -> None:
    assert frequency_places(torch.zeros(2, 3, 5, 1)).flatten().tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_frequency_awareness_tells_where_a_tone_lies() -> None:
    log_mel = torch.zeros(2, N_MELS, 200)
    log_mel[0, 32], log_mel[1, 64] = 1.0, 1.0
    torch.manual_seed(0)
    backbone = settled(FAResNet(N_MELS, 4, rho=0), Inputs(of_samples=False))
    backbone.norm = MelNorm(N_MELS)  # of no band more than of another
    backbone.eval()
    low, high = backbone(log_mel)
    assert not torch.allclose(low, high, atol=1e-3)
    for conv in (m for m in backbone.modules() if isinstance(m, FrequencyAwareConv)):
        nn.init.zeros_(conv.weight[:, -1])
    low, high = backbone(log_mel)
    torch.testing.assert_close(low, high)


def test_rho_counts_the_wide_kernels_after_the_first() -> None:
    assert kernel_sizes(3)[:4] == [(3, 1), (3, 3), (3, 1), (1, 1)]
    assert [sum(kernels, ()).count(3) for kernels in map(kernel_sizes, (0, 7, 22))] == [1, 8, 23]


@pytest.mark.parametrize(("rho", "frames"), [(0, 24), (1, 32), (2, 40), (3, 56), (7, 136)])
def test_rho_sets_the_receptive_field(rho: int, frames: int) -> None:
    assert receptive_field(FAResNet(N_MELS, 2, rho))[1] == frames


def test_a_gate_weighs_whole_channels() -> None:
    x = torch.rand(2, 4, 3, 5) + 0.1
    gates = SqueezeExcitation(4)(x) / x
    torch.testing.assert_close(gates, gates[:, :, :1, :1].expand_as(gates))
    assert ((gates >= 0) & (gates <= 1)).all()
