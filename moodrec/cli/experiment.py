"""``moodrec experiment`` trains and scores the runs of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.estimates import estimate_cells, estimate_columns
from moodrec.cli.group import EXIT_SOME_FAILED
from moodrec.cli.options import ColumnsOption, FormatOption, JsonOption, QuietOption, to_disk
from moodrec.cli.progress import Advance
from moodrec.cli.tables import Column

if TYPE_CHECKING:
    from moodrec.evaluation.experiment.events import ExperimentEvent, GridProgress, RunFailed, RunFinished
    from moodrec.evaluation.experiment.grid import GridReport
    from moodrec.evaluation.experiment.report.pictures import Draw
    from moodrec.evaluation.experiment.report.report import ExperimentReport

TrainingJobs = Annotated[
    int, typer.Option("--jobs", "-j", envvar="MOODREC_JOBS", min=1, help="Runs trained side by side.")
]


def experiment(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="A TOML file; benchmarks/plans holds examples.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            callback=to_disk,
            help="Folder of results; else runs/<the plan's name>.",
        ),
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
        Path | None,
        typer.Option(
            "--cache", metavar="DIR", callback=to_disk, help="Folder of spectrograms; else the user's."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the runs, and train none.")] = False,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Compare the arms, and write report.md.")
    ] = True,
    resamples: Annotated[int, typer.Option("--resamples", min=10, help="Resamples of its intervals.")] = 1000,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train and score every run of a plan: dataset x backbone x arm x seed x fold.

    Run it again to continue where it was stopped; finished runs are kept. Exit code 6 says that some runs failed.
    It ends with the arms compared in average precision, in pairs on the same tracks, and writes report.md (with
    pictures where matplotlib is installed) into the folder.

    Example: moodrec experiment benchmarks/plans/example.toml --only '*/seed-0*' --limit 4

    With --json every event is one line; the last is {"event": "done", ...}.
    """
    from moodrec.evaluation.experiment.grid import GridOptions, run_plan

    screen = Screen(as_json, quiet, form, columns)
    folder = out or Path("runs") / _name(plan, phase)
    options = GridOptions(jobs, limit, only, phase, dry_run, cache)
    with screen.progress("training") as advance:
        done = run_plan(plan, folder, options, lambda event: _report(screen, advance, event))
    written = _write_report(screen, folder, resamples) if report and not dry_run else None
    _finish(screen, done, dry_run, written)


def _name(plan: Path, phase: str | None) -> str:
    from moodrec.evaluation.experiment.plan import read_plan

    name = read_plan(plan).name
    return name if phase is None else f"{name}-{phase}"


def _write_report(screen: Screen, folder: Path, resamples: int) -> ExperimentReport | None:
    from moodrec.evaluation.experiment.folder import PLAN
    from moodrec.evaluation.experiment.report.report import write_report
    from moodrec.extras import has_modules

    draw: Draw | None = None
    if has_modules("matplotlib"):
        from moodrec.plots.differences import draw_differences

        draw = draw_differences
    if not (folder / PLAN).is_file():  # nothing was ever trained
        return None
    screen.note("comparing the arms")
    return write_report(folder, resamples, draw)


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


def _finish(screen: Screen, done: GridReport, dry_run: bool, written: ExperimentReport | None) -> None:
    screen.document({"event": "done"} | vars(done) | _compared(written))
    if dry_run:
        states = [(name, "finished") for name in done.finished] + [(name, "to train") for name in done.left]
        screen.table([Column("run", "path"), Column("state", "fixed")], sorted(states))
        return
    for name, message in done.failed.items():
        screen.warn(f"{name} failed: {message}")
    if written is not None:
        _table(screen, written)
    screen.text(
        f"{done.out}: {words.plural(len(done.trained), 'run')} trained, {len(done.finished)} were finished before, "
        f"{len(done.left)} left"
    )
    if written is not None:
        screen.text(f"report: {written.path}")
    if done.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _compared(written: ExperimentReport | None) -> dict[str, object]:
    """Give the comparisons for JSON."""
    if written is None:
        return {"report": None, "differences": []}
    found = [
        {
            "dataset": one.place.dataset,
            "backbone": one.place.backbone,
            "arm": one.arm,
            "tested": one.tested,
            "baseline": written.baseline,
            "baseline_ap": one.contrast.baseline,
            "ap": one.contrast.candidate,
            "difference": one.contrast.difference.estimate,
            "low": one.contrast.difference.interval.low,
            "high": one.contrast.difference.interval.high,
            "per_seed": one.contrast.per_seed,
        }
        for one in written.compared
    ]
    return {"report": written.path, "differences": found}


def _table(screen: Screen, written: ExperimentReport) -> None:
    from moodrec.evaluation.reports import Estimate

    columns = [
        Column("dataset", "name"),
        Column("backbone", "name"),
        Column("arm", "name"),
        Column("tested", "fixed"),
        Column("baseline_ap", "fixed", f"AP of {written.baseline}", show=words.thousandths),
        Column("ap", "fixed", "AP", show=words.thousandths),
        *estimate_columns("difference", decimals=3, signed=True),
        Column("seeds", "fixed"),
    ]
    rows = []
    for one in written.compared:
        change = one.contrast.difference
        estimate = Estimate(change.estimate, change.interval.low, change.interval.high)
        figures = (one.contrast.baseline, one.contrast.candidate, *estimate_cells(estimate))
        names = (one.place.dataset, one.place.backbone, one.arm, one.tested)
        rows.append([*names, *figures, len(one.contrast.per_seed)])
    if not rows:
        screen.text("nothing to compare yet: no two arms are trained on the same fold with the same seed")
        return
    screen.table(columns, rows)
    screen.text("average precision, each arm minus the baseline, with 95 % intervals over artists and seeds")
