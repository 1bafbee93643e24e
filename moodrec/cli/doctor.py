"""``moodrec doctor`` reports what is installed, which device is used, and what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    DeviceOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    QuietOption,
    chosen_library,
)
from moodrec.cli.tables import Column
from moodrec.library.place import settings_file

if TYPE_CHECKING:
    from moodrec.doctor import Check


def doctor(
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Report what is installed and what is broken.

    Each line is ok, warn or broken, with what to do about it. Exit code 1 if something is broken.

    Example: moodrec doctor
    """
    from moodrec.doctor import examine, is_broken

    screen = Screen(as_json, quiet, form, columns)
    checks = examine(chosen_library(library), model, device)
    settings = settings_file()
    screen.document({"broken": is_broken(checks), "settings_file": settings, "checks": checks})
    screen.table(
        [Column("status", "fixed"), Column("check", "fixed"), Column("finding", "prose")],
        [(check.status, check.name, _finding(check)) for check in checks],
        heading=False,
    )
    screen.text(f"settings file: {settings or 'none'}")
    if is_broken(checks):
        raise typer.Exit(1)


def _finding(check: Check) -> str:
    return f"{check.detail}\n-> {check.advice}" if check.advice else check.detail
