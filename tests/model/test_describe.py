"""A model's description, read without torch, says the same as the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.model.describe import describe_model


def test_it_agrees_with_the_model() -> None:
    model, described = MoodModel.load(device="cpu"), describe_model()
    assert described.fingerprint == model.fingerprint
    assert described.moods == model.mood_descriptions
    assert described.name == model.name
    assert described.data


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"name": "x", "moods": {"calm": {}}}', '{"moods": 3}']
)
def test_a_damaged_description(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(CorruptStoreError, match=r"model\.json"):
        describe_model(tmp_path)


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        describe_model(tmp_path)
