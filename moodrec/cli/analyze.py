"""``moodrec analyze``: the music of some folders into the library, and the library into its index."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.group import EXIT_SOME_FAILED
from moodrec.cli.options import (
    DeviceOption,
    JobsOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    chosen_library,
)

if TYPE_CHECKING:
    from moodrec.catalog.analyze import AnalysisProgress, AnalysisReport
    from moodrec.catalog.plan import AnalysisPlan
    from moodrec.library.library import Library
    from moodrec.library.records import FileRecord, FileResult

_NAMED: Final = 10


def analyze(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders or files of music.")],
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that failed in an earlier run.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and stop.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the mood of every track in a folder.

    Stop it and start it again as you like: only files without an outcome are decoded. The index is
    refreshed at the end. Exit code 6 says that some files failed in this run.

    Example: moodrec analyze ~/Music
    """
    from moodrec.catalog.analyze import plan_analysis, run_analysis
    from moodrec.catalog.refresh import refresh_index
    from moodrec.embedding.mood_model import MoodModel
    from moodrec.library.library import Library

    screen = Screen(as_json, quiet)
    hearing = MoodModel.load(model, device)
    opened = Library.open_or_empty if dry_run else Library.open_or_create
    with opened(chosen_library(library)) as store:
        plan = plan_analysis(folders, store, hearing, jobs=jobs, retry_failed=retry_failed)
        announce(screen, plan)
        if dry_run:
            screen.document(plan_document(plan))
            return
        before = store.models()
        with screen.progress("analysing") as advance:

            def tell(progress: AnalysisProgress) -> None:
                advance(progress.done, progress.total)
                warn_of(screen, progress.last)

            report = run_analysis(plan, store, hearing, jobs, tell)
        _finish(screen, store, report, len(refresh_index(store)))
        if before and before[0].fingerprint != hearing.fingerprint:
            screen.note(f"the index now holds model {hearing.name}; it held {before[0].name} before")
    if report.failures:
        raise typer.Exit(EXIT_SOME_FAILED)


def announce(screen: Screen, plan: AnalysisPlan) -> None:
    """Say what an analysis will take before it starts, and what it leaves alone."""
    done = f"; {words.plural(plan.already_done, 'file')} done already" if plan.already_done else ""
    if plan.files:
        cost = f"about {words.seconds(plan.estimated_seconds)} and {words.size(plan.estimated_bytes)} of disk"
        screen.note(f"{words.plural(len(plan.files), 'file')} to analyse: {cost}{done}")
    else:
        screen.note(f"nothing new to analyse{done}")
    for folder in plan.unreadable_folders:
        screen.warn(f"{folder}: may not be opened, left out")
    if plan.gone:
        screen.note(f"{words.plural(len(plan.gone), 'file')} gone since the last time")
    for record in plan.remembered_failures[:_NAMED]:
        screen.note(f"failed earlier, not tried again: {_named(record.state.path, record.message)}")
    if (more := len(plan.remembered_failures) - _NAMED) > 0:
        screen.note(f"and {words.plural(more, 'file')} more that failed earlier; --json names all")


def warn_of(screen: Screen, result: FileResult) -> None:
    """One line for a file that failed or could be read only in part."""
    if result.message and result.outcome in ("failed", "partial"):
        screen.warn(_named(result.state.path, result.message))


def _named(path: Path, message: str | None) -> str:
    text = message or "failed"
    return text if str(path) in text else f"{path}: {text}"


def plan_document(plan: AnalysisPlan) -> dict[str, Any]:
    """The plan as ``--json`` prints it."""
    return {
        "to_analyse": len(plan.files),
        "already_done": plan.already_done,
        "gone": len(plan.gone),
        "returned": len(plan.returned),
        "unreadable_folders": plan.unreadable_folders,
        "estimated_seconds": round(plan.estimated_seconds, 1),
        "estimated_bytes": plan.estimated_bytes,
        "remembered_failures": failures_document(plan.remembered_failures),
    }


def failures_document(records: Iterable[FileRecord | FileResult]) -> list[dict[str, Any]]:
    """Failed files as ``--json`` prints them."""
    return [{"path": r.state.path, "reason": r.reason, "message": r.message} for r in records]


def _finish(screen: Screen, store: Library, report: AnalysisReport, tracks: int) -> None:
    screen.document(
        {
            "library": store.path,
            "tracks": tracks,
            "outcomes": report.counts,
            "failures": failures_document(report.failures),
            "seconds": round(report.seconds, 1),
            **plan_document(report.plan),
        }
    )
    counted = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items() if count)
    screen.text(
        f"{words.plural(tracks, 'track')} in {store.path}" + (f" (this run: {counted})" if counted else "")
    )
    if tracks:
        screen.note('next: moodrec moods; moodrec list --sort -MOOD; moodrec similar "TITLE"')
