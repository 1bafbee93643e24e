"""Tables as pandas, R, spreadsheets and MTG-Jamendo write them: each column by its name, each id as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moodrec.data.cells import numbers_of_column
from moodrec.data.frames import column_called, read_frame, track_ids_of
from moodrec.errors import DataError, NotFoundError

IDS = ["t2", "t0", "t1"]
TABLE = pd.DataFrame({"track_id": IDS, "artist": ["NA", None, "nan"], "plays": [3, 1, 2]})
INDEXED = TABLE.set_index("track_id")

WRITERS: dict[str, Callable[[Path], object]] = {
    "plain.parquet": lambda path: TABLE.to_parquet(path),
    "index.parquet": lambda path: INDEXED.to_parquet(path),
    "index without a name.parquet": lambda path: INDEXED.rename_axis(None).to_parquet(path),
    "types of pandas.parquet": lambda path: TABLE.convert_dtypes().to_parquet(path),
    "categories.parquet": lambda path: TABLE.astype({"track_id": "category"}).to_parquet(path),
    "plain.csv": lambda path: TABLE.to_csv(path, index=False),
    "row numbers.csv": lambda path: TABLE.to_csv(path),
    "index without a name.csv": lambda path: INDEXED.rename_axis(None).to_csv(path),
    "mark.csv": lambda path: TABLE.to_csv(path, index=False, encoding="utf-8-sig"),
    "semicolons.csv": lambda path: TABLE.to_csv(path, index=False, sep=";"),
    "small.csv.gz": lambda path: TABLE.to_csv(path, index=False),
    "capitals.csv": lambda path: TABLE.rename(columns={"track_id": "Track ID"}).to_csv(path, index=False),
    "as R writes it.csv": lambda path: path.write_text("artist,plays\nt2,NA,3\nt0,,1\nt1,nan,2\n"),
    "plain.tsv": lambda path: TABLE.to_csv(path, index=False, sep="\t"),
    "as R writes it.tsv": lambda path: path.write_text("artist\tplays\nt2\tNA\t3\nt0\t\t1\nt1\tnan\t2\n"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_ids_are_found_and_stay_in_order(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    frame = read_frame(tmp_path / name)
    ids, no_data = track_ids_of(frame)
    assert ids == tuple(IDS)
    assert [column for column in frame.columns if column not in no_data] == ["artist", "plays"]
    assert [str(plays) for plays in frame["plays"]] == ["3", "1", "2"]


def test_row_numbers_are_no_ids(tmp_path: Path) -> None:
    INDEXED.reset_index(drop=True).to_parquet(tmp_path / "m.parquet", index=True)
    frame = read_frame(tmp_path / "m.parquet")
    assert track_ids_of(frame) == (None, [""])
    assert frame["plays"].tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("index", "in_parquet", "in_csv"),
    [
        (["103", "101", "102"], True, True),
        ([103, 101, 102], True, True),
        ([2, 0, 1], True, True),
        ([0, 1, 2], False, False),
        ([1, 2, 3], False, False),
        (["0", "1", "2"], True, False),
        (["001", "002", "003"], True, True),
        ([None, None, None], False, False),
    ],
)
def test_numbers_in_an_index_without_a_name_are_ids_unless_they_count_the_rows(
    index: list[object], in_parquet: bool, in_csv: bool, tmp_path: Path
) -> None:
    table = pd.DataFrame({"calm": [0.1, 0.2, 0.3]}, index=pd.Index(index))
    table.to_parquet(tmp_path / "m.parquet", index=True)
    table.to_csv(tmp_path / "m.csv")
    table.to_csv(tmp_path / "m.tsv", sep="\t")
    ids = tuple(map(str, index))
    for suffix, are_ids in (("parquet", in_parquet), ("csv", in_csv), ("tsv", in_csv)):
        assert track_ids_of(read_frame(tmp_path / f"m.{suffix}")) == (ids if are_ids else None, [""])


def test_numbers_without_a_name_are_no_ids_where_others_tell() -> None:
    numbers, texts = pd.DataFrame({"": [103, 101]}), pd.DataFrame({"": ["103", "101"]})
    assert track_ids_of(numbers, numbers=False) == (None, [""])
    assert track_ids_of(texts, numbers=False) == (("103", "101"), [""])


def test_commas_are_decimal_where_semicolons_part_the_cells(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("track_id;calm;title\na;0,5;7,8\nb;1;x\nc;1,5e-3;\nd;-.5;y\n")
    frame = read_frame(tmp_path / "m.csv")
    rest = frame.drop(columns=track_ids_of(frame)[1])
    found = numbers_of_column(rest["calm"])
    assert found is not None
    np.testing.assert_array_equal(found, [0.5, 1, 0.0015, -0.5])
    assert rest["title"].tolist() == ["7,8", "x", "", "y"]
    (tmp_path / "m.csv").write_text('track_id,calm\na,"0,5"\n')
    assert numbers_of_column(read_frame(tmp_path / "m.csv")["calm"]) is None


def test_large_ids_beside_gaps_keep_every_digit(tmp_path: Path) -> None:
    pd.DataFrame({"id": pd.array([2**60 + 1, None], dtype="Int64")}).to_parquet(tmp_path / "m.parquet")
    assert track_ids_of(read_frame(tmp_path / "m.parquet"))[0] == (str(2**60 + 1), "")


def test_tags_of_mtg_jamendo_stand_behind_tabs(tmp_path: Path) -> None:
    header = "TRACK_ID\tARTIST_ID\tTAGS\n"
    (tmp_path / "m.tsv").write_text(
        f"{header}t1\ta1\tgenre---rock\tgenre---pop\nt2\ta2\tgenre---jazz\nt3\ta3\t\n"
    )
    frame = read_frame(tmp_path / "m.tsv")
    assert frame["TAGS"].tolist() == ["genre---rock\tgenre---pop", "genre---jazz", ""]
    (tmp_path / "quoted.tsv").write_text('track_id\tname\n1\t"a\tb"\n2\t"c\nd"\n')
    assert read_frame(tmp_path / "quoted.tsv")["name"].tolist() == ["a\tb", "c\nd"]


def test_the_best_column_comes_first() -> None:
    frame = pd.DataFrame(columns=["Artist Name", "ARTIST_ID", "x"])
    assert column_called(frame, ("artist_id", "artist", "artist_name")) == ["ARTIST_ID", "Artist Name"]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("m.csv", b"", "it is empty"),
        ("m.tsv", b"", "it is empty"),
        ("m.csv", "track_id,é\n".encode("utf-16"), "not in UTF-8: byte 0xff; save it as UTF-8"),
        ("m.csv", "track_id,é\n".encode("latin-1"), "not in UTF-8: byte 0xe9; save it as UTF-8"),
        ("m.parquet", b"PAR1", "cannot be read as a table"),
        ("m.csv", b"a,b\n1,2,3\n1,2\n1,2,3,4\n", r"line 4 has 4 cells, those before it 3\)$"),
        ("m.csv", b'a,b\n1,2\n1,"2\n', r"in line 3 a cell begins with a quote that nothing ends"),
        ("m.csv", b"a,b\n1,2,3,4\n1,2,3,4\n", "2 cells more than its header"),
    ],
)
def test_what_is_no_table(name: str, content: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        read_frame(tmp_path / name)


def test_texts_that_are_no_unicode(tmp_path: Path) -> None:
    offsets = pa.array(["ab"]).buffers()[:2]
    bad = pa.Array.from_buffers(pa.string(), 1, [*offsets, pa.py_buffer(b"\xff\xfe")])
    pq.write_table(pa.table({"track_id": bad}), tmp_path / "m.parquet")
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_frame(tmp_path / "m.parquet")


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    pd.DataFrame([[1, 2]], columns=["a", " a"]).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(DataError, match="two columns called 'a'"):
        read_frame(tmp_path / "m.parquet")
    with pytest.raises(NotFoundError):
        read_frame(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="no regular file"):
        read_frame(tmp_path)


@pytest.mark.parametrize("header", ["track_id,a,a", "track_id, a,a ", 'track_id,"a","a"', "a,a"])
@pytest.mark.parametrize(
    ("suffix", "separator"), [(".csv", ","), (".csv", ";"), (".csv", "\t"), (".tsv", "\t")]
)
def test_two_columns_of_one_name_in_text(tmp_path: Path, header: str, suffix: str, separator: str) -> None:
    """Numbering them, as pandas does, would make moods called "calm.1"."""
    path = tmp_path / f"m{suffix}"
    path.write_text(f"{header}\n1,2,3\n".replace(",", separator))
    with pytest.raises(DataError, match="two columns called 'a'"):
        read_frame(path)


def test_columns_with_numbers_in_their_names_stay(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(",,a,a.1\n0,1,2,3\n")
    assert list(read_frame(tmp_path / "m.csv").columns) == ["", "a", "a.1"]


@pytest.mark.parametrize("name", ["m.csv", "m.tsv"])
@pytest.mark.parametrize("ending", ['z "hm" q', '"Low', 'z" q'])
def test_a_quote_that_a_cell_begins_with_swallows_no_rows(tmp_path: Path, name: str, ending: str) -> None:
    rows = ["track_id,title,calm", '1,"Heroes,0', "2,b,1", f"3,{ending},1", "4,c,0"]
    (tmp_path / name).write_text("\n".join(rows).replace(",", "\t" if name == "m.tsv" else ","))
    with pytest.raises(DataError, match="in line 2 a cell begins with a quote"):
        read_frame(tmp_path / name)


def test_line_breaks_within_quotes_are_part_of_a_cell(tmp_path: Path) -> None:
    table = pd.DataFrame({"track_id": IDS, "title": ["two\nlines", 'a "b"', "c\r\nd"]})
    for name, separator in (("m.csv", ","), ("n.csv", ";"), ("m.tsv", "\t")):
        table.to_csv(tmp_path / name, sep=separator, index=False)
        assert read_frame(tmp_path / name)["title"].tolist() == table["title"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "track_id\ttitle\tcalm\n1\tx, y\t0.5\n",
        "sep=;\ntrack_id;title;calm\n1;x, y;0.5\n",
        '"sep=|"\ntrack_id|title|calm\n1|x, y|0.5\n',
        "\ufeffsep=;\r\ntrack_id;title;calm\r\n1;x, y;0.5\r\n",
    ],
)
def test_csv_with_other_separators(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.csv").write_bytes(text.encode())
    assert read_frame(tmp_path / "m.csv").to_dict("list") == {
        "track_id": ["1"],
        "title": ["x, y"],
        "calm": ["0.5"],
    }
