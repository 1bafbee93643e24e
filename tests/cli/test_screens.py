"""What every command prints on terminals of 60, 80 and 120 columns, and into a pipe.

The screens are kept in tests/golden/screens, a file a command: ``python -m tests.cli.test_screens`` writes them anew.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.commands import run, run_on_terminal
from tests.cli.sample_library import write_sample_library

SCREENS = Path(__file__).parent.parent / "golden" / "screens"
WIDTHS = (60, 80, 120)
SEED = "Freezing Point"
COMMANDS: dict[str, list[str]] = {
    "list": ["list", "--limit", "6", "--sort", "-calm,year"],
    "list-path": ["list", "--limit", "3", "--columns", "title,path,duration,calm"],
    "list-untagged": ["list", "--where", "title IS NULL"],
    "similar": ["similar", SEED, "--k", "4", "--mood", "dreamy=0.9"],
    "similar-explain": ["similar", SEED, "--k", "2", "--explain"],
    "moods": ["moods"],
    "moods-of": ["moods", "--of", SEED, "--of", "Credits Ballad"],
    "playlist-radio": ["playlist", "radio", SEED, "-n", "4"],
    "playlist-path": ["playlist", "path", SEED, "Eruption", "-n", "4", "--artist-gap", "0"],
    "playlist-mix": ["playlist", "mix", "--add", SEED, "--more", "dreamy", "-n", "3"],
    "playlist-clusters": ["playlist", "clusters", "--k", "2", "-n", "2"],
    "library-info": ["library", "info"],
    "library-list": ["library", "list", "--outcome", "failed"],
    "library-failures": ["library", "failures"],
    "library-show": ["library", "show", SEED],
    "library-verify": ["library", "verify"],
    "library-prune": ["library", "prune", "--gone"],
    "index-verify": ["index", "verify"],
}
"""Commands whose screens are the same on every machine."""
MORE: dict[str, list[str]] = {
    "columns": ["columns"],
    "index-info": ["index", "info"],
    "doctor": ["doctor"],
    "index-repair": ["index", "repair"],
}
"""Commands whose screens differ between machines or list every column: their numbers and widths are checked."""
TEXTS = ("scores of", "Within", "like ", "searched")
"""Beginnings of lines that are sentences, which a terminal wraps by itself."""
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?![\w.])")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a sample library ``lib``, as the working directory: its path is in no screen."""
    folder = tmp_path_factory.mktemp("screens")
    write_sample_library(folder)
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@cache
def shown(name: str) -> dict[str, str]:
    """What a command prints at every width, and into a pipe."""
    command = [*(COMMANDS | MORE)[name], "--library", "lib"]
    screens = {f"{width} columns": run_on_terminal(width, *command) for width in WIDTHS}
    return screens | {"piped": run(*command).stdout}


def golden(name: str) -> str:
    """The screens of a command as they are kept."""
    command = " ".join(COMMANDS[name])
    return "".join(
        f"$ moodrec {command}    [{where}]\n{_same_everywhere(text)}\n" for where, text in shown(name).items()
    )


def _same_everywhere(text: str) -> str:
    """Leave out blanks at the ends of lines, ids, which are random, and sizes of files, which SQLite decides on."""
    text = re.sub(r"(track_id\s+)[0-9a-f]{16}", r"\g<1>0123456789abcdef", text)
    text = re.sub(r"(the kernel's path) \w+", r"\g<1> avx2", text)  # that of the processor at hand
    lines = [re.sub(r"\d+ kB", "000 kB", line.rstrip()) for line in text.splitlines()]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_screens_are_as_they_were(place: Path, name: str) -> None:
    assert golden(name) == (SCREENS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*COMMANDS, *MORE])
def test_nothing_is_too_wide_and_no_number_is_cut(place: Path, name: str) -> None:
    for width in WIDTHS:
        screen = shown(name)[f"{width} columns"]
        assert set(NUMBER.findall(shown(name)["piped"])) <= set(NUMBER.findall(screen))
        tables = [line for line in screen.splitlines() if not line.startswith(TEXTS)]
        assert max(cell_len(line.rstrip()) for line in tables) <= width


@pytest.mark.parametrize("name", [*COMMANDS, *MORE])
def test_nothing_is_padded_in_a_pipe(place: Path, name: str) -> None:
    for line in shown(name)["piped"].splitlines():
        assert "   " not in line.lstrip()
        assert line == line.rstrip(" ")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_states_of_the_doctor_are_whole(place: Path, width: int) -> None:
    states = {line.split("\t")[0] for line in shown("doctor")["piped"].splitlines()}
    first = {line.split()[0] for line in shown("doctor")[f"{width} columns"].splitlines()}
    assert {"ok", "warn"} <= states
    assert states & {"ok", "warn", "broken"} <= first


def main() -> None:
    """Write the screens anew."""
    SCREENS.mkdir(exist_ok=True)
    for old in SCREENS.glob("*.txt"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        write_sample_library(Path(folder))
        os.chdir(folder)
        for name in COMMANDS:
            (SCREENS / f"{name}.txt").write_text(golden(name), encoding="utf-8")


if __name__ == "__main__":
    main()
