"""``moodrec library write-tags|restore-tags`` write moods into the tags of the files, and take them back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from moodrec.audio.opening import printable
from moodrec.cli import words
from moodrec.cli.analysis_text import named
from moodrec.cli.console import Screen
from moodrec.cli.group import EXIT_SOME_FAILED
from moodrec.cli.library import open_library
from moodrec.cli.library_upkeep import ApplyOption
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from moodrec.catalog.tag_moods import TagChange, TagPlan, TagWriteReport
    from moodrec.library.library import Library

_SHOWN: Final = 3
FoldersArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FOLDER]...",
        help="Touch files in these folders alone: name yours where somebody else made the library.",
        show_default=False,
    ),
]


def write_tags(
    folders: FoldersArgument = None,
    library: LibraryOption = None,
    threshold: Annotated[
        float,
        typer.Option("--threshold", min=0, max=1, help="MOOD names the moods with at least this score."),
    ] = 0.8,
    replace_mood: Annotated[
        bool, typer.Option("--replace-mood", help="Replace a MOOD that a file has of its own.")
    ] = False,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write moods into the files' own tags.

    MOOD gets the names of the strongest moods, MOODREC_CALM and so on the scores, MOODREC_MODEL the model. What the
    files had before is kept in the library: moodrec library restore-tags puts it back.

    Example: moodrec library write-tags ~/Music --apply
    """
    from moodrec.catalog import tag_moods

    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store:
        plan = tag_moods.plan_mood_tags(store, threshold, replace_mood, folders or None)
        _carry_out(screen, store, plan, apply, tag_moods.write_tags)


def restore_tags(
    folders: FoldersArgument = None,
    library: LibraryOption = None,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put back the mood tags of before write-tags.

    Example: moodrec library restore-tags --apply
    """
    from moodrec.catalog import tag_moods

    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store:
        plan = tag_moods.plan_old_tags(store, folders or None)
        _carry_out(screen, store, plan, apply, tag_moods.take_back_tags)
        if apply and plan.changes:
            screen.note(
                "tags are as they were; the room that a format keeps for more tags may differ in size"
            )


def _carry_out(
    screen: Screen,
    store: Library,
    plan: TagPlan,
    apply: bool,
    write: Callable[..., TagWriteReport],
) -> None:
    left_alone = list(plan.left_alone)
    written = 0
    if apply:
        with screen.progress("writing tags") as advance:
            report = write(plan, store, advance)
        written = report.written
        left_alone += report.failures
    screen.document(
        {
            "applied": apply,
            "written": written,
            "already": plan.already,
            "changes": [
                {"path": change.state.path, "before": change.before, "after": change.after}
                for change in plan.changes
            ],
            "left_alone": [{"path": f.path, "reason": f.reason, "message": f.message} for f in left_alone],
        }
    )
    if not apply:
        _preview(screen, plan.changes)
    for file in left_alone:
        screen.warn(named(file.path, file.message))
    done = f"{words.plural(plan.already, 'file')} up to date already"
    if apply:
        screen.text(f"tags of {words.plural(written, 'file')} written, {done}")
    else:
        screen.text(
            f"tags of {words.plural(len(plan.changes), 'file')} would be written, {done}; --apply writes"
        )
    if apply and report.failures:
        raise typer.Exit(EXIT_SOME_FAILED)


def _preview(screen: Screen, changes: tuple[TagChange, ...]) -> None:
    for change in changes[:_SHOWN]:
        screen.text(printable(change.state.path))
        for name in sorted({*change.before, *change.after}):
            old, new = (", ".join(tags.get(name, [])) for tags in (change.before, change.after))
            if old != new:
                screen.text(f"  {name}: {old or '(none)'} -> {new or '(none)'}")
    if (more := len(changes) - _SHOWN) > 0:
        screen.text(f"and {words.plural(more, 'file')} more; --json shows all")
