"""A real, if untrained, model over a label table of real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from moodrec.data.labels import LabelTable
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import DataError
from moodrec.evaluation.predict import predict
from moodrec.model.checkpoint import save_model
from tests.small_model import small_network, small_spec


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> MoodModel:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, small_network(), small_spec())
    return MoodModel.load(folder, "cpu")


def table_of(folder: Path, *targets: str) -> LabelTable:
    """Three audible tracks, one silent, one without a file."""
    rng = np.random.default_rng(0)
    places = []
    for i in range(4):
        places.append(str(folder / f"{i}.wav"))
        soundfile.write(places[-1], 0.2 * rng.normal(size=32_000) * (i < 3), 16_000)
    ids = ["a", "b", "c", "silent", "absent"]
    values = {target: np.array([0, 1, 0, 1, 0], np.float32) for target in targets}
    return LabelTable.build("test", {"track_id": ids, "audio": [*places, ""]}, values)


def test_raw_targets_are_predicted_by_name(tmp_path: Path, model: MoodModel) -> None:
    table = table_of(tmp_path, "test:sad", "test:unknown", "test:calm")
    seen: list[tuple[int, int]] = []
    found = predict(model, table, lambda done, total: seen.append((done, total)))
    assert found.track_ids == ("a", "b", "c")
    assert found.targets == ("test:sad", "test:calm")
    for row in range(3):
        whole = model.predict_targets(table.tracks["audio"][row])
        expected = whole[[model.target_names.index(name) for name in found.targets]]
        np.testing.assert_allclose(found.scores[row], expected, rtol=1e-6)
    assert set(found.failures) == {"silent", "absent"}
    assert "silent" in found.failures["silent"]
    assert seen == [(i, 5) for i in range(1, 6)]


def test_published_moods_stand_in_for_targets_of_other_datasets(tmp_path: Path, model: MoodModel) -> None:
    table = table_of(tmp_path, "mine:blue", "test:happy")
    found = predict(model, table)
    blue = model.analyze(table.tracks["audio"][0]).probabilities[model.moods.index("blue")]
    assert found.targets == ("mine:blue", "test:happy")
    assert found.scores[0, 0] == pytest.approx(blue)


def test_refuses_what_cannot_be_predicted(tmp_path: Path, model: MoodModel) -> None:
    with pytest.raises(DataError, match=r"none of test's targets \(x:y\); its moods are calm, blue"):
        predict(model, table_of(tmp_path, "x:y"))
    table = table_of(tmp_path, "test:calm")
    with pytest.raises(DataError, match="none of its 2 tracks can be analysed"):
        predict(model, table.select(np.array([False, False, False, True, True])))
    with pytest.raises(DataError, match="has no tracks"):
        predict(model, table.select(np.zeros(5, bool)))
