"""Model folders: round trip, damage, absence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.model.checkpoint import load_model, save_model
from moodrec.model.describe import SPEC
from moodrec.model.folder import WEIGHTS
from moodrec.model.spec import ModelSpec, MoodScale
from tests.small_model import small_network, small_spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", small_network(), small_spec())
    return tmp_path / "model"


def test_round_trip_is_exact(folder: Path) -> None:
    loaded, original = load_model(folder), small_network().eval()
    log_mel = torch.rand(2, small_spec().audio.n_mels, 40)
    assert torch.equal(loaded.network.embed(log_mel), original.embed(log_mel))
    assert loaded.spec == small_spec()


def test_fingerprint_follows_weights_and_meaning(tmp_path: Path) -> None:
    def fingerprint(name: str, spec: ModelSpec, seed: int = 0) -> str:
        return save_model(tmp_path / name, small_network(seed), spec, graph=False)

    first, again = fingerprint("a", small_spec()), fingerprint("b", small_spec())
    weights = fingerprint("c", small_spec(), seed=1)
    scales = small_spec().scales | {"calm": MoodScale(quantiles=(0.0, 1.0))}
    meaning = fingerprint("d", small_spec().model_copy(update={"scales": scales}))
    words = fingerprint("e", small_spec().model_copy(update={"terms": "any"}))
    assert first == again == load_model(tmp_path / "a").fingerprint
    assert words == first
    assert len({first, weights, meaning}) == 3


@pytest.mark.parametrize("name", [WEIGHTS, SPEC])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damage_is_found(folder: Path, name: str, damage: str) -> None:
    data = bytearray((folder / name).read_bytes())
    if damage == "flip":
        place = data.index(b"n_mels") if name == SPEC else len(data) // 2
        data[place] ^= 0x40
    length = {"flip": len(data), "cut": len(data) // 2, "empty": 0}[damage]
    (folder / name).write_bytes(data[:length])
    with pytest.raises(CorruptStoreError, match=r"checksum|not a model description|not permitted"):
        load_model(folder)


def test_absent_model_says_what_a_model_is(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"folder with model\.json"):
        load_model(tmp_path)
