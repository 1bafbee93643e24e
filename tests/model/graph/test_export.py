"""A graph computes what its network computes, for every backbone and every kind of spectrogram."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from moodrec.config import AudioConfig, ModelConfig, WindowConfig
from moodrec.errors import CorruptStoreError, ExportError
from moodrec.model.backbones import backbone_names
from moodrec.model.backbones.base import Backbone
from moodrec.model.checkpoint import load_model, save_model, write_graph
from moodrec.model.describe import PACKAGED_MODEL, SPEC
from moodrec.model.folder import GRAPH, WEIGHTS, read_model_files
from moodrec.model.frontend import build_front_end
from moodrec.model.graph.export import WaveformNetwork, export_graph
from moodrec.model.graph.session import GraphSession, GraphShape
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec
from moodrec.typing import Float32Array, FloatArray
from tests.small_model import small_network, small_spec

SAMPLES = AudioConfig(mel="none", n_mels=1, hop_length=1)
KALDI = AudioConfig(n_fft=512, win_length=400, hop_length=160, n_mels=128, f_max=15_000.0, mel="kaldi")
CHANNELS = {"musicnn": 20, "musicnn_mn": 16, "musicnn_mn_tonal": 16, "mn": 16}
OF_SAMPLES = ("musicnn_mn", "musicnn_mn_tonal")


def spec_for(backbone: str, audio: AudioConfig, window_s: float = 2.0) -> ModelSpec:
    network = ModelConfig(backbone=backbone, channels=CHANNELS.get(backbone, 4), embedding_dim=16)
    changes = {"audio": audio, "network": network, "windows": WindowConfig(window_s=window_s)}
    return small_spec().model_copy(update=changes)


def random_network(spec: ModelSpec) -> MoodNetwork:
    """A network whose norms have statistics, as after training."""
    torch.manual_seed(0)
    network = MoodNetwork(spec.audio, spec.network, spec.heads)
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            if module.affine:
                nn.init.uniform_(module.weight, -0.5, 1.5)
    return network.eval()


def sounds(spec: ModelSpec, count: int) -> Float32Array:
    """Noise, a loud tone in silence, and near silence."""
    rng, times = np.random.default_rng(1), np.arange(spec.window_samples) / spec.audio.sample_rate
    kinds = [
        0.2 * rng.standard_normal(len(times)),
        0.9 * np.sin(2 * np.pi * 440 * times),
        1e-4 * rng.standard_normal(len(times)),
    ]
    return np.stack([kinds[number % 3] for number in range(count)]).astype(np.float32)


def by_torch(network: MoodNetwork, spec: ModelSpec, windows: FloatArray) -> tuple[FloatArray, FloatArray]:
    with torch.inference_mode():
        whole = WaveformNetwork(network, spec.audio).to(torch.from_numpy(windows).dtype).eval()
        embedding, logits = whole(torch.from_numpy(windows))
    return embedding.numpy(), logits.numpy()


def assert_same(graph: bytes, network: MoodNetwork, spec: ModelSpec) -> None:
    session = GraphSession(graph, GraphShape.of(spec), "a test")
    for count in (1, 2, 5):
        windows = sounds(spec, count)
        for ours, theirs in zip(session.run(windows), by_torch(network, spec, windows), strict=True):
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() < 1e-5 * max(1.0, np.abs(theirs).max())


def cases() -> Iterator[tuple[str, AudioConfig, float]]:
    for name in backbone_names():
        yield name, SAMPLES if name in OF_SAMPLES else KALDI if name == "mn" else AudioConfig(), 2.0
    for name in OF_SAMPLES:
        yield name, SAMPLES, 6.1
    yield "musicnn", AudioConfig(n_fft=512, hop_length=256, n_mels=96, f_min=0.0), 1.03
    yield "fcn", AudioConfig(sample_rate=12_000, n_fft=512, win_length=301, hop_length=256, n_mels=41), 3.0


@pytest.mark.parametrize(("backbone", "audio", "window_s"), list(cases()))
def test_the_graph_computes_what_the_network_does(backbone: str, audio: AudioConfig, window_s: float) -> None:
    spec = spec_for(backbone, audio, window_s)
    network = random_network(spec)
    assert_same(export_graph(network, spec), network, spec)


def test_a_mood_head_that_reads_features_is_in_the_graph() -> None:
    spec = spec_for("fcn", AudioConfig(n_mels=32))
    spec = spec.model_copy(update={"network": spec.network.model_copy(update={"mood_reads": "features"})})
    network = random_network(spec)
    assert_same(export_graph(network, spec), network, spec)


def test_a_network_without_moods_has_a_graph_without_logits() -> None:
    spec = small_spec()
    spec = spec.model_copy(update={"heads": {"artist": spec.heads["artist"]}, "moods": {}, "scales": {}})
    graph = export_graph(MoodNetwork(spec.audio, spec.network, spec.heads), spec)
    embedding, logits = GraphSession(graph, GraphShape.of(spec), "a test").run(sounds(spec, 3))
    assert (embedding.shape, logits.shape) == ((3, 16), (3, 0))


def test_the_packaged_graph_computes_what_the_packaged_weights_do() -> None:
    """A pure tone leaves rounding alone in most bands, of which a logarithm makes much, in network and graph alike.

    So the graph is compared with the network in double precision: the network in single precision is further from it.
    """
    loaded, files = load_model(PACKAGED_MODEL), read_model_files(PACKAGED_MODEL)
    assert files.graph is not None
    session = GraphSession(files.graph, GraphShape.of(loaded.spec), "a test")
    windows = sounds(loaded.spec, 5)
    single = by_torch(loaded.network, loaded.spec, windows)
    exact = by_torch(loaded.network.double(), loaded.spec, windows.astype(np.float64))
    tones = np.arange(5) % 3 == 1
    for ours, rounded, true in zip(session.run(windows), single, exact, strict=True):
        error = np.abs(ours - true).max(axis=1) / max(1.0, np.abs(true).max())
        assert (error[~tones] < 1e-5).all()
        assert (error[tones] < 1.5e-5).all()
        assert np.abs(ours - true).max() < np.abs(rounded - true).max()


@pytest.mark.parametrize(
    "audio", [AudioConfig(), KALDI, AudioConfig(n_fft=500, win_length=333, hop_length=77)]
)
def test_the_spectrogram_in_the_graph_is_exact(audio: AudioConfig) -> None:
    class Front(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.front = build_front_end(audio)

        def forward(self, waveform: Tensor) -> Tensor:
            found: Tensor = self.front(waveform)
            return found

    spec = spec_for("fcn", audio)
    noise, tone, _ = windows = torch.from_numpy(sounds(spec, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
        of_noise, of_tone, _ = in_graph = Front()(windows)
    torch.testing.assert_close(of_noise, Front()(noise), atol=5e-6, rtol=0)
    # Bands without music beside a loud tone hold the rounding of the tone.
    torch.testing.assert_close(of_tone, Front()(tone), atol=1e-4, rtol=0)
    torch.testing.assert_close(in_graph, Front()(windows), atol=1e-4, rtol=0)


def test_the_network_stays_as_it_is() -> None:
    network = small_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    export_graph(network, small_spec())
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


class Unwritable(Backbone):
    """A backbone with an operation that ONNX lacks."""

    features = 3

    def trunk(self, log_mel: Tensor) -> Tensor:
        found: Tensor = torch.linalg.svdvals(log_mel)[:, :3]
        return found


class Forgetful(Backbone):
    """A backbone whose numbers change from call to call, so that no graph computes the same."""

    features = 3

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def trunk(self, log_mel: Tensor) -> Tensor:
        self.calls += 1
        return log_mel.mean((1, 2), keepdim=True)[:, 0] * self.calls * torch.ones(3)


@pytest.mark.parametrize(
    ("backbone", "says"), [(Unwritable(), "ONNX graph"), (Forgetful(), "something else")]
)
def test_what_cannot_be_written_is_refused(backbone: Backbone, says: str, tmp_path: Path) -> None:
    network = small_network()
    network.backbone, network.projection = backbone, nn.Linear(3, 16, bias=False)
    with pytest.raises(ExportError, match=says):
        save_model(tmp_path / "model", network, small_spec())
    assert not (tmp_path / "model").exists()
    assert not torch.onnx.is_in_onnx_export()


def test_a_folder_of_an_earlier_version_gets_a_graph_and_keeps_its_identity(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    fingerprint = save_model(folder, small_network(), small_spec(), graph=False)
    assert not (folder / GRAPH).exists()
    assert read_model_files(folder).graph is None
    written = write_graph(folder)
    assert (written.path, written.fingerprint) == (folder / GRAPH, fingerprint)
    files = read_model_files(folder)
    assert files.fingerprint == fingerprint
    assert files.graph is not None
    assert_same(files.graph, load_model(folder).network, files.spec)
    save_model(folder, small_network(), small_spec(), graph=False)
    assert not (folder / GRAPH).exists()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "another"])
def test_a_damaged_graph_is_found_and_can_be_written_anew(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    save_model(folder, small_network(), small_spec())
    data = bytearray((folder / GRAPH).read_bytes())
    if damage == "gone":
        (folder / GRAPH).unlink()
    else:
        data[len(data) // 2] ^= 1
        changed = {"flip": bytes(data), "cut": bytes(data[:100]), "empty": b"", "another": b"x" * 50}[damage]
        (folder / GRAPH).write_bytes(changed)
    with pytest.raises(CorruptStoreError, match=r"copy the model again"):
        read_model_files(folder)
    load_model(folder)  # needs the weights alone
    write_graph(folder)
    assert read_model_files(folder).graph is not None


def test_a_graph_of_another_model_is_refused(tmp_path: Path) -> None:
    spec = small_spec()
    graph = export_graph(small_network(), spec)
    for change in ({"window_samples": 99}, {"embedding_dim": 17}, {"targets": 4}, {"targets": 0}):
        shape = GraphShape(**{**vars(GraphShape.of(spec)), **change})
        with pytest.raises(CorruptStoreError, match="does not fit"):
            GraphSession(graph, shape, "a test")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(tmp_path, small_network(), small_spec(), graph=False)
    for name in (SPEC, WEIGHTS):
        monkeypatch.setattr("moodrec.model.folder.LARGEST", {SPEC: 1 << 20, WEIGHTS: 1 << 20, name: 100})
        with pytest.raises(CorruptStoreError, match="larger than"):
            read_model_files(tmp_path)
