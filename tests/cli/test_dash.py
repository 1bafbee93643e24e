"""``-`` in the place of a file or a folder to write is refused by every command alike, and no file is called so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from moodrec.cli.app import app
from tests.cli.commands import run, run_json
from tests.cli.sample_library import write_sample_library

WRITTEN = {
    "list --m3u",
    "similar --m3u",
    "similar --plot",
    "find --m3u",
    "moods --plot",
    "embed --out",
    "train --out",
    "evaluate --save-context",
    "evaluate --plot",
    "experiment --out",
    "experiment --cache",
    "export OUT",
    "demo --out",
    "index build --out",
    "index publish ADDRESS",
    "index pull DIR",
    "playlist radio --out",
    "playlist radio --plot",
    "playlist path --out",
    "playlist path --plot",
    "playlist mix --out",
    "playlist mix --plot",
    "playlist arc --out",
    "playlist arc --plot",
    "playlist fingerprint --out",
    "playlist fingerprint --plot",
    "playlist clusters --out",
    "benchmark retrieval --plot",
    "library backup OUT.sqlite",
}
"""What a command writes, by its option or the name of its argument."""
READ = {
    "--library",
    "--model",
    "--csv",
    "--root",
    "--predictions",
    "--labels",
    "--metadata",
    "--context",
    "--music",
    "--token-file",
    "--password-file",
    "--index",
    "FOLDER...",
    "[FOLDER]...",
    "FILE.parquet",
    "PATH",
    "index pull ADDRESS",
    "index load ADDRESS",
    "model export FOLDER",
    "benchmark retrieval --system",
}
"""What is read, or written into only where there is a model or an index: by the command, or for all of them."""
_WORDS = ("FILE", "DIR", "OUT", "PATH", "FOLDER", "ADDRESS")


def parameters(command: Any, name: str = "") -> dict[str, Any]:
    """All parameters of all commands that have to do with files, by the command and what they are called."""
    if hasattr(command, "commands"):
        found: dict[str, Any] = {}
        for part, below in command.commands.items():
            found |= parameters(below, f"{name} {part}".strip())
        return found
    return {
        f"{name} {called(one)}": one
        for one in command.params
        if any(word in str(one.metavar or "") for word in _WORDS)
    }


def called(parameter: Any) -> str:
    """The long name of an option, the metavar of an argument."""
    longest = max(parameter.opts, key=len)
    return str(longest if longest.startswith("-") else parameter.metavar.removeprefix("[LIBRARY] "))


COMMAND = typer.main.get_command(app)


def test_every_parameter_that_names_files_is_known() -> None:
    """Whoever adds one says whether it is read or written."""
    known = {name for name in parameters(COMMAND) if name in WRITTEN | READ or name.split()[-1] in READ}
    assert parameters(COMMAND).keys() - known == set()
    assert parameters(COMMAND).keys() >= WRITTEN


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_dash_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    *command, last = name.split()
    required = [
        "x"
        for one in _command(command).params
        if not one.opts[0].startswith("-") and one.required and called(one) != last
    ]
    given = [*command, *required, *(["-"] if not last.startswith("-") else [last, "-"])]
    for flag in _required_options(command, last):
        given += [flag, "x"]
    error = run_json(*given, code=2)["error"]
    assert error["type"] == "UsageError"
    assert error["message"].startswith("-: nothing is written to stdout but what is printed there anyway")
    assert list(tmp_path.iterdir()) == []


def _command(names: list[str]) -> Any:
    found: Any = COMMAND
    for name in names:
        found = found.commands[name]
    return found


def _required_options(names: list[str], last: str) -> list[str]:
    options = (one for one in _command(names).params if one.opts[0].startswith("-") and one.required)
    return [called(one) for one in options if called(one) != last]


def test_a_backup_is_not_put_in_the_place_of_its_library(tmp_path: Path) -> None:
    library = write_sample_library(tmp_path)
    database = library / "library.sqlite"
    (tmp_path / "link").symlink_to(database)
    for out in (database, tmp_path / "link"):
        result = run("library", "backup", out, "--library", library, "--force", code=2)
        assert "is the library itself; give the copy another place" in result.stderr
    run("library", "backup", tmp_path / "copy.sqlite", "--library", library)
    run("library", "verify", "--library", library)
