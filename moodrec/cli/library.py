"""``moodrec library info|list|show|failures`` show what a library holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from moodrec.catalog.run_text import run_text
from moodrec.cli import words
from moodrec.cli.analysis_text import counted
from moodrec.cli.completion import complete_title
from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    chosen_library,
)
from moodrec.cli.seeds import chosen_seed
from moodrec.cli.tables import Column
from moodrec.cli.tracks import series_record, track_document

if TYPE_CHECKING:
    from moodrec.catalog.overview import LibraryInfo, TrackReport
    from moodrec.library.library import Library
    from moodrec.library.records import FileRecord

OutcomeOption = Annotated[
    Literal["ok", "partial", "silent", "failed"] | None,
    typer.Option("--outcome", help="List only files of this outcome."),
]
_FILE_COLUMNS = [
    Column("outcome", "fixed"),
    Column("path", "path"),
    Column("reason", "fixed"),
    Column("track_id", shown=False),
    Column("size", shown=False),
    Column("message", "prose", shown=False),
]
_FAILURE_COLUMNS = [
    Column("reason", "fixed"),
    Column("path", "path"),
    Column("message", "prose"),
    Column("size", shown=False),
]


def info(
    library: LibraryOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what a library holds.

    It lists files by outcome, tracks, models, and whether the index is up to date.

    Example: moodrec library info
    """
    from moodrec.catalog.overview import library_info

    screen = Screen(as_json, quiet, form)
    with open_library(screen, library) as store:
        about = library_info(store)
    screen.document(_info_document(about))
    screen.facts(_facts(about))


def list_files(
    library: LibraryOption = None,
    outcome: OutcomeOption = None,
    gone: Annotated[bool, typer.Option("--gone", help="List the files that are gone instead.")] = False,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the files of a library with their outcomes.

    Example: moodrec library list --outcome partial
    """
    from moodrec.catalog.overview import files_of
    from moodrec.library.records import Outcome

    screen = Screen(as_json, quiet, form, columns)
    with open_library(screen, library) as store:
        files = files_of(store, None if outcome is None else Outcome(outcome), gone)
    screen.document({"count": len(files), "files": [file_document(record) for record in files]})
    screen.table(_FILE_COLUMNS, [_file_row(record) for record in files])
    screen.note(words.plural(len(files), "file"))


def failures(
    library: LibraryOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Name the files that could not be analysed, and why.

    Example: moodrec library failures
    """
    screen = Screen(as_json, quiet, form, columns)
    with open_library(screen, library) as store:
        failed = store.failures()
    screen.document({"count": len(failed), "failures": [file_document(record) for record in failed]})
    screen.table(_FAILURE_COLUMNS, [_file_row(record) for record in failed])
    again = "; moodrec analyze FOLDER --retry-failed tries them again" if failed else ""
    screen.note(f"{words.plural(len(failed), 'file')} failed{again}")


def show(
    seed: Annotated[
        str,
        typer.Argument(
            metavar="TRACK",
            help="An id, a path, a title, or 'artist - title'.",
            autocompletion=complete_title,
        ),
    ],
    library: LibraryOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show all that is known about one track or file.

    Example: moodrec library show "Teardrop"
    """
    from moodrec.catalog.overview import track_id_of, track_report

    screen = Screen(as_json, quiet, form)
    with open_library(screen, library) as store:
        report = track_report(store, chosen_seed(screen, lambda text: track_id_of(store, text), seed))
    moods = report.model.moods if report.model else ()
    track = None if report.track is None else track_document(series_record(report.track), moods)
    screen.document(
        {
            "file": None if report.file is None else file_document(report.file),
            "track": track,
            "copies": report.copies,
            "model": None if report.model is None else report.model.fingerprint,
        }
    )
    screen.facts(_track_facts(report))


def open_library(screen: Screen, library: Any) -> Library:
    """Open the library that the options name, and print if it had to be migrated.

    Args:
        screen: where to print.
        library: the value of ``--library``.

    Raises:
        NotFoundError, CorruptStoreError: as :meth:`Library.open`.
    """
    from moodrec.library.library import Library

    store = Library.open(chosen_library(library))
    note_migration(screen, store)
    return store


def note_migration(screen: Screen, store: Library) -> None:
    """Print that a library of an older moodrec was migrated, or is read without it.

    Args:
        screen: where to print.
        store: the library.
    """
    if done := store.migration:
        screen.note(
            f"{store.path}: brought from format {done.from_format} to {done.to_format}; "
            f"as it was before: {done.backup.name}"
        )
    elif store.older_format is not None:
        screen.note(
            f"{store.path}: an older moodrec wrote it (format {store.older_format}), so it is read as a copy in "
            "memory; to bring it up to date: moodrec library migrate"
        )


def file_document(record: FileRecord) -> dict[str, Any]:
    """Make the document that ``--json`` prints for a file."""
    return {
        "path": record.state.path,
        "outcome": record.outcome,
        "reason": record.reason,
        "message": record.message,
        "track_id": record.track_id,
        "gone": record.missing,
        "size": record.state.size,
    }


def _file_row(record: FileRecord) -> dict[str, Any]:
    from moodrec.catalog.overview import path_text

    message = record.message or ("failed" if record.outcome == "failed" else None)
    return file_document(record) | {"path": path_text(record), "message": message}


def _info_document(about: LibraryInfo) -> dict[str, Any]:
    state = about.analysis
    analysis = None
    if state is not None:
        analysis = {
            "running": state.running,
            "done": state.done,
            "total": state.total,
            "remaining": state.remaining,
            "seconds_left": state.seconds_left if state.running else None,
        }
    return asdict(about) | {"analysis": analysis}


def _facts(about: LibraryInfo) -> list[tuple[str, str]]:
    copies = f", of which {about.duplicates:,} copies" if about.duplicates else ""
    rows = [
        ("library", f"{about.path} (format {about.format}, {words.size(about.size)})"),
        ("tracks", f"{about.tracks:,}{copies}"),
        ("files", counted(about.outcomes) or "none"),
    ]
    if about.analysis:
        rows.append(("analysis", run_text(about.analysis) or ""))
    if about.reasons:
        rows.append(("failed", f"{counted(about.reasons)}; moodrec library failures"))
    if about.gone:
        rows.append(("gone", f"{words.plural(about.gone, 'file')}; moodrec library prune --gone drops them"))
    for place, model in enumerate(about.models):
        left = about.waiting.get(model.fingerprint, 0)
        state = "search uses it" if place == 0 else f"{left:,} to go" if left else "complete"
        rows.append(
            ("model", f"{model.name} {model.fingerprint}: {words.plural(model.tracks, 'track')}, {state}")
        )
    rows.append(("index", about.index))
    if about.tags_written:
        rows.append(("tags", f"moods are in the tags of {words.plural(about.tags_written, 'file')}"))
    if about.last_run:
        rows.append(
            (
                "last run",
                f"{words.plural(about.last_run.files, 'file')} in {words.seconds(about.last_run.seconds)}",
            )
        )
    return rows


def _track_facts(report: TrackReport) -> list[tuple[str, str]]:
    from moodrec.catalog.overview import path_text

    rows: list[tuple[str, str]] = []
    if report.file is not None:
        gone = ", gone" if report.file.missing else ""
        why = f": {report.file.message}" if report.file.message else ""
        rows += [("path", path_text(report.file)), ("outcome", f"{report.file.outcome}{gone}{why}")]
    if report.track is not None and report.model is not None:
        row = series_record(report.track)
        document = track_document(row, report.model.moods)
        hidden = {"path", "moods", "probabilities", "audio", "audio_probabilities", "labels", "duplicate_of"}
        rows += [(name, _plain(value)) for name, value in document.items() if name not in hidden and value]
        given = document.get("labels", {})
        rows += [("label", f"{mood} {words.score(value)}") for mood, value in given.items()]
        ordered = sorted(document["moods"].items(), key=lambda item: -(item[1] or 0))
        rows += [("mood", f"{words.score(value)} {words.bar(value or 0)} {mood}") for mood, value in ordered]
    rows += [("copy", path) for path in report.copies]
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)
