"""Error messages quote a part of a long condition, and the parser's own log stays out of the way."""

from __future__ import annotations

import logging
import subprocess
import sys

import pyarrow as pa
import pytest

from moodrec import arguments
from moodrec.errors import FilterError, UsageError
from moodrec.filters.columns import ColumnTable, as_condition, select
from moodrec.filters.conditions import Comparison, Field, Like, Membership

LONG = "z" * 5000
TABLE = ColumnTable(pa.table({"year": [1], "title": ["x"], "flag": [True], "genre": [["a"]]}))


@pytest.mark.parametrize(
    "text",
    [
        f"year = '{LONG}'",
        f"title = {LONG}",
        f"{LONG} > year",
        f'"{LONG}" = 1',
        f"pct({LONG}) > 0.1",
        f"title LIKE '{LONG}x' ESCAPE 'x'",
        f"year LIKE '{LONG}'",
        f"flag > '{LONG}'",
        f"lower({LONG}) = 'x'",
        f"CASE {LONG}",
        f"year = {'9' * 5000}",
        f"title = {'9' * 300}",
        f"COMMENT ON {LONG}",
        f"year = 1; DROP TABLE {LONG}",
        f"prob({LONG}, {LONG}) = 1",
        f"{LONG} {LONG}",
        LONG,
    ],
)
def test_a_part_is_quoted(text: str) -> None:
    with pytest.raises(FilterError) as raised:
        select(as_condition(text), TABLE)
    assert len(str(raised.value)) < 330


@pytest.mark.parametrize(
    "make",
    [
        lambda: Field([LONG] * 99),  # type: ignore[arg-type]
        lambda: Comparison(Field("year"), LONG, 1),  # type: ignore[arg-type]
        lambda: Membership(Field("year"), [LONG] * 99),  # type: ignore[arg-type]
        lambda: Like(Field("title"), list(LONG)),  # type: ignore[arg-type]
        lambda: arguments.whole(10**5000, "k"),
        lambda: arguments.whole(-(10**5000), "k"),
        lambda: arguments.real(10**5000, "weight"),
        lambda: arguments.share(10**400, "weight"),
        lambda: arguments.finite(LONG, "weight"),
        lambda: arguments.flag([LONG], "exact"),
    ],
)
def test_objects_and_numbers_are_quoted_in_part(make: object) -> None:
    assert callable(make)
    with pytest.raises(UsageError) as raised:
        make()
    assert len(str(raised.value)) < 250


ODD = ("EXPLAIN x", "ALTER TABLE x", "GRANT x TO y", "COMMENT ON x", "CREATE INDEX a ON b")


def test_the_parser_does_not_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in ODD:
            with pytest.raises(FilterError):
                as_condition(text)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        logging.getLogger("sqlglot").warning("of the host program")
    assert [record.message for record in caplog.records] == ["of the host program"]


def test_nothing_reaches_the_terminal() -> None:
    code = (
        "from moodrec.filters.columns import as_condition\n"
        f"for text in {ODD!r}:\n"
        "    try: as_condition(text)\n"
        "    except ValueError: raise\n"
        "    except Exception: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
