"""Models of a stranger who knows the format: other sizes, settings and weights, with the right checksum."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from benchmarks.reliability import mutations
from moodrec.embedding.engine import EngineName
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import MoodrecError
from moodrec.model.checkpoint import save_model
from moodrec.model.describe import describe_model
from moodrec.model.network import MoodNetwork
from tests.small_model import small_spec

BACKBONES = ("fcn", "musicnn", "short_chunk_cnn", "mn", "fa_resnet")
SIZES = (0, -1, 1, 2, 7, 513, 4096, 65_536, 10**6, 10**9, 1 << 31, 1 << 62, 0.001, 1e9, 1e300)
FIELDS = {
    "audio": (
        "sample_rate",
        "n_fft",
        "hop_length",
        "n_mels",
        "f_min",
        "f_max",
        "win_length",
        "loudness_lufs",
        "mel",
    ),
    "windows": ("window_s", "max_windows", "silence_dbfs"),
    "network": ("channels", "embedding_dim", "dropout", "backbone", "mood_reads"),
}
WORDS = (
    *BACKBONES,
    "kaldi",
    "slaney",
    "none",
    "features",
    "musicnn_mn",
    "musicnn_mn_tonal",
    "os.path:join",
    "../x",
    "efficientnet",
)
WAVEFORM = np.random.default_rng(0).standard_normal(5 * 16_000).astype(np.float32) / 10


def prepare(folder: Path) -> None:
    """Save an untrained model of several backbones."""
    for name in BACKBONES:
        spec = small_spec()
        network = spec.network.model_copy(update={"backbone": name})
        audio = spec.audio.model_copy(update={"n_mels": 96})
        spec = spec.model_copy(update={"network": network, "audio": audio})
        torch.manual_seed(1)
        save_model(folder / name, MoodNetwork(spec.audio, spec.network, spec.heads), spec)


def change(rng: random.Random, prepared: Path, place: Path) -> str:
    """Copy a model and change its description or its weights; says how."""
    name = rng.choice(BACKBONES)
    shutil.copytree(prepared / name, place)
    document = json.loads((place / "model.json").read_text())
    match rng.choice(("sizes", "sizes", "json", "json", "text", "weights", "weights", "bytes", "deep")):
        case "sizes":
            part = rng.choice(tuple(FIELDS))
            field = rng.choice(FIELDS[part])
            value = rng.choice(WORDS) if field in ("mel", "backbone", "mood_reads") else rng.choice(SIZES)
            document[part][field] = value
            how = f"{part}.{field} = {value}"
            if rng.random() < 0.3:
                document["windows"]["window_s"] = rng.choice((0.01, 1, 60, 300, 3600))
        case "json":
            how = mutations.json_of(rng, document)
        case "weights":
            how = _other_weights(rng, place / "model.safetensors")
        case "bytes":
            path = place / "model.safetensors"
            path.write_bytes(mutations.bytes_of(rng, path.read_bytes()))
            how = "bytes of the weights"
        case "deep":
            (place / "model.json").write_text('{"a":' * 100_000)
            return f"{name} deep"
        case _:
            text = mutations.bytes_of(rng, (place / "model.json").read_bytes())
            (place / "model.json").write_bytes(text)
            return f"{name} text"
    weights = (place / "model.safetensors").read_bytes()
    if "weights_sha256" in document:
        document["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    (place / "model.json").write_text(json.dumps(document))
    return f"{name} {how}"


def _other_weights(rng: random.Random, path: Path) -> str:
    state = safetensors.torch.load(path.read_bytes())
    name = rng.choice(list(state))
    tensor = state[name].clone()
    how = rng.choice(("value", "value", "huge", "type", "shape", "lose", "add", "negative"))
    match how:
        case "value" if tensor.is_floating_point() and tensor.numel():
            tensor.view(-1)[rng.randrange(tensor.numel())] = rng.choice(mutations.NUMBERS[:5])
        case "huge" if tensor.is_floating_point():
            tensor = tensor * 0 + rng.choice((1e38, -1e38, 1e-38))
        case "negative":
            tensor = -tensor.abs() - 1
        case "type":
            tensor = tensor.to(
                rng.choice((torch.float16, torch.float64, torch.int8, torch.bool, torch.bfloat16))
            )
        case "shape":
            tensor = rng.choice((tensor.reshape(-1), tensor[None], torch.cat([tensor.reshape(-1)] * 2)))
        case "lose":
            del state[name]
        case "add":
            state["more"] = torch.zeros(7)
    if how != "lose":
        state[name] = tensor.contiguous()
    path.write_bytes(safetensors.torch.save(state))
    return f"weights {name} {how}"


def use(place: Path) -> str:
    """Load a model, describe it, and analyse a waveform; says how that ended."""
    with suppress(MoodrecError):
        describe_model(place)
    outcomes = [_analysed(place, engine) for engine in ("torch", "auto")]
    return " and ".join(dict.fromkeys(outcomes))


def _analysed(place: Path, engine: EngineName) -> str:
    try:
        model = MoodModel.load(place, "cpu", engine=engine)
        found = model.analyze_waveform(WAVEFORM, 16_000)
    except MoodrecError as error:
        return type(error).__name__
    assert np.isfinite(found.embedding).all(), "an embedding that is not finite"
    assert np.isfinite(found.mood_scores).all(), "mood scores that are not finite"
    assert np.isfinite(found.probabilities).all(), "probabilities that are not finite"
    return "opened"
