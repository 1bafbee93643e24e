"""The context of a model: fitted from out-of-fold scores, and kept in the model's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.model.checkpoint import load_model, save_model
from moodrec.model.context.model import ContextModel
from moodrec.model.describe import describe_model
from moodrec.model.folder import add_context
from moodrec.training.context import fit_context
from tests.library.contexts import made_context
from tests.small_model import small_network, small_spec

MOODS = ("calm", "blue")


def tracks(artists: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Logits of targets, labels of moods, and metadata; moods follow the artist, whom the audio hardly tells."""
    rng = np.random.default_rng(seed)
    n = artists * each
    artist = np.repeat(np.arange(artists), each)
    taste = rng.normal(size=(artists, 2))[artist] * 3
    truth = taste + rng.normal(size=(n, 2))
    labels = (truth > 0).astype(np.float32)
    audio = truth + rng.normal(size=(n, 2)) * 4
    logits = np.column_stack([audio[:, 0], audio[:, 1], audio[:, 1]]).astype(np.float32)
    frame = pd.DataFrame(
        {
            "track_id": [f"t{row}" for row in range(n)],
            "artist": [f"Artist {number}" for number in artist],
            "album": [None] * n,
            "genre": [["rock"] if value > 0 else ["ambient"] for value in taste[:, 0]],
            "year": [np.nan] * n,
        }
    )
    return logits, labels, frame


def fitted(artists: int = 40, each: int = 6) -> ContextModel | None:
    logits, labels, frame = tracks(artists, each)
    return fit_context(small_spec(), logits, labels, frame, "made up")


def test_what_artists_and_genres_tell_is_found() -> None:
    context = fitted()
    assert context is not None
    assert tuple(context.moods) == MOODS
    assert all(mood.artist.weight > 0 for mood in context.moods.values())
    assert context.moods["calm"].genres["rock"] > context.moods["calm"].genres["ambient"]
    assert context.fitted_on == "out-of-fold scores of 240 tracks of made up"


def test_there_is_no_context_where_it_cannot_be_known_or_tells_nothing() -> None:
    assert fitted(artists=2) is None
    assert fitted(artists=40, each=1) is None or not any(
        mood.artist.weight
        for mood in fitted(artists=40, each=1).moods.values()  # type: ignore[union-attr]
    )


def test_a_model_folder_keeps_its_context(tmp_path: Path) -> None:
    plain = save_model(tmp_path, small_network(), small_spec(), graph=False)
    assert load_model(tmp_path).context is None
    context = made_context(MOODS)
    fingerprint = add_context(tmp_path, context)
    assert fingerprint != plain
    model = MoodModel.load(tmp_path)
    assert model.context == context
    assert model.fingerprint == describe_model(tmp_path).fingerprint == fingerprint
    other = context.model_copy(update={"means": {"ambient": 0.2}})
    assert add_context(tmp_path, other) not in (plain, fingerprint)
    assert add_context(tmp_path, None) == plain
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    assert save_model(tmp_path, small_network(), small_spec(), graph=False, context=context) == fingerprint


@pytest.mark.parametrize("damage", ["changed", "gone", "other moods"])
def test_a_context_that_is_not_the_models_is_refused(tmp_path: Path, damage: str) -> None:
    save_model(tmp_path, small_network(), small_spec(), graph=False, context=made_context(MOODS))
    place = tmp_path / "context.json"
    if damage == "changed":
        place.write_text(place.read_text().replace("0.5", "0.6", 1))
    elif damage == "gone":
        place.unlink()
    else:
        add_context(tmp_path, made_context(("joyful",)))
    with pytest.raises((CorruptStoreError, NotFoundError), match=r"context\.json"):
        load_model(tmp_path)
