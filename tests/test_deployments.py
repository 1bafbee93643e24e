"""The files under deploy/: they can be read, name what exists, and give commands the options that they have."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from moodrec.cli.app import app

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
yaml = pytest.importorskip("yaml", reason="needs the package PyYAML")
COMPOSE = sorted(DEPLOY.rglob("compose.yml"))
UNITS = sorted(DEPLOY.rglob("*.service"))
PINNED = re.compile(r"[a-z0-9./_-]+:[A-Za-z0-9._-]*\d[A-Za-z0-9._-]*\Z")
"""An image by a tag that has a number in it."""


def services(file: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return found


def commands() -> list[tuple[str, list[str]]]:
    """Every command of moodrec under deploy/, with the file that it stands in."""
    found = [
        (f"{file.relative_to(ROOT)} {name}", list(service["command"]))
        for file in COMPOSE
        for name, service in services(file).items()
        if service.get("command", [""])[0] == "moodrec"
    ]
    for unit in UNITS:
        settings = section(unit, "Service")
        found += [
            (f"{unit.relative_to(ROOT)} {key}", shlex.split(value))
            for key, value in settings.items()
            if key.startswith("exec")
        ]
    return found


def section(unit: Path, name: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read(unit, encoding="utf-8")
    assert set(parser.sections()) == {"Unit", "Service", "Install"}
    return dict(parser[name])


def parsed(words: list[str]) -> None:
    """Let the command line itself read a command, without running it."""
    import typer

    command: Any = typer.main.get_command(app)
    name, rest = "moodrec", list(words)
    while hasattr(command, "commands"):
        name = rest.pop(0)
        command = command.commands[name]
    command.make_context(name, rest)


def test_there_is_a_file_for_each_deployment() -> None:
    assert {str(file.relative_to(DEPLOY)) for file in (*COMPOSE, *UNITS)} == {
        "compose.yml",
        "server/compose.yml",
        "cluster/compose.yml",
        "moodrec.service",
        "server/moodrec-server.service",
    }


@pytest.mark.parametrize(("place", "words"), commands(), ids=lambda one: one if isinstance(one, str) else "")
def test_commands_have_the_options_that_they_are_given(place: str, words: list[str]) -> None:
    program, *rest = words
    assert program.rpartition("/")[2] == "moodrec"
    parsed(rest)


def test_a_wrong_option_would_be_seen() -> None:
    with pytest.raises(Exception, match="--no-such"):
        parsed(["serve", "--no-such", "x"])


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: str(file.relative_to(ROOT)))
def test_images_are_pinned_and_files_are_there(file: Path) -> None:
    known = services(file)
    for name, service in known.items():
        if "image" in service:
            assert PINNED.match(service["image"]), service["image"]
        else:
            build = service["build"]
            where = file.parent / (build if isinstance(build, str) else build["context"])
            assert (where / "Dockerfile").is_file()
            assert name in ("embed", "index", "load", "ray", "ray-worker") or service.get("security_opt")
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (file.parent / source).exists(), source
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), port
        assert set(service.get("depends_on", ())) <= set(known)


def test_passwords_are_no_part_of_a_command() -> None:
    for place, words in commands():
        assert not any(re.search(r"://[^/@]*:[^/@]*@", word) for word in words), place
    example = (DEPLOY / "server" / "serve.env.example").read_text(encoding="utf-8")
    names = [line.partition("=")[0] for line in example.splitlines() if line and not line.startswith("#")]
    assert names == ["MOODREC_SERVE_TOKEN", "MOODREC_INDEX_PASSWORD"]
    compose = (DEPLOY / "server" / "compose.yml").read_text(encoding="utf-8")
    assert all(name in compose for name in names)


def test_the_proxy_has_every_replica() -> None:
    config = (DEPLOY / "cluster" / "nginx.conf").read_text(encoding="utf-8")
    behind = set(re.findall(r"server (serve-\d+):8765", config))
    assert behind == {
        name for name in services(DEPLOY / "cluster" / "compose.yml") if name.startswith("serve-")
    }
    assert len(behind) == 3
    assert config.count("{") == config.count("}")


def test_the_image_installs_extras_that_there_are() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = re.findall(r"EXTRAS[:=] ?([a-z,]+)", (ROOT / "Dockerfile").read_text())
    for file in COMPOSE:
        wanted += re.findall(r"EXTRAS: ([a-z,]+)", file.read_text())
    assert len(wanted) >= 3
    assert {name for one in wanted for name in one.split(",")} <= extras.keys()
