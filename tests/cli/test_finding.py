"""Finding things: choosing among tracks at a terminal, the Tab key, columns, advice, the default library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moodrec.cli.app import app
from moodrec.demo.sample import find_sample_index
from moodrec.errors import NotFoundError
from moodrec.recommend.recommender import Recommender
from tests.cli.commands import run, run_json

SAMPLE = find_sample_index()


def completed(*words: str) -> list[str]:
    """What the Tab key offers for the last word."""
    environment = {
        "_MOODREC_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["moodrec", *words]),
        "COMP_CWORD": str(len(words)),
        "MOODREC_LIBRARY": str(SAMPLE),
    }
    return CliRunner().invoke(app, [], env=environment, prog_name="moodrec").stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("similar", "Love"), "Love Theme"),
        (("similar", "lov"), "love Theme"),
        (("moods", "--colour-by", "dr"), "dreamy"),
        (("similar", "x", "--mood", "happy=0.9,ca"), "happy=0.9,calm"),
        (("list", "--sort", "calm,-ye"), "calm,-year"),
        (("list", "--columns", "+trac"), "+track_id"),
        (("playlist", "arc", "--from", "cal"), "calm"),
        (("col",), "columns"),
    ],
)
def test_the_tab_key(words: tuple[str, ...], offered: str) -> None:
    assert offered in completed(*words)


def test_the_tab_key_without_a_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not any(completed("similar", "-l", str(tmp_path), "love"))


@pytest.mark.parametrize(
    ("answer", "code", "shown"), [("9\n2\n", 0, "Love Theme"), ("\n", 2, "error: 2 tracks match")]
)
def test_a_person_at_a_terminal_chooses_by_number(answer: str, code: int, shown: str) -> None:
    main, child = os.openpty()
    command = [sys.executable, "-m", "moodrec", "similar", "lvoe theme", "-k", "1", "-l", str(SAMPLE)]
    with subprocess.Popen(command, stdin=child, stdout=subprocess.PIPE, stderr=child, text=True) as process:
        os.close(child)
        os.write(main, answer.encode())
        told = b""
        try:
            while part := os.read(main, 1000):
                told += part
        except OSError:  # the other end of a terminal is closed
            pass
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(main)
    assert process.returncode == code
    assert b"  2  Ryan Reilly - Love Theme (The Battle for Wesnoth OST)" in told
    assert shown in out + told.decode()


def test_a_part_of_a_title_and_several() -> None:
    assert run_json("similar", "love", "-l", SAMPLE, "-k", 1)["seed"]["title"] == "Love Theme"
    failure = run_json("moods", "--of", "lvoe theme", "-l", SAMPLE, code=2)["error"]
    assert len(failure["matches"]) == 2


def test_columns_and_advice() -> None:
    found = run_json("columns", "-l", SAMPLE, "--values", 1)
    genre = next(column for column in found["columns"] if column["name"] == "genre")
    assert (genre["kind"], genre["values"]) == ("list", [["Soundtrack", 39]])
    hint = "no track has genre = 'Metal'; there is 'Female Fronted Metal' (6)"
    for command in (["list"], ["similar", "love"]):
        assert hint in run(*command, "--where", "genre = 'Metal'", "-l", SAMPLE).stderr
        told = run_json(*command, "--where", "joyful >= 0.99", "-l", SAMPLE)["hints"]
        assert told[0].endswith("Within this library: pct(joyful) >= 0.99")
    playlist = ("playlist", "radio", "love", "-n", 3, "-l", SAMPLE, "--where", "playful >= 0.93")
    assert "pct(playful) >= 0.93" in run(*playlist).stderr


def test_the_default_library_in_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MOODREC_LIBRARY", raising=False)
    with pytest.raises(NotFoundError, match="moodrec analyze FOLDER"):
        Recommender.open()
    Path("moodrec.toml").write_text(f'library = "{SAMPLE}"')
    assert len(Recommender.open().index) == 686
    monkeypatch.setenv("MOODREC_LIBRARY", str(tmp_path / "none"))
    with pytest.raises(NotFoundError, match="none"):
        Recommender.open()
