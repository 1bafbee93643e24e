"""The committed MTG-Jamendo recipes, made small, on ten made-up tracks in the official layout: trained and scored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.cli.commands import run, run_json
from tests.model.published_mel import published_mel

RECIPES = Path(__file__).parents[2] / "recipes"
SAMPLE_RATE = 44_100
HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"
PARTS = {"train": range(6), "validation": range(6, 8), "test": range(8, 10)}
SMALL = """
base = "{base}"
[windows]
window_s = 1.0
max_windows = 2
[network]
channels = 4
embedding_dim = 8
[training]
epochs = 2
batch_size = 4
checkpoint_every = 1
threads = 1
"""


def tags(number: int) -> str:
    """Low tracks are calm, high ones are epic."""
    return "mood/theme---epic" if number % 2 else "mood/theme---calm"


def line(number: int, tags: str) -> str:
    ids = f"track_{number:07}\tartist_{number // 2 if number < 6 else number:06}\talbum_{number:06}"
    return f"{ids}\t{number:02}/{number}.mp3\t60.0\t{tags}"


def sound(number: int) -> np.ndarray:
    """Two seconds, faintly noisy, around 300 or 1,200 Hz."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    noise = 0.01 * np.random.default_rng(number).normal(size=time.size)
    tone = 0.2 * np.sin(2 * np.pi * (1200 if number % 2 else 300) * (1 + number / 50) * time)
    return (tone + noise).astype(np.float32)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the dataset's repository with ``audio/`` and ``melspecs/`` beside its ``data/``."""
    root = tmp_path_factory.mktemp("mtg-jamendo-dataset")
    splits = root / "data/splits/split-0"
    splits.mkdir(parents=True)
    for part, numbers in PARTS.items():
        rows = [line(number, tags(number)) for number in numbers]
        (splits / f"autotagging_moodtheme-{part}.tsv").write_text("\n".join([HEADER, *rows]) + "\n")
    complete = [line(n, f"genre---{'rock' if n % 2 else 'folk'}\tinstrument---piano") for n in range(10)]
    (root / "data/autotagging.tsv").write_text("\n".join([HEADER, *complete]) + "\n")
    for number in range(10):
        for folder in ("audio", "melspecs"):
            (root / f"{folder}/{number:02}").mkdir(parents=True)
        soundfile.write(root / f"audio/{number:02}/{number}.mp3", sound(number), SAMPLE_RATE)
        np.save(root / f"melspecs/{number:02}/{number}.npy", published_mel(sound(number), SAMPLE_RATE))
    return root


@pytest.fixture(autouse=True)
def surroundings(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MTG_JAMENDO", str(dataset))


@pytest.mark.parametrize(
    ("recipe", "options", "heads"),
    [
        ("jamendo-vgg", ("files=melspecs", "kind=melspecs"), {"mood"}),
        ("jamendo-best", ("files=audio",), {"mood", "genre", "artist"}),
    ],
)
def test_a_recipe_trains_and_its_model_is_scored_on_the_test_split(
    dataset: Path, tmp_path: Path, recipe: str, options: tuple[str, ...], heads: set[str]
) -> None:
    own = tmp_path / f"{recipe}.toml"
    smaller = "[tasks.artist]\nmin_count = 2\n[tasks.genre]\nmin_count = 2\n" if "genre" in heads else ""
    own.write_text(SMALL.format(base=RECIPES / f"{recipe}.toml") + smaller)
    printed = run("train", own, "--out", tmp_path / "run", "--json").stdout
    events = [json.loads(text) for text in printed.splitlines()]
    network = next(event for event in events if event["event"] == "network")
    assert network["tracks"] == 6
    assert set(network["heads"]) == heads
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]

    given = [part for option in options for part in ("--option", option)]
    scored = ("--data", "jamendo", "--root", dataset, *given, "--split", "test", "--resamples", 20)
    report = run_json("evaluate", events[-1]["model"], *scored)
    assert report["n_tracks"] == 2
    assert report["n_without_prediction"] == 0
    assert [tag["tag"] for tag in report["tags"]] == ["jamendo:calm", "jamendo:epic"]


def test_a_model_of_other_settings_cannot_be_scored_on_spectrograms(dataset: Path) -> None:
    command = ("evaluate", "--data", "jamendo", "--root", dataset, "--split", "test")
    spectrograms = ("--option", "files=melspecs", "--option", "kind=melspecs")
    result = run(*command, *spectrograms, code=2)
    assert "MTG-Jamendo's mel spectrograms need sample_rate = 12000" in result.stderr
