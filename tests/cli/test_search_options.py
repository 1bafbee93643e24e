"""The options of a search on the command line: one function makes them, and every command shows the same ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import typer

from moodrec.cli.app import app
from moodrec.cli.search_options import in_words, search_options, takes_search_options
from moodrec.errors import FilterError, UsageError
from moodrec.index.search.options import SearchOptions

GOLDEN = Path(__file__).parent.parent / "golden" / "search-help.txt"
COMMANDS = ("list", "similar", "playlist", "index")


def help_lines() -> Iterator[str]:
    """What the help of each command that searches or changes an index says, a line an option."""
    root: Any = typer.main.get_command(app)
    for group in COMMANDS:
        commands = getattr(root.commands[group], "commands", {"": root.commands[group]})
        for name, command in commands.items():
            yield " ".join(["moodrec", group, name]).strip()
            for param in command.params:
                shown = param.opts[0] if not param.opts[0].startswith("-") else ", ".join(param.opts)
                yield f"  {shown}: {getattr(param, 'help', '') or ''}".rstrip()


def test_help_is_as_it_was() -> None:
    """A change of a command's options shows up here; ``python -m tests.cli.test_search_options`` writes the file."""
    assert list(help_lines()) == GOLDEN.read_text().splitlines()


def test_the_command_line_has_every_search_option() -> None:
    assert set(signature(search_options).parameters) == {field.name for field in fields(SearchOptions)}


def test_nothing_given_is_nothing_asked_for() -> None:
    assert search_options() == SearchOptions()
    assert search_options(only=[], exclude=[], exclude_artist=[]) == SearchOptions()


def test_values_become_options() -> None:
    made = search_options(
        where="year > 1990",
        mood="calm=0.9,happy=1",
        mood_weight=0.3,
        only=["a"],
        exclude=["b", "c"],
        diversity=0.5,
    )
    assert made == SearchOptions(
        where="year > 1990",
        mood={"calm": 0.9, "happy": 1},
        mood_weight=0.3,
        only=["a"],
        exclude=["c", "b"],
        diversity=0.5,
    )
    assert in_words(made) == "year > 1990, calm=0.9,happy=1.0"
    assert in_words(SearchOptions()) == ""
    for wrong, error in (({"mood_weight": 0.2}, UsageError), ({"where": "calm >"}, FilterError)):
        with pytest.raises(error):
            search_options(**wrong)


def test_a_command_has_the_options_it_takes_where_its_parameter_stands() -> None:
    seen: list[Any] = []

    @takes_search_options("where", "exact")
    def command(seed: str, *, options: SearchOptions, quiet: bool = False) -> None:
        seen.append((seed, options, quiet))

    assert list(signature(command).parameters) == ["seed", "where", "exact", "quiet"]
    command(seed="x", where="calm > 0.5", exact=True, quiet=True)
    assert seen == [("x", SearchOptions(where="calm > 0.5", exact=True), True)]


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(help_lines()) + "\n")
    sys.stdout.write(f"{GOLDEN} written\n")
