"""Flags over environment over moodrec.toml; a settings file with a typo is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from moodrec.cli.group import MoodrecGroup
from moodrec.cli.options import LibraryOption, QuietOption
from moodrec.cli.settings import default_map
from moodrec.errors import NotFoundError
from moodrec.library.place import default_library, settings_file


def small_app() -> typer.Typer:
    app = typer.Typer(cls=MoodrecGroup, pretty_exceptions_enable=False)
    inner = typer.Typer()

    @app.callback()
    def settings(context: typer.Context) -> None:
        context.default_map = default_map(context.command)

    @app.command()
    def show(
        library: LibraryOption = None,
        k: int = 20,
        max_per_artist: Annotated[int | None, typer.Option("--max-per-artist")] = None,
        quiet: QuietOption = False,
        sort: Annotated[str, typer.Option("--sort")] = "",
        exclude: Annotated[list[str] | None, typer.Option("--exclude")] = None,
    ) -> None:
        print(library, k, max_per_artist, quiet, sort, *(exclude or ()))

    @inner.command()
    def build(preset: str = "auto") -> None:
        print(preset)

    @inner.command()
    def info() -> None:
        print("info")

    app.add_typer(inner, name="index")
    return app


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder and an empty user configuration folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("LIBRARY", "QUIET", "CONFIG", "MODEL", "JOBS", "DEVICE"):
        monkeypatch.delenv(f"MOODREC_{name}", raising=False)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(small_app(), list(args))


def test_without_settings_the_defaults_hold(here: Path) -> None:
    assert run("show").stdout.split() == ["None", "20", "None", "False"]


def test_flags_win_over_environment_over_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "moodrec.toml").write_text(
        'library = "of-file"\nquiet = true\n[show]\nk = 5\nmax_per_artist = 1\n'
    )
    assert run("show").stdout.split() == [str(here / "of-file"), "5", "1", "True"]
    monkeypatch.setenv("MOODREC_LIBRARY", "of-environment")
    assert run("show").stdout.split()[0] == "of-environment"
    assert run("show", "--library", "of-flag", "--k", "7").stdout.split()[:2] == ["of-flag", "7"]


@pytest.mark.parametrize("table", ["", "[show]\n"])
def test_a_library_starts_at_the_folder_of_the_file(
    here: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    settings = here / "deep" / "settings.toml"
    settings.parent.mkdir()
    monkeypatch.setenv("MOODREC_CONFIG", str(settings))
    monkeypatch.setenv("HOME", str(here / "home"))
    for written, meant in (("libx", here / "deep" / "libx"), ("~/libx", here / "home" / "libx")):
        settings.write_text(f'{table}library = "{written}"\n')
        assert run("show").stdout.split()[0] == str(meant)


def test_the_file_here_wins_over_the_users(here: Path) -> None:
    of_user = here / "config" / "moodrec" / "moodrec.toml"
    of_user.parent.mkdir(parents=True)
    of_user.write_text("[index.build]\npreset = 'of-user'\n")
    assert settings_file() == of_user
    assert run("index", "build").stdout == "of-user\n"
    (here / "moodrec.toml").write_text("[index.build]\npreset = 'here'\n")
    assert run("index", "build").stdout == "here\n"


def test_a_named_file_wins_and_must_exist(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "moodrec.toml").write_text("[show]\nk = 1\n")
    (here / "other.toml").write_text("[show]\nk = 2\n")
    monkeypatch.setenv("MOODREC_CONFIG", "other.toml")
    assert run("show").stdout.split()[1] == "2"
    monkeypatch.setenv("MOODREC_CONFIG", "gone.toml")
    with pytest.raises(NotFoundError, match=r"gone\.toml"):
        settings_file()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("libary = 'x'", "no such setting or command: libary"),
        ("[show]\nkk = 3", "no such option: kk"),
        ("[index]\nbuild = 3", "should be a table"),
        ("[index.bild]\npreset = 'x'", "no such setting or command: bild"),
        ("k = = 3", "Invalid"),
        ("[show]\nk = 'many'", "value for '--k'"),
        ("[show]\nlibrary = '~no-such-user/x'", "library = '~no-such-user/x'"),
    ],
)
def test_a_wrong_settings_file_is_a_usage_error(here: Path, text: str, complaint: str) -> None:
    (here / "moodrec.toml").write_text(text)
    result = run("show")
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_value_may_begin_with_a_dash(here: Path) -> None:
    assert run("show", "--sort", "-calm").stdout.split()[-1] == "-calm"
    assert run("show", "--sort=-calm").stdout.split()[-1] == "-calm"


def test_the_default_library_does_not_depend_on_the_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(here / "data"))
    assert default_library() == here / "data" / "moodrec" / "library"


@pytest.mark.parametrize("place", ["", "[show]\n"])
@pytest.mark.parametrize(
    ("value", "meant"), [("'*.wav'", "*.wav"), ("['Podcasts', '*.wav']", "Podcasts *.wav")]
)
def test_patterns_are_a_list_or_one_text(here: Path, place: str, value: str, meant: str) -> None:
    (here / "moodrec.toml").write_text(f"{place}exclude = {value}\n")
    assert run("show").stdout.split()[4:] == meant.split()
    assert run("show", "--exclude", "a", "--exclude", "b").stdout.split()[4:] == ["a", "b"]
