"""Names of files stand in for the titles that much music lacks, in columns of a whole track table."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from moodrec.schema import PATH, TITLE

_FOLDERS: Final = "(?s)^.*/"


def file_names(table: pa.Table) -> pa.Array:
    """Give the names of the files of tracks without a title; null for all others.

    Args:
        table: n tracks, with their paths.

    Returns:
        n texts.
    """
    untitled = pa.repeat(pa.scalar(True), len(table))
    if TITLE in table.column_names:
        untitled = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(_texts(table[TITLE]), "")), "")
    if not pc.any(untitled).as_py():  # as in most large catalogues, whose paths need not be read then
        return pa.nulls(len(table), pa.large_string())
    names = pc.replace_substring_regex(_texts(table[PATH]), _FOLDERS, "")
    return pc.if_else(untitled, names, pa.scalar(None, names.type))


def _texts(column: pa.ChunkedArray) -> pa.Array:
    texts = column.cast(pa.large_string()).combine_chunks()
    # Of no chunks, or where they were too many for one array.
    return (
        pa.concat_arrays([*texts.chunks, pa.array([], pa.large_string())])
        if isinstance(texts, pa.ChunkedArray)
        else texts
    )
