"""A command prints its results on stdout and everything else on stderr.

Every command makes one :class:`Screen` from its options ``--json``, ``--quiet``, ``--format`` and ``--columns``, and
prints through it alone: :meth:`Screen.table` and :meth:`Screen.facts` fit the terminal, write plain lines with tabs
into a pipe, and CSV or TSV on request; :meth:`Screen.document` writes JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

from moodrec.arguments import brief
from moodrec.cli import tables
from moodrec.cli.jsonout import to_json
from moodrec.cli.progress import Advance, logged, unseen
from moodrec.cli.tables import Column
from moodrec.errors import UsageError
from moodrec.printable import shown_only

if TYPE_CHECKING:
    from rich.console import Console

Form = Literal["table", "csv", "tsv", "json"]


@dataclass(frozen=True)
class Screen:
    """The output of a command, as ``--json``, ``--quiet``, ``--format`` and ``--columns`` decide."""

    as_json: bool = False
    """Whether results are JSON documents, by ``--json`` or ``--format json``."""
    quiet: bool = False
    form: Form | None = None
    """The value of ``--format``; without one, a table on a terminal and lines with tabs in a pipe."""
    columns: str | None = None
    """The value of ``--columns``."""

    def __post_init__(self) -> None:
        """Let ``--format json`` stand for ``--json``.

        Raises:
            UsageError: the options contradict each other.
        """
        if self.as_json and self.form not in (None, "json"):
            raise UsageError(f"--json and --format {self.form} contradict each other; give one of them")
        object.__setattr__(self, "as_json", self.as_json or self.form == "json")

    @property
    def chosen(self) -> list[str] | None:
        """The names that ``--columns`` lists, or None.

        Raises:
            UsageError: a name is missing.
        """
        if self.columns is None:
            return None
        names = [name.strip() for name in self.columns.split(",")]
        if not all(name.strip("+") for name in names):
            raise UsageError(
                f"--columns {brief(self.columns)}: should be names with commas between, such as title,path"
            )
        return names

    @property
    def for_people(self) -> bool:
        """Whether results are read by people: no JSON, CSV or TSV."""
        return not self.as_json and self.form not in ("csv", "tsv")

    def note(self, text: str) -> None:
        """Print what is going on; nothing under ``--quiet``."""
        if not self.quiet:
            _console(sys.stderr).print(printable(text), style="dim", soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print what the user should take notice of, also under ``--quiet``."""
        _console(sys.stderr).print(f"warning: {printable(text)}", style="yellow", soft_wrap=True)

    def text(self, text: str) -> None:
        """Print a result for people; nothing under ``--json``, and on stderr beside CSV and TSV."""
        if self.for_people:
            _console(sys.stdout).print(printable(text), soft_wrap=True)
        elif not self.as_json:
            self.note(text)

    def table(
        self,
        columns: Sequence[Column | str],
        rows: Iterable[Sequence[Any] | Mapping[str, Any]],
        heading: bool = True,
    ) -> None:
        """Print a result table; nothing under ``--json``.

        Args:
            columns: all columns, also those that only ``--columns`` shows; a text is a column of that name.
            rows: of each row its values in the order of ``columns``, or by the columns' names.
            heading: whether the names of the columns stand above, on the screen.

        Raises:
            UsageError: ``--columns`` names a column that is not there.
        """
        for_files = self.form in ("csv", "tsv")
        table = tables.sheet(columns, rows, self.chosen, for_files)
        if self.as_json:
            return
        if for_files:
            _write(printable(tables.separated(table, "," if self.form == "csv" else "\t"), keep="\n\t"))
            return
        if not sys.stdout.isatty() and self.form is None:
            names = [[column.title or column.name for column in table.columns]] if heading else []
            lines = ["\t".join(map(tables.one_line, row)) for row in [*names, *table.cells()]]
            _write("".join(printable(line, keep="\t") + "\n" for line in lines))
            return
        self._draw(table, [[printable(cell) for cell in row] for row in table.cells()], heading)

    def facts(self, rows: Sequence[Sequence[str]]) -> None:
        """Print names and values without a heading; the last column wraps. Nothing under ``--json``.

        Args:
            rows: cells, one text per column; every row has as many.
        """
        if rows:
            last = len(rows[0]) - 1
            names = ["name", *(f"value {place}" for place in range(1, last)), "value"][-last - 1 :]
            self.table(
                [Column(name, "prose" if place == last else "fixed") for place, name in enumerate(names)],
                rows,
                heading=False,
            )

    def document(self, value: Any) -> None:
        """Print one JSON document; nothing without ``--json``."""
        if self.as_json:
            _write(to_json(value) + "\n")
            sys.stdout.flush()

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """Draw a bar with rate and time left on stderr while the block runs; without a terminal, write a line a
        minute.
        """
        if self.quiet:
            yield unseen
            return
        if not sys.stderr.isatty():
            yield logged(self.note, what)
            return
        from moodrec.cli.bar import bar

        with bar(_console(sys.stderr), what) as advance:
            yield advance

    def _draw(self, table: tables.Sheet, cells: list[list[str]], heading: bool) -> None:
        console = _console(sys.stdout)
        terminal = sys.stdout.isatty()
        panels = tables.arrange(table.columns, cells, console.width if terminal else None)
        for number, panel in enumerate(panels):
            if number:
                console.print()
            drawn = tables.drawn(table, cells, panel, heading)
            if terminal:
                console.print(drawn)
                continue
            with console.capture() as captured:
                console.print(drawn, width=sum(panel.widths) + tables.GAP * len(panel.widths))
            _write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
        seen = {place for panel in panels for place in panel.places}
        if left_out := [column.name for place, column in enumerate(table.columns) if place not in seen]:
            self.note(f"no room for {', '.join(left_out)}: --columns names what to show")


def error_line(text: str) -> None:
    """Print ``error: ...`` as one line on stderr."""
    _console(sys.stderr).print(f"error: {printable(text)}", style="bold red", soft_wrap=True)


def printable(text: str, keep: str = "\n") -> str:
    """Replace control characters in a text: a tag must not be able to steer the terminal.

    Args:
        text: what is to be printed.
        keep: the control characters that stay.
    """
    return shown_only(text, keep)


def _write(text: str) -> None:
    sys.stdout.write(text)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    # Names may hold [brackets] and :colons:, so neither is treated as markup; a pipe gets unwrapped lines.
    width = None if stream.isatty() else 1000
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
