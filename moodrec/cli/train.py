"""``moodrec train`` trains a model from a recipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.estimates import estimate_cells, estimate_columns
from moodrec.cli.options import ColumnsOption, FormatOption, JsonOption, QuietOption, to_disk
from moodrec.cli.progress import Advance
from moodrec.cli.tables import Column

if TYPE_CHECKING:
    from moodrec.training.events import EpochFinished, NetworkStarted, TrainingEvent
    from moodrec.training.quality import MeasuredMood
    from moodrec.training.run import TrainingResult


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file; recipes/ holds examples.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", callback=to_disk, help="Folder of the run; else runs/<recipe>."
        ),
    ] = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a mood model from a recipe, and show how well it tells each mood.

    Run it again to continue where it was stopped. Average precision is that of predictions by networks that were not
    trained on the track or its artist, which takes [split] folds in the recipe; tracks in a random order would have
    about the prevalence.

    Example: moodrec train recipes/default.toml --out runs/mine

    On several GPUs: torchrun --nproc-per-node 4 -m moodrec train RECIPE

    With --json every event (network, epoch, ...) is one line; the last is {"event": "done", ...}, with the figures of
    the moods.
    """
    from moodrec.training.devices import rank_of_environment
    from moodrec.training.run import train_recipe

    folder = out or Path("runs") / recipe.stem
    if rank_of_environment():
        train_recipe(recipe, folder, lambda event: None)
        return
    screen = Screen(as_json, quiet, form, columns)
    with screen.progress("training") as advance:
        result = train_recipe(recipe, folder, _Reporter(screen, advance).report)
    _finish(screen, folder, result)


class _Reporter:
    """Shows the events of a training: a bar on a terminal, else a line an epoch."""

    def __init__(self, screen: Screen, advance: Advance) -> None:
        self.screen, self.advance = screen, advance
        self.on_terminal: Final = sys.stderr.isatty()
        self.name, self.number, self.networks, self.seconds = "network", 1, 1, 0.0

    def report(self, event: TrainingEvent) -> None:
        """Show one event of the training."""
        from moodrec.training import events

        self.screen.document(events.event_document(event))
        match event:
            case events.SpectrogramReady(done, total):
                self.advance(done, total, "computing spectrograms")
            case events.FeaturesReady(done, total):
                self.advance(done, total, "computing features")
            case events.TrainingWarning(message):
                self.screen.warn(message)
            case events.MoodsRenamed(names):
                self._line(f"names of moods are snake_case: {words.renamed(names, 'is published as')}")
            case events.NetworkStarted():
                self._begin(event)
            case events.TrainingResumed(epoch):
                self._line(f"{self.name}: goes on after epoch {epoch}")
            case events.EpochFinished():
                self._epoch(event)

    def _begin(self, event: NetworkStarted) -> None:
        self.name, self.number, self.networks, self.seconds = event.name, event.number, event.networks, 0.0
        heads = ", ".join(f"{task} ({n})" for task, n in event.heads.items())
        self._line(
            f"{event.name}, network {event.number} of {event.networks}: {event.tracks} tracks; heads {heads}"
        )

    def _epoch(self, event: EpochFinished) -> None:
        self.seconds += event.seconds
        losses = " ".join(f"{task} {value:.3f}" for task, value in event.loss.items())
        if not self.on_terminal:
            self._line(
                f"{self.name}: epoch {event.epoch} of {event.epochs}, {event.seconds:.1f} s, loss {losses}"
            )
            return
        done = (self.number - 1) * event.epochs + event.epoch
        self.advance(done, self.networks * event.epochs, f"{self.name}, loss {losses}")
        if event.epoch == event.epochs:
            self._line(f"{self.name}: {event.epochs} epochs in {words.seconds(self.seconds)}, loss {losses}")

    def _line(self, text: str) -> None:
        if not self.screen.as_json:
            self.screen.note(text)


def _finish(screen: Screen, folder: Path, result: TrainingResult) -> None:
    moods = [mood.document() for mood in result.moods]
    screen.document({"event": "done", "out": folder} | vars(result) | {"moods": moods})
    _table(screen, result.moods)
    if result.moods:
        screen.text(f"average precision with 95 % intervals over artists; {result.measured_on}")
    else:
        screen.text(
            "every labelled track was trained on, so that nothing tells how good the model is: "
            "[split] folds = 5 in the recipe does"
        )
    if result.model is None:
        screen.text(f"{folder}: the fold is trained; predictions in {result.out_of_fold}")
        return
    screen.text(f"{result.model}: model {result.fingerprint}")
    screen.text(f"next: moodrec analyze ~/Music --model {result.model}")


def _table(screen: Screen, moods: Sequence[MeasuredMood]) -> None:
    from moodrec.evaluation.reports import Estimate

    columns = [
        Column("mood", "name"),
        *estimate_columns("average_precision", "average precision", decimals=3),
        Column("prevalence", "fixed", show=lambda value: "" if value is None else f"{value:.3f}"),
        Column("positives", "fixed"),
        Column("tracks", "fixed"),
    ]
    rows = []
    for one in moods:
        known = one.quality
        estimate = None if known is None else Estimate(known.average_precision, known.low, known.high)
        prevalence = None if known is None else known.prevalence
        rows.append([one.mood, *estimate_cells(estimate), prevalence, one.positives, one.tracks])
    if rows or screen.columns is not None:
        screen.table(columns, rows)
