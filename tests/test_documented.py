"""Every command and every block of code in the documentation works, on a sample library and small tables."""

from __future__ import annotations

import fnmatch
import os
import re
import runpy
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer

from moodrec.cli.app import app
from moodrec.cli.settings import default_map
from moodrec.data.sources import load_source
from moodrec.index.mood_index import MoodIndex
from tests.cli.commands import run
from tests.documented import blocks, commands, make_place, save_files

NOT_RUN = {
    "moodrec train *": "training takes minutes; tests/training runs it",
    "moodrec experiment *": "training takes minutes; tests/evaluation runs it",
    "moodrec embed * --engine ray": "needs Ray; tests/bulk runs it",
    "moodrec index load *": "needs a database; tests/engines starts one",
    "moodrec link *": "needs a music server",
    "moodrec serve*": "runs until it is stopped; tests/serve runs it",
    "moodrec demo*": "analyses a whole album; tests/test_demo.py runs it",
    "moodrec benchmark *": "needs labelled music; tests/evaluation runs it",
    "moodrec evaluate * --data *": "needs labelled music; tests/cli/test_train_evaluate.py runs it",
    "moodrec evaluate --data *": "needs labelled music; tests/cli/test_train_evaluate.py runs it",
    "moodrec library switch": "needs a second model; tests/cli/test_library.py runs it",
    "moodrec model export *": "needs a trained model; tests/model runs it",
    "* --watch*": "runs until it is stopped; tests/cli/test_watch.py runs it",
}
"""Commands that are only parsed here, and why: their options must be there all the same."""
WHOLE = "docs/tour-researcher.md"
"""The page whose commands are all run, since it brings its own small music and networks."""
FOREIGN = {
    "docs/jamendo.md": "Essentia's own code",
    "docs/data-formats.md": "needs EMOPIA and fluidsynth",
    "docs/scale.md": "needs a PostgreSQL server; tests/engines starts one",
}
"""Pages whose Python is not run, and why; it must be Python all the same."""
COMMANDS = commands()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The place of the documentation, made once and copied for each page."""
    place = tmp_path_factory.mktemp("documented")
    make_place(place)
    return place


@pytest.fixture
def work(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of a reader whose library is the default one; what a page changes is put back."""
    kept = filled.parent / "kept"
    shutil.copytree(filled, kept, symlinks=True)
    monkeypatch.setenv("HOME", str(filled / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(filled / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(filled / "config"))
    for name in ("MOODREC_LIBRARY", "MOODREC_MODEL", "MOODREC_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(filled / "work")
    yield filled / "work"
    shutil.rmtree(filled)
    kept.rename(filled)


@pytest.mark.parametrize("page", COMMANDS)
def test_commands(work: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    if page == WHOLE:
        _prepare(work, monkeypatch)
    for command in COMMANDS[page]:
        arguments = [
            part.replace("~", os.environ["HOME"], part.startswith("~")) for part in shlex.split(command)[1:]
        ]
        if page != WHOLE and any(fnmatch.fnmatch(command, pattern) for pattern in NOT_RUN):
            assert run(*arguments, "--help").stdout.startswith("Usage")
            continue
        if arguments[0] == "export":
            arguments.append("--force")  # tables of the same name are there for other commands
        try:
            run(*arguments)
        except AssertionError as error:
            pytest.fail(f"{page}: {command}\n{error}")


def _prepare(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the files of the page, make its music, and let Python find its backbone."""
    saved = save_files(WHOLE, work)
    assert [path.name for path in saved] == [
        "make_songs.py",
        "recipe.toml",
        "lab_backbone.py",
        "own-backbone.toml",
        "plan.toml",
    ]
    monkeypatch.syspath_prepend(str(work))
    monkeypatch.setenv("XDG_CACHE_HOME", str(work / "cache"))
    runpy.run_path(str(saved[0]))


PYTHON = {
    page: [block.text for block in blocks("python") if block.page == page]
    for page in dict.fromkeys(block.page for block in blocks("python"))
}


@pytest.mark.parametrize("page", PYTHON)
def test_python(work: Path, page: str) -> None:
    code = compile("\n".join(PYTHON[page]), page, "exec")
    if page in FOREIGN:
        return
    exec(code, _names())


def _names() -> dict[str, Any]:
    """What the snippets take for granted."""
    rng = np.random.default_rng(0)
    ids = [f"t{i}" for i in range(40)]
    table = pd.DataFrame(
        {
            "track_id": ids,
            "artist": [f"artist {i % 20}" for i in range(40)],
            "year": np.arange(1980, 2020),
            "calm": rng.random(40),
            "happy": rng.random(40),
        }
    )
    vectors = rng.normal(size=(40, 128)).astype(np.float32)
    sample = MoodIndex.open("indexes/open-game-music")
    return {
        "__name__": "documented",
        "embeddings": vectors,
        "tracks": table,
        "changed_embeddings": vectors[:3],
        "changed_tracks": table[:3],
        "queries": vectors[:2],
        "query": vectors[0],
        "index": MoodIndex.build(vectors, table, moods=["calm", "happy"]),
        "licensed_ids": ids[:20],
        "liked": sample.track_ids[5],
        "skipped": sample.track_ids[50],
    }


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: f"{block.page}: {block.text[:20]!r}")
def test_toml(block: Any) -> None:
    tomllib.loads(block.text)


def test_the_settings_file(work: Path) -> None:
    (text,) = (block.text for block in blocks("toml") if block.page == "docs/cli.md")
    Path("moodrec.toml").write_text(text)
    settings = default_map(typer.main.get_command(app))
    assert settings["similar"]["k"] == 30
    assert settings["index"]["build"]["preset"] == "ivf"


def test_the_table_of_labels(work: Path) -> None:
    (text,) = (block.text for block in blocks("csv"))
    Path("my-tracks.csv").write_text(text)
    table = load_source("table", Path("my-tracks.csv"))
    assert list(table.tracks["track_id"]) == ["t1", "t2"]


def test_every_reason_for_not_running_is_needed() -> None:
    typed = [command for page in COMMANDS.values() for command in page]
    unused = [pattern for pattern in NOT_RUN if not fnmatch.filter(typed, pattern)]
    assert set(unused) <= {"* --watch*"}
    assert len(typed) > 60


@pytest.mark.parametrize("heading", ["| command | does |", "| command | keys |"])
def test_every_command_stands_in_the_tables_of_the_command_line(heading: str) -> None:
    groups = {
        name: set(getattr(command, "commands", {}))
        for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
    }
    every = {f"{name} {inner}".strip() for name, within in groups.items() for inner in within or {""}}
    told = {command for row in _rows_under(heading) for command in _commands_of(row, groups)}
    assert every - told == set()


def _rows_under(heading: str) -> Iterator[str]:
    """The first cells of a table of docs/cli.md."""
    lines = Path("docs/cli.md").read_text(encoding="utf-8").splitlines()
    for line in lines[lines.index(heading) + 2 :]:
        if not line.startswith("|"):
            return
        yield line.split(" | ")[0]


def _commands_of(cell: str, groups: dict[str, set[str]]) -> Iterator[str]:
    """The commands that a cell names: behind `` `library info` `` stand others of the group, without its name."""
    typed = [words.split() for words in re.findall(r"`([^`]+)`", cell)]
    name = typed[0][0]
    if not groups[name]:
        yield name
    elif len(typed[0]) == 1:
        yield from (f"{name} {inner}" for inner in groups[name])
    else:
        yield from (f"{name} {next(word for word in words if word != name)}" for words in typed)
