"""MusiCNN beside MobileNetV3: the features are those of the two networks, normalised."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from moodrec.config import AudioConfig, ModelConfig
from moodrec.errors import ConfigError
from moodrec.model.backbones import build_backbone
from moodrec.model.backbones.musicnn_mn import MN_AUDIO, MUSICNN_AUDIO, PIECE, MusiCNNBesideMN
from moodrec.model.checkpoint import load_model, save_model
from moodrec.model.frontend import build_front_end
from moodrec.model.heads import HeadSpec
from moodrec.model.inference import mean_features, read_features
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import MOOD_TASK
from tests.small_model import small_spec

SAMPLES = AudioConfig(mel="none", n_mels=1, hop_length=1)


@pytest.fixture(scope="module")
def backbone() -> MusiCNNBesideMN:
    torch.manual_seed(0)
    found = build_backbone("musicnn_mn", 1, 16)
    assert isinstance(found, MusiCNNBesideMN)
    return found.eval()


@torch.inference_mode()
def test_features_are_those_of_both_networks(backbone: MusiCNNBesideMN) -> None:
    samples = 0.1 * torch.randn(2, 1, PIECE + 200)
    found = backbone.trunk(samples)
    musicnn = backbone.musicnn.network(build_front_end(MUSICNN_AUDIO)(samples[:, 0, 100:-100]))
    mn = backbone.mn.network(build_front_end(MN_AUDIO)(samples[:, 0]))
    torch.testing.assert_close(found, torch.cat([musicnn, mn], 1), atol=1e-5, rtol=1e-5)


def test_normalisation_evens_out_the_scales(backbone: MusiCNNBesideMN) -> None:
    pooled = 5 + 100 * torch.rand(64, backbone.features)
    backbone.norm.train()
    features = backbone.norm(pooled)
    backbone.norm.eval()
    assert features.mean(0).abs().max() < 1e-3
    assert (features.std(0, correction=0) - 1).abs().max() < 1e-3


@torch.inference_mode()
def test_spectrograms_keep_single_precision_under_autocast(backbone: MusiCNNBesideMN) -> None:
    samples = 0.1 * torch.randn(1, PIECE)
    exact = backbone.mn.spectrogram(samples)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(backbone.mn.log_mel(samples), exact)


def test_it_takes_samples_alone() -> None:
    with pytest.raises(ConfigError, match='mel = "none"'):
        build_backbone("musicnn_mn", 96, 16)
    with pytest.raises(ValidationError, match="n_mels = 1 and hop_length = 1"):
        AudioConfig(mel="none")


def test_samples_are_passed_on_as_one_band() -> None:
    assert build_front_end(SAMPLES)(torch.zeros(4, 1000)).shape == (4, 1, 1000)


CONFIG = ModelConfig(backbone="fcn", channels=4, embedding_dim=3, mood_reads="features")
HEADS = {
    MOOD_TASK: HeadSpec(kind="multi_label", labels=("a", "b")),
    "year": HeadSpec(kind="classes", labels=("c", "d")),
}


class TestMoodsOfFeatures:
    """A mood head that reads the features, and not the embedding."""

    def test_it_is_stored_and_read(self, tmp_path: Path) -> None:
        network = MoodNetwork(AudioConfig(), CONFIG, HEADS).eval()
        assert network.heads[MOOD_TASK].weight.shape == (2, network.backbone.features)
        assert network.heads["year"].weight.shape == (2, 3)
        spec = small_spec().model_copy(
            update={
                "audio": AudioConfig(),
                "network": CONFIG,
                "heads": HEADS,
                "moods": {},
                "scales": {},
            }
        )
        save_model(tmp_path / "model", network, spec)
        loaded = load_model(tmp_path / "model").network
        log_mels = torch.rand(5, AudioConfig().n_mels, 40)
        assert torch.equal(loaded(log_mels).logits[MOOD_TASK], network(log_mels).logits[MOOD_TASK])

    @torch.inference_mode()
    def test_a_track_is_the_mean_of_its_windows(self) -> None:
        network = MoodNetwork(AudioConfig(), CONFIG, HEADS).eval()
        log_mels = torch.rand(5, AudioConfig().n_mels, 40)
        windows, track = network(log_mels), read_features(network, mean_features(network, log_mels))
        torch.testing.assert_close(torch.from_numpy(track.embedding), windows.embedding.mean(0))
        for task, logits in windows.logits.items():
            torch.testing.assert_close(torch.from_numpy(track.logits[task]), logits.mean(0))

    def test_models_of_before_are_described_as_before(self) -> None:
        assert "mood_reads" not in ModelConfig().model_dump()
        assert ModelConfig.model_validate(CONFIG.model_dump()) == CONFIG
