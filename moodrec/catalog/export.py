"""A library can be exported as one Parquet or CSV file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from moodrec.errors import UsageError
from moodrec.files.replacing import replacing
from moodrec.given import path_of
from moodrec.printable import no_formula, shown_only
from moodrec.schema import EMBEDDING, LISTS

if TYPE_CHECKING:
    from moodrec.library.library import Library
    from moodrec.library.snapshot import LibrarySnapshot


def export_library(library: Library, out: Path | str, model_fingerprint: str | None = None) -> int:
    """Write one row per track in the format that the file's suffix names.

    CSV holds the same columns; genres and embeddings, which are lists, are JSON there. In it, control characters of
    texts are replaced, and an apostrophe stands before what a spreadsheet would take for a formula; Parquet holds all
    as it is.

    Args:
        library: the library to export.
        out: the file to write, ``.parquet`` or ``.csv``.
        model_fingerprint: the model whose embeddings are exported; by default the one used last.

    Returns:
        The number of rows written.

    Raises:
        NotFoundError: the library holds no analyses of that model.
        UsageError: ``out`` is a folder, or has another suffix.
        DiskFullError: there is no room for it.
    """
    out = path_of(out, "out")
    _refuse_folder(out)
    suffix = out.suffix.lower()
    if suffix == ".csv":
        return _export_csv(library, out, model_fingerprint)
    if suffix != ".parquet":
        raise UsageError(
            f"{out}: a library is written as .parquet or .csv; give the file one of these suffixes"
        )
    return export_parquet(library, out, model_fingerprint)


def _export_csv(library: Library, out: Path, model_fingerprint: str | None) -> int:
    from pyarrow import csv

    table = export_table(library.snapshot(model_fingerprint))
    for name in (EMBEDDING, *LISTS):
        texts = [None if value is None else json.dumps(value) for value in table[name].to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(place, field.name, _harmless(table[field.name]))
    with replacing(out) as temporary, temporary.open("wb") as file:
        csv.write_csv(table, file)
    return int(table.num_rows)


def _harmless(texts: pa.ChunkedArray) -> pa.Array:
    """Write texts so that they neither steer a terminal nor count in a spreadsheet as formulas."""
    values = texts.to_pylist()
    return pa.array(
        [None if one is None else no_formula(shown_only(one, "\t\n")) for one in values], pa.string()
    )


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise UsageError(f"{out}: is a folder; name the file to write, for example {out / 'tracks.parquet'}")


def export_parquet(library: Library, out: Path | str, model_fingerprint: str | None = None) -> int:
    """Write one row per track: its id, path, tags, embedding, and for each mood its score and its probability.

    ``embedding`` is a fixed-size list of float32; the file's schema metadata names model and revision. The file is
    replaced in one step.

    Args:
        library: the library to export.
        out: the file to write.
        model_fingerprint: the model whose embeddings are exported; by default the one used last.

    Returns:
        The number of rows written.

    Raises:
        NotFoundError: the library holds no analyses of that model.
        UsageError: ``out`` is a folder.
        DiskFullError: there is no room for it.
    """
    import pyarrow.parquet as pq

    place = path_of(out, "out")
    _refuse_folder(place)
    snapshot = library.snapshot(model_fingerprint)
    with replacing(place) as temporary, temporary.open("wb") as file:
        pq.write_table(export_table(snapshot), file, compression="zstd")
    return int(snapshot.table.num_rows)


def export_table(snapshot: LibrarySnapshot) -> pa.Table:
    """Make the Arrow table that :func:`export_parquet` writes."""
    flat = pa.array(snapshot.embeddings.reshape(-1), pa.float32())
    embedding = pa.FixedSizeListArray.from_arrays(flat, snapshot.model.embedding_dim)
    names = snapshot.table.column_names
    moods_start = names.index(snapshot.model.moods[0]) if snapshot.model.moods else len(names)
    table = snapshot.table.add_column(moods_start, pa.field(EMBEDDING, embedding.type), embedding)
    return table.replace_schema_metadata(_metadata(snapshot))


def _metadata(snapshot: LibrarySnapshot) -> dict[str, str]:
    return {
        "moodrec.model_fingerprint": snapshot.model.fingerprint,
        "moodrec.model_name": snapshot.model.name,
        "moodrec.moods": json.dumps(snapshot.model.moods),
        "moodrec.library_revision": str(snapshot.revision),
    }
