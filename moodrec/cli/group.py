"""The command group turns every failure into one clear line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import typer
from typer.core import TyperGroup

from moodrec.cli.streams import give_up_stdout, told
from moodrec.errors import AmbiguousSeedError, MoodrecError, UsageError

EXIT_SOME_FAILED: Final = 6
EXIT_INTERRUPTED: Final = 130


class MoodrecGroup(TyperGroup):
    """The group of all commands: an error is one line on stderr, an exit code, and under ``--json`` a document on
    stdout.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit; without arguments, show the help.

        Args:
            args: the arguments; by default those of the process.
            prog_name: name of the program in messages.
            complete_var: name of the variable that asks for shell completion.
            standalone_mode: whether to exit; otherwise the exit code is returned.
            windows_expand_args: whether to expand patterns on Windows.
            extra: passed on to click.
        """
        given = list(sys.argv[1:] if args is None else args) or ["--help"]
        code = self._run(given, prog_name, complete_var, windows_expand_args, extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(
        self,
        args: list[str],
        prog_name: str | None,
        complete_var: str | None,
        expand: bool,
        extra: dict[str, Any],
    ) -> int:
        as_json = _wants_json(args)
        try:
            result = super().main(args, prog_name, complete_var, False, expand, **extra)
            code = result if isinstance(result, int) else 0
        except typer.Abort:
            code = EXIT_INTERRUPTED
        except KeyboardInterrupt:
            code = EXIT_INTERRUPTED
        except typer.TyperException as error:
            return _report(_usage_error(error), as_json)
        except MoodrecError as error:
            return _report(error, as_json)
        except OSError as error:
            return _report(told(error), as_json)
        if code == EXIT_INTERRUPTED:
            _print_error("interrupted; what is done is kept")
        return code


def _wants_json(args: Sequence[str]) -> bool:
    """Whether the arguments ask for JSON: ``--json``, ``--format json`` or ``--format=json``."""
    pairs = zip(args, [*args[1:], ""], strict=True)
    return "--json" in args or "--format=json" in args or ("--format", "json") in pairs


def _usage_error(error: typer.TyperException) -> MoodrecError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "moodrec"
    return UsageError(f"{error.format_message().rstrip('.')} (see {path} --help)")


def _report(error: MoodrecError, as_json: bool) -> int:
    from moodrec.cli.console import Screen

    _print_error(str(error))
    body: dict[str, Any] = {"type": type(error).__name__, "message": str(error), "exit_code": error.exit_code}
    if isinstance(error, AmbiguousSeedError):
        body["matches"] = [{"track_id": track_id, "description": text} for track_id, text in error.matches]
    with suppress(OSError):  # where stdout takes nothing, stderr has said so
        Screen(as_json=as_json).document({"error": body})
    give_up_stdout()
    return error.exit_code


def _print_error(text: str) -> None:
    from moodrec.cli.console import error_line

    with suppress(OSError):  # where stderr takes nothing either, the exit code says enough
        error_line(text)
