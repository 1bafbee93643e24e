"""Results on stdout, everything else on stderr, and nothing in them that steers a terminal."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from moodrec.cli.bar import bar
from moodrec.cli.console import Screen, error_line, printable
from moodrec.cli.jsonout import to_json
from moodrec.cli.progress import logged
from moodrec.cli.tables import separated, sheet
from tests.hostile_names import NAMES, STEERING


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_results_and_notes_go_to_different_streams(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.table(["a", "b"], [["1", "2"]])
    screen.text("result")
    screen.document({"not": "printed"})
    screen.note("note")
    screen.warn("look")
    error_line("broken")
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines() if line.strip(" ─")] == [
        ["a", "b"],
        ["1", "2"],
        ["result"],
    ]
    assert err == "note\nwarning: look\nerror: broken\n"


def test_quiet_keeps_warnings_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=True)
    screen.note("note")
    screen.warn("look")
    screen.text("result")
    assert capsys.readouterr() == ("result\n", "warning: look\n")


def test_under_json_stdout_holds_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    screen.text("text")
    screen.table(["a"], [["1"]])
    screen.document({"a": 1})
    assert capsys.readouterr().out == '{"a": 1}\n'


def test_names_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[bold]x[/bold] :smile: " + "long " * 60
    Screen().text(name)
    Screen().table(["title"], [[name]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == name
    assert lines[-1].strip() == name.strip() or lines[-2].strip() == name.strip()


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for no_color, expected in (("1", False), ("", True)):
        monkeypatch.setenv("NO_COLOR", no_color)
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        error_line("x")
        assert ("\x1b[1;31m" in stream.getvalue()) is expected


def test_the_progress_bar_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen().progress("analysing") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_a_line_comes_now_and_then() -> None:
    lines: list[str] = []
    advance = logged(lines.append, "analysing", every_s=0.0)
    advance(250, 1000, "250 ok")
    advance(500, 1000, "500 ok", 7200.0)
    assert lines[0].startswith("250 ok: 250 of 1,000 (25%), ")
    assert lines[1].endswith(" a second, about 2 h 0 min left")
    seldom = logged(lines.append, "analysing", every_s=60.0)
    seldom(1, 2)
    assert len(lines) == 2


@pytest.mark.parametrize("quiet", [False, True])
def test_the_progress_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Screen(quiet=quiet).progress("analysing") as advance:
        advance(1, 2)
        advance(2, 2, "training")
    assert ("analysing" in stream.getvalue()) is not quiet


def test_the_bar_tells_the_rate() -> None:
    stream = io.StringIO()
    with bar(Console(file=stream, force_terminal=True, width=100), "analysing") as advance:
        for done in range(5):
            advance(done, 4)
    assert re.search(r"\d+\.\d/s", stream.getvalue())


@dataclass(frozen=True)
class Result:
    path: Path
    scores: object


def test_json_of_what_commands_return() -> None:
    scores = np.array([0.5, np.nan, np.inf], np.float32)
    document = json.loads(
        to_json({"r": Result(Path("/a"), scores), "n": np.int64(3), "na": pd.NA, "nat": pd.NaT})
    )
    assert document == {"r": {"path": "/a", "scores": [0.5, None, None]}, "n": 3, "na": None, "nat": None}
    assert to_json("Ü") == '"Ü"'
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json(object())


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=9)
)
def test_json_never_holds_nan(value: object) -> None:
    json.loads(to_json(value), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


def test_names_that_are_not_utf8_are_written_as_escapes() -> None:
    name = os.fsdecode(b"caf\xe9.mp3")
    assert json.loads(to_json([Path(name), name])) == ["caf\\udce9.mp3"] * 2


def test_json_holds_no_character_that_steers_a_terminal() -> None:
    text = "\x1b[2J\x7f\x85\x9b31m\u2028\u202e\u2066 \N{SNOWMAN}"
    document = to_json({"title": text})
    assert json.loads(document) == {"title": text}
    assert all(char.isprintable() for char in document)
    assert "\N{SNOWMAN}" in document


def test_fields_are_no_formulas() -> None:
    rows = [["=1+1", -0.5, ["-M-", "=x"]], ["+44", 1, []], ["-1,234.5%", True, None]]
    for separator in ",\t":
        text = separated(sheet(["a", "b", "c"], rows, None, True), separator)
        lines = [line.split(separator) for line in text.splitlines()]
        assert lines[1:3] == [["'=1+1", "-0.5", "'-M-; =x"], ["+44", "1", ""]]
        assert text.splitlines()[3].strip('"').startswith("-1,234.5%")


@pytest.mark.parametrize("name", NAMES)
def test_names_steer_no_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = NAMES[name]
    for form in (None, "csv", "tsv", "table"):
        screen = Screen(form=form)
        screen.table(["title", text], [[text, "1"], ["plain", "2"]])
        screen.note(text)
        screen.warn(text)
        screen.text(text)
    Screen(as_json=True).document({text: [text, Path(f"/m/{text}")]})
    error_line(text)
    out, err = capsys.readouterr()
    assert not STEERING & set(out + err)
    assert "plain" in out


@pytest.mark.parametrize("name", [*NAMES.values(), "[/bold]", "[red]"])
def test_names_steer_no_progress_bar(name: str) -> None:
    out = io.StringIO()
    drawn = Console(file=out, force_terminal=True, color_system=None, width=200)
    with bar(drawn, f"first {name}") as advance:
        advance(1, 2, f"second {name}")
    steering = STEERING - {"\x1b", "\r"}  # which the bar itself draws with
    assert not steering & set(out.getvalue())
    assert "\x1b[31mred" not in out.getvalue()
    if name.startswith("["):
        assert f"second {name}" in out.getvalue()
