"""Every failure is one line on stderr, an exit code, and under --json a document on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from moodrec import errors
from moodrec.cli.group import EXIT_SOME_FAILED, MoodrecGroup
from moodrec.cli.options import JsonOption
from tests.cli.commands import run as app_run
from tests.cli.commands import write_vectors

CODES = {
    errors.MoodrecError: 1,
    errors.UsageError: 2,
    errors.ConfigError: 2,
    errors.FilterError: 2,
    errors.NotFoundError: 3,
    errors.CorruptStoreError: 4,
    errors.StoreLockedError: 5,
    errors.ConflictError: 5,
    errors.AudioError: 1,
    errors.DataError: 1,
    errors.ModelMismatchError: 1,
}


def run(failure: BaseException | None, *args: str) -> Result:
    app = typer.Typer(cls=MoodrecGroup, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """A group of commands."""

    @app.command()
    def do(as_json: JsonOption = False) -> None:
        """Do it."""
        if failure:
            raise failure
        print("done")

    return CliRunner().invoke(app, list(args))


@pytest.mark.parametrize(("kind", "code"), CODES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_each_error_has_its_exit_code(kind: type[errors.MoodrecError], code: int) -> None:
    result = run(kind("what to do"), "do")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", "error: what to do\n")


def test_under_json_the_error_is_a_document() -> None:
    result = run(errors.NotFoundError("gone"), "do", "--json")
    assert json.loads(result.stdout) == {
        "error": {"type": "NotFoundError", "message": "gone", "exit_code": 3}
    }
    assert result.stderr == "error: gone\n"


def test_an_ambiguous_seed_lists_its_matches() -> None:
    failure = errors.AmbiguousSeedError(
        "several:\n  t1  A - X\n  t2  B - X", [("t1", "A - X"), ("t2", "B - X")]
    )
    result = run(failure, "do", "--json")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == ["error: several:", "  t1  A - X", "  t2  B - X"]
    matches = json.loads(result.stdout)["error"]["matches"]
    assert matches == [{"track_id": "t1", "description": "A - X"}, {"track_id": "t2", "description": "B - X"}]


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["dont"], "No such command 'dont'"),
        (["do", "--fats"], "No such option: --fats"),
        (["do", "extra"], "unexpected extra argument"),
    ],
)
def test_usage_errors_are_one_line_and_exit_2(args: list[str], complaint: str) -> None:
    result = run(None, *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1
    assert "--help)" in result.stderr


def test_system_errors_name_the_file() -> None:
    result = run(PermissionError(13, "Permission denied", "/music/x"), "do")
    assert (result.exit_code, result.stderr) == (1, "error: /music/x: Permission denied\n")


def test_interrupted_is_130() -> None:
    result = run(KeyboardInterrupt(), "do")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr


def test_a_command_may_choose_its_code() -> None:
    assert run(typer.Exit(EXIT_SOME_FAILED), "do").exit_code == 6
    assert run(None, "do").exit_code == 0


def test_a_bug_is_not_dressed_up() -> None:
    assert isinstance(run(ZeroDivisionError("bug"), "do").exception, ZeroDivisionError)


def test_without_arguments_the_help_is_shown() -> None:
    result = run(None)
    assert result.exit_code == 0
    assert "A group of commands." in result.stdout


def moodrec(*args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "moodrec", *args]
    return subprocess.run(command, capture_output=True, env=os.environ | environment)


def test_the_script_exits_with_the_codes() -> None:
    assert moodrec("--version").stdout.startswith(b"moodrec ")
    assert moodrec("--help").returncode == 0
    assert moodrec("nonsense").returncode == 2
    assert moodrec("index", "info", "/nowhere").returncode == 3


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    done = moodrec(
        "index", "info", str(tmp_path / "ü\udce9"), PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0"
    )
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"\\xfc" in done.stderr


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    table = write_vectors(tmp_path / "v.parquet", [f"t{i}" for i in range(3000)])
    app_run("index", "build", "--table", table, "--moods", "calm", "--out", tmp_path / "index")
    command = [sys.executable, "-m", "moodrec", "list", "--json", "--library", str(tmp_path / "index")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()
