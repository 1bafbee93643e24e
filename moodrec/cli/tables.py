"""A table fits its terminal: numbers and states keep their width, while names, paths and sentences give way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from moodrec.arguments import brief
from moodrec.cli import words
from moodrec.cli.jsonout import plain
from moodrec.errors import UsageError
from moodrec.printable import no_formula, shown_only

if TYPE_CHECKING:
    from rich.table import Table

Kind = Literal["auto", "fixed", "name", "path", "prose"]
GAP: Final = 2
"""Blanks between two columns."""
_LEAST: Final = {"name": 8, "path": 16, "prose": 20}
"""The width that a column of a kind keeps, if its cells are that wide."""
_SHORT: Final = 6
"""Cells of at most so many characters are not worth cutting."""
_NUMBER: Final = re.compile(r"[-+−]?[\d.,]+(e[-+]?\d+)?( ?%)?|-|")


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in ``--columns`` and in files, and how its values are shown.

    ``kind`` says what happens where the terminal is narrow. ``fixed`` columns (numbers, states, dates) keep their
    width, ``name`` columns are cut at the end, ``path`` columns at the beginning, and ``prose`` goes on in the next
    line. ``auto`` is ``fixed`` where every cell is a number or short, and ``name`` otherwise.
    """

    name: str
    kind: Kind = "auto"
    heading: str | None = None
    """What stands above the column on the screen; by default its name."""
    show: Callable[[Any], str] = words.cell
    """Turns a value into the text of its cell on the screen."""
    shown: bool | Literal["files"] = True
    """Whether the column is there without being named by ``--columns``; ``"files"``: in CSV and TSV alone."""
    optional: bool = False
    """Whether the column may be left out where there is no room for it."""
    value: Callable[[Any], Any] = lambda value: value
    """Turns a value into what is written to CSV and TSV."""

    @property
    def title(self) -> str:
        """The heading on the screen."""
        return shown_only(self.name if self.heading is None else self.heading)


@dataclass(frozen=True)
class Sheet:
    """The columns and rows of a table, as they are printed or written."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    def cells(self) -> list[list[str]]:
        """Return the text of every cell as it is shown, row by row."""
        shows = [column.show for column in self.columns]
        return [[show(value) for show, value in zip(shows, row, strict=True)] for row in self.rows]

    def fields(self) -> list[list[str]]:
        """Return the text of every value as it is written to a file, row by row."""
        values = [column.value for column in self.columns]
        return [[_field(make(value)) for make, value in zip(values, row, strict=True)] for row in self.rows]


def sheet(
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[Any] | Mapping[str, Any]],
    chosen: Sequence[str] | None = None,
    for_files: bool = False,
) -> Sheet:
    """Arrange rows in the columns that are to be seen.

    Args:
        columns: all columns, in their order; a text is a column of that name.
        rows: of each row its values in the order of ``columns``, or by the columns' names.
        chosen: names of the columns to take, as :func:`chosen_columns` reads them; None takes those that are shown by
            themselves.
        for_files: whether the table is to be written as CSV or TSV.

    Raises:
        UsageError: there is no column of a chosen name.
    """
    known = [Column(column) if isinstance(column, str) else column for column in columns]
    taken = chosen_columns(known, chosen, for_files)
    places = {column.name: place for place, column in enumerate(known)}
    values = [
        [row.get(column.name) if isinstance(row, Mapping) else row[places[column.name]] for column in taken]
        for row in rows
    ]
    return Sheet(taken, values)


def chosen_columns(
    columns: Sequence[Column], chosen: Sequence[str] | None, for_files: bool = False
) -> list[Column]:
    """Pick the columns that ``--columns`` names.

    Args:
        columns: all there are.
        chosen: their names, in the order that is wanted; names that begin with ``+`` come after those that are shown
            by themselves. None picks the latter.
        for_files: whether the table is to be written as CSV or TSV.

    Raises:
        UsageError: there is no column of a chosen name.
    """
    from moodrec.filters.names import hint

    default = [column for column in columns if column.shown is True or (for_files and column.shown)]
    if chosen is None:
        return default
    by_name = {column.name: column for column in columns}
    names = [name.removeprefix("+") for name in chosen]
    for name in names:
        if name not in by_name:
            raise UsageError(f"--columns: no column {brief(name)}; {hint(name, list(by_name), 'columns')}")
    added = all(name.startswith("+") for name in chosen)
    wanted = dict.fromkeys([column.name for column in default] if added else [])
    wanted |= dict.fromkeys(names)
    return [replace(by_name[name], optional=by_name[name].optional and name not in names) for name in wanted]


@dataclass(frozen=True)
class Panel:
    """The columns of a table that stand beside one another: their places in the table, and their widths."""

    places: tuple[int, ...]
    widths: tuple[int, ...]


def arrange(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int | None) -> list[Panel]:
    """Fit a table into a width.

    Columns that may give way are narrowed first, then optional columns are left out, and what still has no room goes
    into a panel below, which repeats the columns up to the first that holds texts.

    Args:
        columns: the columns.
        cells: the texts of the cells, row by row.
        room: the characters there are in a line; None is no limit.

    Returns:
        The panels from top to bottom; nearly always one.
    """
    if not columns:
        return []
    measures = [_measure(column, [row[place] for row in cells], room) for place, column in enumerate(columns)]
    places = list(range(len(columns)))
    while _least(measures, places) > _room(room) and any(columns[place].optional for place in places):
        optional = [place for place in places if columns[place].optional]
        places.remove(max(optional, key=lambda place: (measures[place].least, place)))
    if _least(measures, places) <= _room(room):
        return [_panel(measures, places, room)]
    first_text = next((place for place in places if not measures[place].numeric), places[0])
    repeated = [place for place in places if place <= first_text]
    if 2 * _least(measures, repeated) > _room(room):
        repeated = repeated[-1:]
    panels, current = [], list(repeated)
    for place in (place for place in places if place not in repeated):
        if len(current) > len(repeated) and _least(measures, [*current, place]) > _room(room):
            panels.append(current)
            current = list(repeated)
        current.append(place)
    return [_panel(measures, group, room) for group in [*panels, current]]


def drawn(table: Sheet, cells: Sequence[Sequence[str]], panel: Panel, heading: bool = True) -> Table:
    """Make the rich table of a panel.

    Args:
        table: the columns.
        cells: the texts of the cells, row by row.
        panel: which columns, and how wide.
        heading: whether headings stand above.
    """
    from rich import box
    from rich.table import Table

    made = Table(
        box=box.SIMPLE_HEAD if heading else None,
        show_header=heading,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - bool(heading), 0, 0),
    )
    measures = {
        place: _measure(table.columns[place], [row[place] for row in cells], None) for place in panel.places
    }
    for place, width in zip(panel.places, panel.widths, strict=True):
        numeric = measures[place].numeric
        made.add_column(
            _fit_heading(table.columns[place].title, width),
            width=width,
            justify="right" if numeric else "left",
            overflow="ellipsis" if measures[place].kind == "name" else "fold",
            no_wrap=measures[place].kind in ("name", "path"),
        )
    for row in cells:
        texts = []
        for place, width in zip(panel.places, panel.widths, strict=True):
            text = row[place]
            texts.append(_tail(text, width) if measures[place].kind == "path" else text)
        made.add_row(*texts)
    return made


@dataclass(frozen=True)
class _Measure:
    """How a column takes room: its kind once settled, the width it would like, and the width that it must have."""

    kind: Kind
    natural: int
    least: int
    numeric: bool


def _measure(column: Column, cells: Sequence[str], room: int | None) -> _Measure:
    from rich.cells import cell_len

    numeric = any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)
    widest = max((cell_len(line) for cell in cells for line in cell.split("\n")), default=0)
    kind = column.kind
    if kind == "auto":
        kind = "fixed" if numeric or widest <= _SHORT else "name"
    # A heading of several words may take several lines, and a word that is very long is cut.
    longest_word = max(map(cell_len, column.title.split() or [""]))
    heading = longest_word if room is None else min(longest_word, max(room // 3, 1))
    natural = max(widest, cell_len(column.title), 1)
    least = max(widest, heading) if kind == "fixed" else min(natural, _LEAST[kind])
    return _Measure(kind, natural, least, numeric)


def _room(room: int | None) -> float:
    return float("inf") if room is None else room


def _least(measures: Sequence[_Measure], places: Sequence[int]) -> int:
    return sum(measures[place].least for place in places) + GAP * (len(places) - 1)


def _panel(measures: Sequence[_Measure], places: Sequence[int], room: int | None) -> Panel:
    widths = {place: measures[place].natural for place in places}
    over = sum(widths.values()) + GAP * (len(places) - 1) - _room(room)
    while over > 0:
        # The widest column gives way first: the others keep theirs until it is as narrow as they are.
        giving = [place for place in places if widths[place] > measures[place].least]
        if not giving:
            break
        widths[max(giving, key=lambda place: (widths[place], place))] -= 1
        over -= 1
    return Panel(tuple(places), tuple(widths[place] for place in places))


def _fit_heading(text: str, width: int) -> str:
    """Cut the words of a heading that are wider than its column."""
    return " ".join(word if len(word) <= width else f"{word[: width - 1]}…" for word in text.split())


def _tail(text: str, width: int) -> str:
    """Keep the end of a text, where a path has the name of its file."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def separated(table: Sheet, separator: str) -> str:
    """Write a table for programs: a line of names, then a line a row, with values that are not shortened.

    Args:
        table: what is written.
        separator: ``,`` writes CSV; with a tab, no value holds a tab or a line break.
    """
    import csv
    import io

    out = io.StringIO()
    if separator == ",":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([no_formula(column.name) for column in table.columns])
        writer.writerows(table.fields())
        return out.getvalue()
    lines = [[no_formula(column.name) for column in table.columns], *table.fields()]
    return "".join(separator.join(map(one_line, line)) + "\n" for line in lines)


def one_line(text: str) -> str:
    """Put a text on one line, without tabs, for a field between tabs."""
    return " ".join(text.split()) if any(char in text for char in "\t\n\r\v\f") else text


def _field(value: Any) -> str:
    simple = plain(value)
    text = _written(simple)
    return no_formula(text) if isinstance(simple, str | list) else text


def _written(simple: Any) -> str:
    if simple is None:
        return ""
    if isinstance(simple, bool):
        return str(simple).lower()
    if isinstance(simple, float):
        return repr(round(simple, 6))
    if isinstance(simple, list):
        return "; ".join(map(_written, simple))
    return str(simple)
