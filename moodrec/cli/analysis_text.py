"""These functions print what an analysis will do, is doing, and has done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moodrec.audio.opening import printable
from moodrec.cli import words
from moodrec.cli.console import Screen

if TYPE_CHECKING:
    from moodrec.catalog.analyze import AnalysisReport
    from moodrec.catalog.plan import AnalysisPlan
    from moodrec.library.library import Library
    from moodrec.library.records import FileRecord, FileResult, Outcome

_NAMED: Final = 10
_WHY: Final = {
    "system": "of the system (thumbnails, snapshots, deleted files)",
    "marked": "marked by .ndignore, .nomedia or .notmusic",
    "excluded": "excluded by a pattern",
}


def announce(screen: Screen, plan: AnalysisPlan) -> None:
    """Print what an analysis will take before it starts, and what it leaves out.

    Args:
        screen: where to print.
        plan: the plan of the analysis.
    """
    done = f"; {words.plural(plan.already_done, 'file')} done already" if plan.already_done else ""
    if plan.files:
        cost = f"about {words.seconds(plan.estimated_seconds)} and {words.size(plan.estimated_bytes)} of disk"
        later = f"; {words.plural(plan.postponed, 'file')} left for later" if plan.postponed else ""
        screen.note(f"{words.plural(len(plan.files), 'file')} to analyse: {cost}{done}{later}")
    else:
        screen.note(f"nothing new to analyse{done}")
    for folder in plan.unreadable_folders:
        screen.warn(f"{printable(folder)}: may not be opened, left out")
    for folder in plan.empty_folders:
        screen.warn(
            f"{printable(folder)}: there is no music in it any more (is the disk mounted?); its tracks are kept"
        )
    if plan.gone:
        screen.note(f"{words.plural(len(plan.gone), 'file')} gone since the last time; their tracks are kept")
    _print_left_out(screen, plan)
    _print_sheets(screen, plan)
    _print_failures(screen, plan.remembered_failures)


def _print_sheets(screen: Screen, plan: AnalysisPlan) -> None:
    for fault in plan.sheet_faults:
        screen.warn(fault)
    if sheets := plan.undivided_sheets:
        names = ", ".join(printable(sheet.name) for sheet in sheets[:_NAMED])
        more = f" and {len(sheets) - _NAMED} more" if len(sheets) > _NAMED else ""
        screen.note(
            f"{words.plural(len(sheets), 'CUE sheet')}: {names}{more}; --cue makes each of their tracks an entry"
        )


def _print_left_out(screen: Screen, plan: AnalysisPlan) -> None:
    from moodrec.audio.formats import UNSUPPORTED
    from moodrec.library.left_out import Why

    counts = Counter(one.why for one in plan.left_out)
    unsupported = counts.pop(Why.UNSUPPORTED, 0)
    # What begins with a dot is nobody's surprise.
    if named := [f"{count:,} {_WHY[why]}" for why, count in sorted(counts.items()) if why in _WHY]:
        screen.note(f"left out: {', '.join(named)}")
    if unsupported:
        formats = Counter(
            UNSUPPORTED[one.path.suffix.lower()] for one in plan.left_out if one.why is Why.UNSUPPORTED
        )
        screen.warn(
            f"{words.plural(unsupported, 'file')} in formats that are not decoded, left out: "
            f"{', '.join(f'{count:,} {name}' for name, count in formats.most_common())}"
        )


def _print_failures(screen: Screen, records: tuple[FileRecord, ...]) -> None:
    for record in records[:_NAMED]:
        screen.note(f"failed earlier, not tried again: {named(record.state.path, record.message)}")
    if (more := len(records) - _NAMED) > 0:
        screen.note(f"and {words.plural(more, 'file')} more that failed earlier: moodrec library failures")


def warn_of(screen: Screen, result: FileResult) -> None:
    """Print one line for a file that failed or could be read only in part.

    Args:
        screen: where to print.
        result: the outcome of the file.
    """
    if result.message and result.outcome in ("failed", "partial"):
        screen.warn(named(result.state.path, result.message))


def named(path: Path, message: str | None) -> str:
    """Make a message that names the file it is about.

    Args:
        path: the file.
        message: the message, which may name the file already; None stands for ``failed``.
    """
    text, name = message or "failed", printable(path)
    return text if name in text else f"{name}: {text}"


def counted(counts: Mapping[Outcome, int] | Mapping[str, int]) -> str:
    """List counts in words: ``12 ok, 1 failed``."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def plan_document(plan: AnalysisPlan) -> dict[str, Any]:
    """Make the document that ``--json`` prints for a plan."""
    return {
        "to_analyse": len(plan.files),
        "already_done": plan.already_done,
        "postponed": plan.postponed,
        "gone": len(plan.gone),
        "returned": len(plan.returned),
        "unreadable_folders": plan.unreadable_folders,
        "empty_folders": plan.empty_folders,
        "undivided_sheets": plan.undivided_sheets,
        "sheet_faults": plan.sheet_faults,
        "left_out": Counter(one.why for one in plan.left_out),
        "estimated_seconds": round(plan.estimated_seconds, 1),
        "estimated_bytes": plan.estimated_bytes,
        "remembered_failures": failures_document(plan.remembered_failures),
    }


def failures_document(records: Iterable[FileRecord | FileResult]) -> list[dict[str, Any]]:
    """Make the documents that ``--json`` prints for failed files."""
    return [{"path": r.state.path, "reason": r.reason, "message": r.message} for r in records]


def summarise(screen: Screen, store: Library, report: AnalysisReport, tracks: int) -> None:
    """Print what a run did, and what the user may do next.

    Args:
        screen: where to print.
        store: the library.
        report: what the run did.
        tracks: number of tracks in the index.
    """
    screen.document(_report_document(store, report, tracks))
    screen.text(f"{words.plural(tracks, 'track')} in {store.path}{_this_run(report)}")
    if report.plan.tags_again:
        again = words.plural(len(report.plan.tags_again), "file")
        screen.note(f"tags of {again} read again: {report.retagged:,} had changed")
    if report.failures:
        reasons = Counter(failure.reason or "unknown" for failure in report.failures)
        screen.note(f"failed: {counted(dict(reasons.most_common()))}; moodrec library failures names them")
    _print_models(screen, store, report)
    if tracks:
        screen.note('next: moodrec moods; moodrec list --sort -MOOD; moodrec similar "TITLE"')


def _this_run(report: AnalysisReport) -> str:
    files = sum(report.counts.values())
    if not files:
        return ""
    known = f", {report.recognised:,} of them recognised by their audio" if report.recognised else ""
    rate = f"{words.seconds(report.seconds)}, {files / max(report.seconds, 1e-9):.1f} files a second"
    return f" (this run: {counted(report.counts)}{known}; {rate})"


def _print_models(screen: Screen, store: Library, report: AnalysisReport) -> None:
    current, *others = store.models()
    if report.switched and others:
        screen.note(f"search uses model {current.name} now, and used {others[0].name} before")
    elif report.waiting:
        screen.note(
            f"search uses model {current.name} until the other has analysed "
            f"{words.plural(report.waiting, 'more track')}; to switch now: moodrec library switch"
        )


def _report_document(store: Library, report: AnalysisReport, tracks: int) -> dict[str, Any]:
    return {
        "library": store.path,
        "tracks": tracks,
        "outcomes": report.counts,
        "retagged": report.retagged,
        "recognised": report.recognised,
        "failures": failures_document(report.failures),
        "seconds": round(report.seconds, 1),
        "switched": report.switched,
        "waiting": report.waiting,
        **plan_document(report.plan),
    }
