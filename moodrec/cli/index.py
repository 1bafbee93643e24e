"""``moodrec index``: build, change, check and describe an index."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import moodrec
from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.library import open_library
from moodrec.cli.options import (
    ConflictOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    chosen_library,
    to_disk,
)
from moodrec.errors import NotFoundError, UsageError
from moodrec.library.place import holds_library
from moodrec.named_files import real_path

if TYPE_CHECKING:
    from moodrec.arguments import OnDuplicate
    from moodrec.catalog.vector_tables import VectorTable
    from moodrec.index.mood_index import MoodIndex

IndexArgument = Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")]
NewTracksArgument = Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Tracks with their vectors.")]
PlaceArgument = Annotated[
    Path | None, typer.Argument(metavar="PATH", help="An index or a library; else that of --library.")
]
# Importing moodrec.index would load NumPy and Arrow for every --help.
PRESETS = ", ".join(
    sorted(place.stem for place in (Path(moodrec.__file__).parent / "index" / "presets").glob("*.toml"))
)
PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help=f"{PRESETS}, or a TOML file; else as before, or auto."),
]
TableOption = Annotated[
    Path | None, typer.Option("--table", metavar="PARQUET", help="Build from your own vectors.")
]
EmbeddingOption = Annotated[
    str, typer.Option("--embedding", metavar="COLUMN", help="The column that holds the vectors.")
]


def build(
    library: LibraryOption = None,
    table: TableOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", callback=to_disk, help="Where the index of a --table goes."
        ),
    ] = None,
    moods: Annotated[
        str | None, typer.Option("--moods", metavar="A,B", help="Columns of a --table that hold mood scores.")
    ] = None,
    embedding: EmbeddingOption = "embedding",
    context: Annotated[
        Path | None,
        typer.Option(
            "--context", metavar="FILE", help="Correct the moods of a --table by artists, albums and genres."
        ),
    ] = None,
    preset: PresetOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build an index.

    Of the library, or of a Parquet file (or a folder of them) with a column track_id, a column of vectors, and any
    others. What 'moodrec export' and 'moodrec embed' write tells its moods and its model itself. A context is
    that of a model (its folder or name), or a file that 'moodrec evaluate --save-context' wrote.

    Example: moodrec index build --table vectors.parquet --moods calm,happy --out my-index
    """
    screen = Screen(as_json, quiet, form)
    if table is None:
        if out is not None or moods is not None or context is not None:
            raise UsageError(
                "--out, --moods and --context belong to --table; a library's index stays in the library"
            )
        _describe(screen, _of_library(chosen_library(library), preset))
        return
    if out is None:
        raise UsageError("say where the index goes: --out DIR")
    _describe(screen, _of_table(screen, table, out, moods, embedding, preset or "auto", context))


def add(
    index: IndexArgument,
    table: NewTracksArgument,
    embedding: EmbeddingOption = "embedding",
    on_conflict: Annotated[
        Literal["error", "replace", "ignore"],
        typer.Option(
            "--on-conflict",
            help="What to do about ids that are there: refuse, replace, or keep what is there.",
        ),
    ] = "error",
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the tracks of a Parquet file.

    Example: moodrec index add my-index new.parquet --on-conflict replace
    """
    _add(index, table, embedding, on_conflict, Screen(as_json, quiet, form))


def upsert(
    index: IndexArgument,
    table: NewTracksArgument,
    embedding: EmbeddingOption = "embedding",
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the tracks of a Parquet file, and replace those whose ids are there already.

    Example: moodrec index upsert my-index changed.parquet
    """
    _add(index, table, embedding, "replace", Screen(as_json, quiet, form))


def remove(
    index: IndexArgument,
    track_ids: Annotated[list[str], typer.Argument(metavar="TRACK_ID...", help="The tracks to remove.")],
    on_conflict: ConflictOption = "error",
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove tracks by their ids.

    Example: moodrec index remove my-index t17 t18 --on-conflict ignore
    """
    opened = _open_own(index)
    opened.remove(track_ids, on_conflict=on_conflict)
    opened.save(index)
    _describe(Screen(as_json, quiet, form), opened)


def verify(
    path: PlaceArgument = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check every file of an index.

    Exit code 4 says that it is damaged.

    Example: moodrec index verify my-index
    """
    from moodrec.index.mood_index import MoodIndex

    screen = Screen(as_json, quiet)
    folder = index_folder(path or chosen_library(library))
    opened = MoodIndex.open(folder)
    opened.verify()
    screen.document({"path": folder, "tracks": len(opened), "verified": True})
    screen.text(f"{folder}: {words.plural(len(opened), 'track')}, every file as it was written")


def info(
    path: PlaceArgument = None,
    library: LibraryOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tell what an index holds.

    Example: moodrec index info
    """
    from moodrec.index.mood_index import MoodIndex

    _describe(Screen(as_json, quiet, form), MoodIndex.open(index_folder(path or chosen_library(library))))


def repair(
    library: LibraryOption = None,
    preset: PresetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check a library's index, and build it anew if it is damaged, missing or old.

    Example: moodrec index repair
    """
    from moodrec.catalog.repair import repair_index

    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store:
        done = repair_index(store, preset)
    tracks = words.plural(len(done.index), "track")
    screen.document({"path": store.index_path, "tracks": len(done.index), "fault": done.fault})
    if done.fault is None:
        screen.text(f"{store.index_path}: {tracks}, every file as it was written")
    else:
        screen.note(done.fault)
        screen.text(f"{store.index_path}: built anew from the library, {tracks}")


def index_folder(path: Path) -> Path:
    """The index itself: a library keeps its own in a folder below it.

    Raises:
        NotFoundError: a library without an index.
    """
    if holds_library(path) and not (path / "index").exists():
        raise NotFoundError(f"{path}: has no index yet; run: moodrec index build --library {path}")
    return path / "index" if holds_library(path) else path


def _of_library(library: Path, preset: str | None) -> MoodIndex:
    from moodrec.catalog.refresh import refresh_index
    from moodrec.library.library import Library

    with Library.open(library) as store:
        return refresh_index(store, preset)


def _of_table(
    screen: Screen,
    path: Path,
    out: Path,
    moods: str | None,
    embedding: str,
    preset: str,
    context: Path | None,
) -> MoodIndex:
    from moodrec.catalog.parquet_tracks import ParquetTracks
    from moodrec.index.mood_index import MoodIndex
    from moodrec.model.context.model import ContextModel
    from moodrec.model.describe import context_file

    tracks = ParquetTracks(path, embedding)
    _note_left_out(screen, tracks.left_out)
    named = [name.strip() for name in moods.split(",") if name.strip()] if moods else tracks.about.moods
    weights = None if context is None else ContextModel.load(context_file(context))
    fingerprint = tracks.about.model_fingerprint
    return MoodIndex.build_into(out, tracks, named, preset, embedding, fingerprint, weights)


def _add(index: Path, table: Path, embedding: str, on_conflict: OnDuplicate, screen: Screen) -> None:
    from moodrec.index.rows.given_vectors import vectors_of

    opened, read = _open_own(index), _read(screen, table, embedding)
    opened.add(
        vectors_of(read.table[embedding], embedding),
        read.table.drop_columns([embedding]),
        on_conflict=on_conflict,
        model_fingerprint=read.model_fingerprint,
    )
    opened.save(index)
    _describe(screen, opened)


def _open_own(path: Path) -> MoodIndex:
    """Open an index to change it.

    Raises:
        UsageError: it is a library's, which would be built over.
    """
    from moodrec.index.mood_index import MoodIndex

    refuse_library(path)
    return MoodIndex.open(path)


def refuse_library(path: Path) -> None:
    if any(holds_library(folder) for folder in (path, real_path(path).parent)):
        raise UsageError(f"{path}: a library's index follows the library; change that with: moodrec analyze")


def _read(screen: Screen, path: Path, embedding: str) -> VectorTable:
    from moodrec.catalog.vector_tables import read_vector_table

    read = read_vector_table(path, embedding)
    _note_left_out(screen, read.left_out)
    return read


def _note_left_out(screen: Screen, rows: int) -> None:
    if rows:
        screen.note(f"{words.plural(rows, 'row')} without a vector left out")


def _describe(screen: Screen, opened: MoodIndex) -> None:
    about = opened.info()
    screen.document(asdict(about))
    rows = [
        ("path", about.path or "in memory"),
        (
            "tracks",
            f"{about.tracks:,}" + (f" ({about.removed:,} removed rows kept)" if about.removed else ""),
        ),
        ("vectors", f"{about.dim} numbers each"),
        (
            "preset",
            about.preset if about.preset == about.kind else f"{about.preset}, which came to {about.kind}",
        ),
        ("moods", ", ".join(about.moods) or "none"),
        ("model", about.model_fingerprint or "unknown"),
        ("columns", ", ".join(about.columns)),
    ]
    screen.facts(rows)
