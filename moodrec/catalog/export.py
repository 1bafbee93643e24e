"""A library can be exported as one Parquet file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from moodrec.errors import UsageError
from moodrec.files import replacing
from moodrec.schema import EMBEDDING

if TYPE_CHECKING:
    from moodrec.library.library import Library
    from moodrec.library.snapshot import LibrarySnapshot


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
    """
    import pyarrow.parquet as pq

    if Path(out).is_dir():
        raise UsageError(
            f"{out}: is a folder; name the file to write, for example {Path(out) / 'tracks.parquet'}"
        )
    snapshot = library.snapshot(model_fingerprint)
    with replacing(Path(out)) as temporary:
        pq.write_table(export_table(snapshot), temporary, compression="zstd")
    return int(snapshot.table.num_rows)


def export_table(snapshot: LibrarySnapshot) -> pa.Table:
    """Make the Arrow table that :func:`export_parquet` writes."""
    flat = pa.array(snapshot.embeddings.reshape(-1), pa.float32())
    embedding = pa.FixedSizeListArray.from_arrays(flat, snapshot.model.embedding_dim)
    moods_start = snapshot.table.num_columns - 2 * len(snapshot.model.moods)
    table = snapshot.table.add_column(moods_start, pa.field(EMBEDDING, embedding.type), embedding)
    return table.replace_schema_metadata(_metadata(snapshot))


def _metadata(snapshot: LibrarySnapshot) -> dict[str, str]:
    return {
        "moodrec.model_fingerprint": snapshot.model.fingerprint,
        "moodrec.model_name": snapshot.model.name,
        "moodrec.moods": json.dumps(snapshot.model.moods),
        "moodrec.library_revision": str(snapshot.revision),
    }
