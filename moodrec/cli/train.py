"""``moodrec train`` trains a model from a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, QuietOption
from moodrec.cli.progress import Advance

if TYPE_CHECKING:
    from moodrec.training.events import TrainingEvent
    from moodrec.training.run import TrainingResult


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file; recipes/ holds examples.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run; else runs/<recipe>.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a mood model from a recipe.

    Run it again to continue where it was stopped.

    Example: moodrec train recipes/default.toml --out runs/mine

    With --json every event (network, epoch, ...) is one line; the last is {"event": "done", ...}.
    """
    from moodrec.training.run import train_recipe

    screen = Screen(as_json, quiet)
    folder = out or Path("runs") / recipe.stem
    with screen.progress("training") as advance:
        result = train_recipe(recipe, folder, lambda event: _report(screen, advance, event))
    _finish(screen, folder, result)


def _report(screen: Screen, advance: Advance, event: TrainingEvent) -> None:
    from moodrec.training import events

    document = events.event_document(event)
    screen.document(document)
    match event:
        case events.SpectrogramReady(done, total):  # one per track: too many for a line each
            advance(done, total, "computing spectrograms")
            return
        case events.FeaturesReady(done, total):
            advance(done, total, "computing features")
            return
        case events.TrainingWarning(message):
            screen.warn(message)
            return
        case events.EpochFinished(epoch, epochs):
            advance(epoch, epochs, "training")
    if not screen.as_json:
        screen.note(" ".join(_words(document)))


def _words(document: dict[str, Any]) -> list[str]:
    """Write the fields of an event on one line: ``epoch epoch=3 epochs=60 loss mood=0.52 artist=2.1``."""
    words = [str(document["event"])]
    for key, value in document.items():
        if key == "event":
            continue
        inner = value if isinstance(value, dict) else None
        words += [key, *(f"{k}={v}" for k, v in inner.items())] if inner is not None else [f"{key}={value}"]
    return words


def _finish(screen: Screen, folder: Path, result: TrainingResult) -> None:
    screen.document({"event": "done", "out": folder} | {**vars(result)})
    if result.model is None:
        screen.text(f"{folder}: the fold is trained; predictions in {result.out_of_fold}")
        return
    screen.text(f"{result.model}: model {result.fingerprint}")
    screen.text(f"next: moodrec analyze ~/Music --model {result.model}")
