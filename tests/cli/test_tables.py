"""Tables that fit: what gives way, what does not, and what is written for programs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodrec.cli.console import Screen
from moodrec.cli.tables import GAP, Column, arrange, chosen_columns, separated, sheet
from moodrec.errors import UsageError
from tests.cli.commands import run, run_json, run_on_terminal, write_vectors

KINDS = st.sampled_from(["auto", "fixed", "name", "path", "prose"])
CELLS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=60),
    st.floats(0, 1).map("{:.3f}".format),
)


@given(
    st.lists(st.tuples(KINDS, st.booleans(), st.lists(CELLS, min_size=3, max_size=3)), min_size=1, max_size=8)
)
def test_every_table_fits_and_numbers_keep_their_width(drawn: list[tuple[str, bool, list[str]]]) -> None:
    columns = [
        Column(f"c{place}", kind, optional=optional)  # type: ignore[arg-type]
        for place, (kind, optional, _) in enumerate(drawn)
    ]
    rows = [[cells[row] for _, _, cells in drawn] for row in range(3)]
    panels = arrange(columns, rows, 80)
    seen = {place for panel in panels for place in panel.places}
    assert {place for place, column in enumerate(columns) if not column.optional} <= seen
    for panel in panels:
        widths = dict(zip(panel.places, panel.widths, strict=True))
        fixed = [place for place in panel.places if columns[place].kind == "fixed"]
        assert all(widths[place] >= max(len(row[place]) for row in rows) for place in fixed)
        if not fixed:
            assert sum(panel.widths) + GAP * (len(panel.widths) - 1) <= 80


def test_without_a_limit_nothing_gives_way() -> None:
    columns, rows = [Column("title"), Column("path", "path")], [["a" * 300, "/b" * 300]]
    assert [panel.widths for panel in arrange(columns, rows, None)] == [(300, 600)]


def test_the_widest_gives_way_first() -> None:
    columns = [Column("title", "name"), Column("artist", "name"), Column("calm")]
    (panel,) = arrange(columns, [["t" * 50, "a" * 12, "0.50"]], 40)
    assert panel.widths == (20, 12, 4)


def test_columns_are_chosen_and_added() -> None:
    columns = [Column("title"), Column("path", shown=False), Column("low", shown="files")]

    def names(given: list[str] | None, for_files: bool = False) -> list[str]:
        return [column.name for column in chosen_columns(columns, given, for_files)]

    assert names(None) == ["title"]
    assert names(None, for_files=True) == ["title", "low"]
    assert names(["path", "title", "path"]) == ["path", "title"]
    assert names(["+path"]) == ["title", "path"]
    with pytest.raises(UsageError, match="did you mean 'title'"):
        names(["titel"])


def test_csv_is_read_back_as_it_was() -> None:
    rows = [
        ['say "no", twice', 1 / 3, None, ["a", "b"], True],
        ["line\nbreak\tand tab", np.float32(0.1), float("nan"), [], 7],
    ]
    text = separated(sheet(["a", "b", "c", "d", "e"], rows), ",")
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b", "c", "d", "e"],
        ['say "no", twice', "0.333333", "", "a; b", "true"],
        ["line\nbreak\tand tab", "0.1", "", "", "7"],
    ]
    lines = separated(sheet(["a", "b", "c", "d", "e"], rows), "\t").splitlines()
    assert [line.count("\t") for line in lines] == [4, 4, 4]


def test_a_tag_cannot_steer_the_terminal_in_any_form(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("table", "csv", "tsv", None):
        Screen(form=form).table(["title"], [["\x1b[2Jx\u202e"]])
    assert not {"\x1b", "\u202e"} & set(capsys.readouterr().out)


def test_json_and_another_format_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="--format csv"):
        Screen(as_json=True, form="csv")
    assert Screen(form="json").as_json


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("table")
    table = write_vectors(place / "vectors.parquet", [f"t{i}" for i in range(60)])
    run("index", "build", "--table", table, "--moods", "calm", "--out", place / "index")
    return str(place / "index")


def test_formats_of_a_list(index: str) -> None:
    command = ("list", "-l", index, "--sort", "-calm")
    rows = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv").stdout)))
    whole = run_json(*command)["tracks"]
    assert [float(row["calm"]) for row in rows] == [track["moods"]["calm"] for track in whole]
    assert len(rows) == 60, "what programs read is not cut at fifty rows"
    assert run(*command, "--format", "tsv").stdout.splitlines()[0] == "title\tartist\tyear\tcalm"
    assert run(*command, "--format", "json").stdout == run(*command, "--json").stdout
    few = run_json(*command, "--columns", "track_id,calm", "--limit", 1)["tracks"]
    assert few == [{"track_id": whole[0]["track_id"], "calm": whole[0]["moods"]["calm"]}]
    assert "+track_id" not in run(*command, "--columns", "+track_id").stdout.splitlines()[0]
    assert run(*command, "--columns", "+track_id").stdout.splitlines()[0].endswith("track_id")


def test_tracks_without_titles_are_told_by_their_ids_in_files(tmp_path: Path) -> None:
    columns = {"track_id": [7, 8], "calm": [0.25, 0.5], "embedding": [[1.0, 0.0], [0.0, 1.0]]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    run("index", "build", "--table", tmp_path / "t.parquet", "--moods", "calm, ", "--out", tmp_path / "index")
    command = ("list", "-l", tmp_path / "index", "--sort", "calm")
    assert run(*command, "--format", "tsv").stdout.splitlines() == ["track_id\tcalm", "7\t0.25", "8\t0.5"]
    similar = run("similar", "7", "-l", tmp_path / "index", "--format", "csv").stdout.splitlines()
    assert similar[0] == "rank,score,track_id,calm"
    assert similar[1].split(",")[2] == "8"
    chosen = run(*command, "--columns", "title,calm", "--format", "tsv").stdout.splitlines()
    assert chosen == ["title\tcalm", "\t0.25", "\t0.5"]


def test_errors_follow_the_format(index: str) -> None:
    for options in (("--format", "json"), ("--format=json",)):
        assert '"exit_code": 2' in run("list", "-l", index, "--where", "calmm > 1", *options, code=2).stdout
    assert "did you mean 'calm'" in run("list", "-l", index, "--columns", "clam", code=2).stderr
    assert "names with commas" in run("list", "-l", index, "--columns", "a,,b", code=2).stderr


def test_a_table_in_a_pipe_on_request(index: str) -> None:
    shown = run("list", "-l", index, "--limit", 2, "--format", "table").stdout
    assert shown.splitlines()[0].split() == ["title", "artist", "year", "calm"]
    assert all(line == line.rstrip() for line in shown.splitlines())
    assert "Title t" in run_on_terminal(60, "list", "-l", index, "--limit", "1")
