"""Backbones and datasets of other packages: registered, named by a path, and refused where a file names them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from moodrec.data.sources import load_source
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import ConfigError, DataError, UsageError
from moodrec.model.backbones import build_backbone
from moodrec.model.checkpoint import load_model, save_model
from moodrec.model.network import MoodNetwork
from moodrec.model.spec import ModelSpec
from moodrec.plugins import check_trusted, plugin_names
from tests.small_model import small_spec

BANDS = "bandpack.networks:BandMeans"
MARK = "bandpack-was-imported"
NETWORKS = f'''
import pathlib
from torch import nn
from moodrec.model.backbones.base import Backbone

pathlib.Path(__file__).with_name("{MARK}").touch()


class BandMeans(Backbone):
    def __init__(self, n_mels, channels):
        super().__init__()
        self.features = 4 * channels
        self.hidden = nn.Sequential(nn.Linear(n_mels, self.features), nn.ReLU())

    def trunk(self, log_mel):
        return self.hidden(log_mel.mean(2))


class Narrow(nn.Module):
    def __init__(self, n_mels, channels):
        super().__init__()


def without_channels(n_mels):
    return None
'''
FOLDER = """
import numpy as np
from moodrec.data.labels import LabelTable


def load(root, calm=1.0):
    ids = sorted(path.stem for path in root.glob("*.txt"))
    return LabelTable.build("folder", {"track_id": ids}, {"folder:calm": np.full(len(ids), calm, np.float32)})


def load_nothing(root):
    return {}


NOT_A_FUNCTION = 3
"""
ENTRY_POINTS = """
[moodrec.backbones]
band_means = bandpack.networks:BandMeans
gone = bandpack.nowhere:Thing
narrow = bandpack.networks:Narrow

[moodrec.datasets]
text_folder = bandpack.folder:load
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder as pip fills it: the package ``bandpack``, not registered anywhere."""
    package = tmp_path / "site" / "bandpack"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "networks.py").write_text(NETWORKS)
    (package / "folder.py").write_text(FOLDER)
    return package.parent


def register(site: Path, name: str = "bandpack", entry_points: str = ENTRY_POINTS) -> None:
    """Add the metadata that an installation of ``name`` leaves."""
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_points)


@pytest.fixture
def path(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package can be imported; what was imported is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(site))
    for name in [name for name in sys.modules if name.split(".")[0] == "bandpack"]:
        monkeypatch.delitem(sys.modules, name)
    return site


@pytest.fixture
def installed(path: Path) -> Path:
    """The package can be imported and is registered."""
    register(path)
    return path


def spec_with(backbone: str) -> ModelSpec:
    spec = small_spec()
    return spec.model_copy(update={"network": spec.network.model_copy(update={"backbone": backbone})})


def write_model(folder: Path, backbone: str, graph: bool = False) -> Path:
    spec = spec_with(backbone)
    save_model(folder, MoodNetwork(spec.audio, spec.network, spec.heads), spec, graph)
    return folder


@pytest.mark.parametrize("name", ["band_means", BANDS])
def test_a_backbone_of_another_package_is_built(installed: Path, name: str) -> None:
    assert "band_means" in plugin_names("backbone")
    backbone = build_backbone(name, n_mels=32, channels=3)
    assert backbone.features == 12
    assert backbone(torch.randn(2, 32, 7)).shape == (2, 12)


@pytest.mark.parametrize("name", ["text_folder", "bandpack.folder:load"])
def test_a_dataset_of_another_package_is_read_with_its_options(
    installed: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "one.txt").touch()
    table = load_source(name, tmp_path, {"calm": 0.25})
    assert table.tracks["track_id"].tolist() == ["one"]
    assert table.targets["folder:calm"].tolist() == [0.25]
    with pytest.raises(UsageError, match=r"has no option colour; it has calm"):
        load_source(name, tmp_path, {"colour": 1})


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("resnext", r"unknown backbone 'resnext'.*short_chunk_resnet.*band_means"),
        ("gone", r"'gone' \(bandpack.nowhere:Thing\) cannot be imported.*bandpack.nowhere"),
        ("bandpack.networks:Missing", r"'bandpack.networks:Missing' cannot be imported.*Missing"),
        ("nosuchpackage:Thing", "'nosuchpackage:Thing' cannot be imported.*nosuchpackage"),
        ("bandpack.networks:", "not of the form package.module:Object"),
        ("../x.py:Thing", "not of the form package.module:Object"),
        ("narrow", "'narrow' made Narrow, not a Backbone"),
        (
            "bandpack.networks:without_channels",
            "'bandpack.networks:without_channels' takes n_mels and channels",
        ),
    ],
)
def test_a_backbone_that_does_not_work_is_named(installed: Path, name: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        build_backbone(name, 32, 3)


def test_a_dataset_that_does_not_work_is_named(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'deam'.*jamendo.*text_folder"):
        load_source("deam", tmp_path)
    with pytest.raises(DataError, match=r"'bandpack.folder:load_nothing' returned dict"):
        load_source("bandpack.folder:load_nothing", tmp_path)
    with pytest.raises(ConfigError, match=r"'bandpack.folder:NOT_A_FUNCTION' is no function"):
        load_source("bandpack.folder:NOT_A_FUNCTION", tmp_path)


def test_two_packages_with_one_name_are_an_error_that_names_both(installed: Path) -> None:
    register(installed, "otherpack", "[moodrec.backbones]\nband_means = otherpack:Bands\n")
    with pytest.raises(ConfigError, match=r"several times: bandpack.networks:BandMeans, otherpack:Bands"):
        build_backbone("band_means", 32, 3)


def test_a_plug_in_does_not_replace_a_backbone_of_moodrec(path: Path) -> None:
    register(path, entry_points="[moodrec.backbones]\nfcn = bandpack.networks:BandMeans\n")
    assert type(build_backbone("fcn", 32, 3)).__module__ == "moodrec.model.backbones.fcn"
    assert not (path / "bandpack" / MARK).exists()


def test_a_model_with_a_registered_backbone_loads_where_the_package_is(
    installed: Path, tmp_path: Path
) -> None:
    by_name, by_path = (write_model(tmp_path / name[:8], name) for name in ("band_means", BANDS))
    model = MoodModel.load(by_name, device="cpu")
    sound = 0.1 * np.random.default_rng(0).standard_normal((2, model.window_samples), np.float32)
    assert model.analyze_windows(sound).embedding.shape == (16,)
    load_model(by_path)  # the same object is registered under a name


def test_a_models_graph_needs_no_plug_in(path: Path, tmp_path: Path) -> None:
    model = MoodModel.load(write_model(tmp_path / "model", BANDS, graph=True), device="cpu")
    mark = path / "bandpack" / MARK
    mark.unlink()
    sound = 0.1 * np.random.default_rng(0).standard_normal((2, model.window_samples), np.float32)
    assert model.analyze_windows(sound).embedding.shape == (16,)
    assert not mark.exists()


def test_a_model_without_its_plug_in_says_what_is_missing(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", "fcn")
    document = json.loads((folder / "model.json").read_text())
    document["network"]["backbone"] = "band_means"
    (folder / "model.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=r"model: unknown backbone 'band_means'.*has to be installed"):
        load_model(folder)


def test_a_path_in_a_model_file_is_imported_only_if_the_caller_passes_it(path: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", BANDS)
    code = """
import sys
from moodrec import MoodModel, UsageError
folder, *trusted = sys.argv[1:]
try:
    print(len(MoodModel.load(folder, device="cpu", trusted=trusted).moods))
except UsageError as error:
    print(error)
"""
    mark = path / "bandpack" / MARK

    def load(*trusted: str) -> str:
        mark.unlink(missing_ok=True)
        environment = {"PYTHONPATH": f"{path}:{Path(__file__).parents[1]}", "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-c", code, str(folder), *trusted]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    for trusted in ((), ("bandpack.networks:Narrow",), (f"{BANDS}x",)):
        said = load(*trusted)
        assert f"names the backbone '{BANDS}'" in said
        assert not mark.exists()
    assert load(BANDS) == "2\n"
    assert mark.exists()


def test_a_part_of_a_trusted_string_is_not_trusted() -> None:
    with pytest.raises(UsageError, match="does not decide which code runs"):
        check_trusted("backbone", "os:system", "pos:systems", "a file")
    check_trusted("backbone", "os:system", "os:system", "a file")
    check_trusted("backbone", "fcn", (), "a file")
