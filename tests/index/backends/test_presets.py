"""Every preset keeps the contract, and its page says what it is for.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from moodrec.config import IndexConfig, unused_fields
from moodrec.errors import ConfigError, DataError, MissingExtraError, UsageError
from moodrec.index.backends.gpu.backend import require_gpu
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset, preset_names, settled
from moodrec.index.storage.manifest import Manifest
from moodrec.index.storage.store import read_current
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import IndexContract
from tests.index.inside import ivf


class TestFlat(IndexContract):
    preset = "flat"
    exact = True


class TestIvf(IndexContract):
    preset = "ivf"


class TestIvfSq8(IndexContract):
    preset = "ivf-sq8"


class TestIvfPq(IndexContract):
    preset = "ivf-pq"


class TestHnsw(IndexContract):
    preset = "hnsw"


class TestAuto(IndexContract):
    preset = "auto"
    exact = True


class TestGpu(IndexContract):
    preset = "gpu"
    exact = True

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _gpu(cls) -> None:
        try:
            require_gpu()
        except (MissingExtraError, UsageError) as error:
            pytest.skip(str(error))


def test_the_presets() -> None:
    assert preset_names() == ["auto", "flat", "gpu", "hnsw", "ivf", "ivf-pq", "ivf-sq8"]
    for name in preset_names():
        assert isinstance(load_preset(name), IndexConfig)


def test_unknown_and_wrong_presets(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'ivf'"):
        load_preset("iff")
    own = tmp_path / "own.toml"
    own.write_text("kind = 'hnsw'\nlinks = 8\n")
    assert load_preset(str(own)).links == 8
    own.write_text("kind = 'ivf'\nnprobe = 8\n")
    with pytest.raises(ConfigError, match="nprobe"):
        load_preset(str(own))
    own.write_text("kind = 'flat'\nlinks = 5\n")
    with pytest.raises(ConfigError, match="links is used by hnsw, not by flat"):
        load_preset(str(own))
    own.write_text("kind = 'hnsw'\ndevice = 'cuda'\n")
    with pytest.raises(ConfigError, match="on a CPU"):
        load_preset(str(own))


def test_auto_picks_by_size() -> None:
    auto = load_preset("auto")
    sizes = (0, auto.flat_below - 1, auto.flat_below, 10_000_000)
    assert [settled(auto, n).kind for n in sizes] == ["flat", "flat", "ivf-sq8", "ivf-sq8"]
    sample = sample_catalogue(100)
    small = auto.model_copy(update={"flat_below": 50})
    assert MoodIndex.build(sample.vectors, sample.table, MOODS, small).info().kind == "ivf-sq8"
    assert MoodIndex.build(sample.vectors, sample.table, MOODS, "auto").info().preset == "auto"


def test_lists_are_learnt_anew_after_growth() -> None:
    sample = sample_catalogue(400)
    config = load_preset("ivf").model_copy(update={"exact_rows": 0})
    index = MoodIndex.build(sample.vectors[:20], sample.table.slice(0, 20), MOODS, config)
    index.add(sample.vectors[20:40], sample.table.slice(20, 20))
    assert ivf(index).index.nlist == 17
    index.add(sample.vectors[40:], sample.table.slice(40))
    assert ivf(index).index.nlist == 80
    assert index.search(sample.vectors[5], k=1).track_ids[0, 0] == "t5"


@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8", "ivf-pq"])
def test_lists_need_tracks_to_learn_from(preset: str) -> None:
    empty = sample_catalogue(10).part(0, 0)
    with pytest.raises(DataError, match="'flat' or 'auto'"):
        MoodIndex.build(empty.vectors, empty.table, MOODS, preset)


def test_without_a_gpu_the_gpu_preset_says_what_to_install() -> None:
    try:
        require_gpu()
    except (MissingExtraError, UsageError):
        sample = sample_catalogue(10)
        with pytest.raises((MissingExtraError, UsageError), match=r"moodrec\[gpu\]|nvidia-smi"):
            MoodIndex.build(sample.vectors, sample.table, MOODS, "gpu")
    else:
        pytest.skip("there is a GPU here")


def test_codes_are_learnt_from_a_single_track_too() -> None:
    sample = sample_catalogue(300)
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, "ivf-pq")
    index.remove(index.track_ids[1:])
    assert index.search(sample.vectors[0], k=2).track_ids[0, 0] == "t0"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "flat", "links": 5}, "links is used by hnsw, not by flat"),
        ({"kind": "ivf", "ef_search": 5}, "ef_search is used by hnsw, not by ivf"),
        ({"kind": "auto", "pq_bytes": 8}, "pq_bytes is used by ivf-pq, not by auto"),
        ({"kind": "hnsw", "nlist": 9}, "nlist is used by ivf and ivf-sq8 and ivf-pq and auto, not by hnsw"),
        ({"kind": "flat", "exact_rows": 0}, "exact_rows is used by .*hnsw, not by flat"),
    ],
)
def test_a_field_that_the_kind_does_not_use_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        IndexConfig.model_validate(fields)


def test_a_field_that_says_the_default_is_no_harm() -> None:
    whole = IndexConfig(kind="flat").model_dump()
    assert IndexConfig.model_validate(whole) == IndexConfig(kind="flat")
    assert IndexConfig(kind="flat", device="cuda", exact_rows=0).exact_rows == 0
    assert all(name in IndexConfig.model_fields for name in unused_fields("nonsense"))


def test_an_index_whose_manifest_says_more_than_its_kind_uses_opens(tmp_path: Path) -> None:
    """Versions before this wrote what they were given, and ``auto`` settles for a kind."""
    sample = sample_catalogue(60)
    config = IndexConfig(kind="auto", nlist=7, most_lists=0.5)
    index = MoodIndex.build(sample.vectors, sample.table, MOODS, config)
    assert index.info().kind == "flat"
    index.save(tmp_path / "index")
    opened = MoodIndex.open(tmp_path / "index")
    assert opened.search(sample.vectors[3], k=1).track_ids[0, 0] == "t3"
    older = {**IndexConfig(kind="flat").model_dump(), "links": 5, "nlist": 9, "sq8_from": 3}
    manifest = read_current(tmp_path / "index", lambda version: version).manifest
    assert Manifest.model_validate({**manifest.model_dump(), "config": older}).config == IndexConfig(
        kind="flat"
    )
