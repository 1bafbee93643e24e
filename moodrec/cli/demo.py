"""``moodrec demo`` shows on real music what moodrec does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moodrec.cli import words
from moodrec.cli.analysis_text import announce, failures_document, warn_of
from moodrec.cli.console import Screen
from moodrec.cli.options import JobsOption, JsonOption, QuietOption, to_disk
from moodrec.cli.progress import Advance
from moodrec.cli.tables import Column
from moodrec.cli.tracks import described, records, series_record, strongest, track_document
from moodrec.names import name_of

if TYPE_CHECKING:
    from moodrec.catalog.analyze import AnalysisProgress
    from moodrec.catalog.plan import AnalysisPlan
    from moodrec.demo.questions import Answer, SeedAnswers
    from moodrec.demo.run import DemoReport

_PROFILE: Final = 5


def demo(
    music: Annotated[
        Path | None,
        typer.Option(
            "--music",
            envvar="MUSIC",
            metavar="FOLDER",
            help="Music to analyse; without it, free music is fetched.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", callback=to_disk, help="Folder for the library and the picture."
        ),
    ] = Path("demo-output"),
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what moodrec does, on real music.

    On Debian and Ubuntu some fifty freely licensed tracks are fetched once (200 MB, no root needed); elsewhere
    the sample index is used. A second run analyses nothing again.

    Example: moodrec demo --music ~/Music/SomeAlbum
    """
    from moodrec.demo.run import run_demo

    screen = Screen(as_json, quiet)
    with screen.progress("analysing") as advance:
        report = run_demo(out, _ScreenProgress(screen, advance), music, jobs=jobs)
    _print(screen, report)


class _ScreenProgress:
    """Prints on the terminal how the demo is going."""

    def __init__(self, screen: Screen, advance: Advance) -> None:
        self.screen, self.advance = screen, advance

    def note(self, text: str) -> None:
        self.screen.note(text)

    def planned(self, plan: AnalysisPlan) -> None:
        announce(self.screen, plan)

    def analysed(self, progress: AnalysisProgress) -> None:
        self.advance(progress.done, progress.total, left=progress.seconds_left)
        warn_of(self.screen, progress.last)


def _print(screen: Screen, report: DemoReport) -> None:
    if screen.as_json:
        screen.document(document(report))
        return
    if report.why_sample:
        screen.text(f"No music was fetched: {report.why_sample}.")
        screen.text("So this is the sample index: real tracks, analysed before, without their audio.")
    screen.text(f"{words.plural(report.tracks, 'track')} in {report.catalogue}")
    for result in report.results:
        _print_seed(screen, result, report.moods)
    if report.picture is None:
        screen.text("\nWith matplotlib there is a picture, too: pip install 'moodrec[plots]'")
    else:
        screen.text(f"\nThe picture: {report.picture}")
    if report.credits:
        makers = "; ".join(f"{credit.holder} ({credit.licence})" for credit in report.credits)
        screen.text(f"The music is by {makers}. The tables above name the artists as the files do.")
    screen.text(_next(report))


def _print_seed(screen: Screen, result: SeedAnswers, moods: Sequence[str]) -> None:
    row = series_record(result.row)
    screen.text(f"\n{result.seed.why.upper()}: {described(row, [])}")
    best = strongest(row, moods, _PROFILE)
    screen.table(
        [Column("mood", "fixed"), Column("bar", "fixed"), Column("score", "fixed")],
        [(mood, words.bar(float(row[mood])), words.score(row[mood])) for mood in best],
        heading=False,
    )
    for answer in result.answers:
        _print_answer(screen, answer)


def _print_answer(screen: Screen, answer: Answer) -> None:
    screen.text(f"\nmost like it {answer.request}:")
    rows = [
        [
            row["rank"],
            name_of(row),
            words.artist_of(row),
            f"{answer.mood} {words.score(row[answer.mood])}",
        ]
        for row in records(answer.tracks)
    ]
    screen.table(
        [Column("rank", "fixed"), Column("title", "name"), Column("artist", "name"), Column("mood", "fixed")],
        rows,
        heading=False,
    )
    screen.text(f"$ {answer.command}")


def _next(report: DemoReport) -> str:
    """Suggest commands for the user's own music."""
    from moodrec.demo.questions import choose_moods

    if report.analysis is None:
        return "\nOn your own music:\n  moodrec demo --music ~/Music/SomeAlbum\n  moodrec analyze ~/Music"
    mood = choose_moods(report.moods).quiet
    return (
        "\nOn your own music:\n"
        "  moodrec analyze ~/Music\n"
        "  moodrec moods\n"
        f'  moodrec list --where "{mood} >= 0.8" --sort -{mood}\n'
        '  moodrec similar "TITLE" --k 20 --m3u playlist.m3u8'
    )


def document(report: DemoReport) -> dict[str, Any]:
    """Make the document that ``--json`` prints."""
    failures = report.analysis.failures if report.analysis else ()
    return {
        "catalogue": report.catalogue,
        "tracks": report.tracks,
        "analysed": report.analysis.counts if report.analysis else None,
        "failures": failures_document(failures),
        "why_sample": report.why_sample or None,
        "credits": report.credits,
        "picture": report.picture,
        "seeds": [_seed_document(result, report.moods) for result in report.results],
    }


def _seed_document(result: SeedAnswers, moods: Sequence[str]) -> dict[str, Any]:
    return {
        "why": result.seed.why,
        "track": track_document(series_record(result.row), moods),
        "answers": [
            {
                "request": answer.request,
                "command": answer.command,
                "tracks": [track_document(row, moods) for row in records(answer.tracks)],
            }
            for answer in result.answers
        ],
    }
