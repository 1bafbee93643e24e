"""A command prints its results on stdout and everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from moodrec.cli.jsonout import to_json
from moodrec.cli.progress import Advance, unseen
from moodrec.names import is_shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


@dataclass(frozen=True)
class Screen:
    """The output of a command, as ``--json`` and ``--quiet`` decide."""

    as_json: bool = False
    quiet: bool = False

    def note(self, text: str) -> None:
        """Print what is going on; nothing under ``--quiet``."""
        if not self.quiet:
            _console(sys.stderr).print(printable(text), style="dim", soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print what the user should take notice of, also under ``--quiet``."""
        _console(sys.stderr).print(f"warning: {printable(text)}", style="yellow", soft_wrap=True)

    def text(self, text: str) -> None:
        """Print a result for people; nothing under ``--json``."""
        if not self.as_json:
            _console(sys.stdout).print(printable(text), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
        """Print a result table for people; nothing under ``--json``.

        Args:
            columns: headings of the columns.
            rows: cells, one text per column.
            title: heading of the table.
        """
        if not self.as_json:
            _console(sys.stdout).print(_table(columns, rows, title))

    def facts(self, rows: Sequence[Sequence[str]]) -> None:
        """Print names and values in columns, without a heading, for people; nothing under ``--json``."""
        if not self.as_json and rows:
            table = _table([""] * len(rows[0]), rows)
            table.box, table.show_header = None, False
            _console(sys.stdout).print(table)

    def document(self, value: Any) -> None:
        """Print one JSON document; nothing without ``--json``."""
        if self.as_json:
            sys.stdout.write(to_json(value) + "\n")
            sys.stdout.flush()

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """Draw a bar with rate and time left on stderr while the block runs, where stderr is a terminal."""
        if self.quiet or not sys.stderr.isatty():
            yield unseen
            return
        from moodrec.cli.bar import bar

        with bar(_console(sys.stderr), what) as advance:
            yield advance


def error_line(text: str) -> None:
    """Print ``error: ...`` as one line on stderr."""
    _console(sys.stderr).print(f"error: {printable(text)}", style="bold red", soft_wrap=True)


def printable(text: str) -> str:
    """Replace control characters in a text: a tag must not be able to steer the terminal."""
    return "".join(char if is_shown(char) or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    # Names may hold [brackets] and :colons:, so neither is treated as markup; a pipe gets unwrapped lines.
    width = None if stream.isatty() else 1000
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*(printable(cell.replace("\n", " ")) for cell in row))
    return table
