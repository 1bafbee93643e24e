"""``moodrec experiment`` trains and scores the runs of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moodrec.cli.console import Screen
from moodrec.cli.group import EXIT_SOME_FAILED
from moodrec.cli.options import ColumnsOption, FormatOption, JsonOption, QuietOption
from moodrec.cli.progress import Advance
from moodrec.cli.tables import Column

if TYPE_CHECKING:
    from moodrec.evaluation.experiment.events import ExperimentEvent, GridProgress, RunFailed, RunFinished
    from moodrec.evaluation.experiment.grid import GridReport

TrainingJobs = Annotated[
    int, typer.Option("--jobs", "-j", envvar="MOODREC_JOBS", min=1, help="Runs trained side by side.")
]


def experiment(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="A TOML file; benchmarks/plans holds examples.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of results; else runs/<plan>.")
    ] = None,
    jobs: TrainingJobs = 2,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Train at most N runs now.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="GLOB", help="Runs whose id fits, e.g. 'mood4q/fcn/*/seed-0*'."),
    ] = None,
    phase: Annotated[
        Literal["select", "report"] | None,
        typer.Option("--phase", help="Instead of the plan's: select scores the validation set."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", metavar="DIR", help="Folder of spectrograms; else the user's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the runs, and train none.")] = False,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train and score every run of a plan: dataset x backbone x arm x seed x fold.

    Run it again to continue where it was stopped; finished runs are kept. Exit code 6 says that some runs failed.

    Example: moodrec experiment benchmarks/plans/example.toml --only '*/seed-0*' --limit 4

    With --json every event is one line; the last is {"event": "done", ...}.
    """
    from moodrec.evaluation.experiment.grid import GridOptions, run_plan

    screen = Screen(as_json, quiet, form, columns)
    folder = out or Path("runs") / (plan.stem if phase is None else f"{plan.stem}-{phase}")
    options = GridOptions(jobs, limit, only, phase, dry_run, cache)
    with screen.progress("training") as advance:
        report = run_plan(plan, folder, options, lambda event: _report(screen, advance, event))
    _finish(screen, report, dry_run)


def _report(screen: Screen, advance: Advance, event: ExperimentEvent) -> None:
    from moodrec.evaluation.experiment import events
    from moodrec.training.events import FeaturesReady, SpectrogramReady

    screen.document(events.event_document(event))
    match event:
        case SpectrogramReady(done, total):
            advance(done, total, "computing spectrograms")
        case FeaturesReady(done, total):
            advance(done, total, "computing features")
        case events.RunFinished(progress=progress) | events.RunFailed(progress=progress):
            if progress is not None:
                advance(progress.done, progress.total, "training")
                screen.note(_line(event, progress))
        case events.PlanRead(runs, finished, to_train):
            screen.note(f"{runs} runs, {finished} finished, {to_train} to train")


def _line(event: RunFinished | RunFailed, progress: GridProgress) -> str:
    """Describe a run that ended: ``3/48 mood4q/fcn/mood/seed-0/fold-0: AP 0.2571 in 241 s, 2 h 57 min left``."""
    from moodrec.evaluation.experiment.events import RunFailed

    begin = f"{progress.done}/{progress.total} {event.run}: "
    left = f"{_duration(progress.eta_s)} left"
    if isinstance(event, RunFailed):
        return f"{begin}failed, {event.message}; {left}"
    ap = event.scores.get("ap")
    figure = "no target has both classes" if ap is None else f"AP {ap:.4f}"
    return f"{begin}{figure} in {event.seconds:.0f} s, {left}"


def _duration(seconds: int) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _finish(screen: Screen, report: GridReport, dry_run: bool) -> None:
    screen.document({"event": "done"} | vars(report))
    if dry_run:
        states = [(name, "finished") for name in report.finished] + [
            (name, "to train") for name in report.left
        ]
        screen.table([Column("run", "path"), Column("state", "fixed")], sorted(states))
        return
    for name, message in report.failed.items():
        screen.warn(f"{name} failed: {message}")
    screen.text(
        f"{report.out}: {len(report.trained)} runs trained, {len(report.finished)} were finished before, "
        f"{len(report.left)} left"
    )
    if report.failed:
        raise typer.Exit(EXIT_SOME_FAILED)
