"""Music without tags is found by the names of its files."""

from __future__ import annotations

import pyarrow as pa
import pytest

from moodrec.recommend.file_names import file_names
from moodrec.recommend.text_search import TextSearch

TITLES = ["Song", None, "", "  ", None, None]
PATHS = ["/m/a.mp3", "/m/b c.flac", "/m/x\ny/d\\e.ogg", "f.wav", None, "/m/.mp3"]


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_names_of_files_stand_where_there_is_no_title(text: pa.DataType) -> None:
    table = pa.table({"title": pa.array(TITLES).cast(text), "path": pa.array(PATHS).cast(text)})
    names = [None, "b c.flac", "d\\e.ogg", "f.wav", None, ".mp3"]
    assert file_names(table).to_pylist() == names
    assert file_names(table.slice(0, 0)).to_pylist() == []
    assert file_names(table.drop_columns(["title"])).to_pylist() == ["a.mp3", *names[1:]]
    titled = table.slice(0, 1)
    assert file_names(pa.concat_tables([titled, titled])).to_pylist() == [None, None]
    assert file_names(pa.concat_tables([table, table])).to_pylist() == names * 2


def test_words_of_file_names_find_tracks_without_titles() -> None:
    table = pa.table({"title": TITLES, "path": PATHS, "artist": ["B"] * 6})
    assert TextSearch(table).find("c b").tolist() == [1]
    assert TextSearch(table).find("a.mp3").tolist() == []  # it has a title
    assert TextSearch(table).find("mp3").tolist() == [5]
    assert TextSearch(table.drop_columns(["title"])).find("a.mp3").tolist() == [0]
    assert TextSearch(table.drop_columns(["path"])).find("f").tolist() == []
