"""The page on the API is of the endpoints as they are; the server's own files are whole; ``serve --check`` tells."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from moodrec.serve.extra import EXTRA, missing
from tests.cli.commands import run, run_json

ROOT = Path(__file__).parents[2]
needs_extra = pytest.mark.skipif(bool(missing()), reason=f"pip install 'moodrec[{EXTRA}]' to run this test")


@needs_extra
def test_the_page_on_the_api_is_up_to_date() -> None:
    from tools.http_api import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tools.http_api"


def test_every_module_of_the_page_is_asked_for_at_once() -> None:
    static = ROOT / "moodrec" / "serve" / "static"
    modules = {str(one.relative_to(static)) for one in static.rglob("*.js")} - {"js/main.js"}
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', (static / "index.html").read_text())
    assert sorted(named) == sorted(modules)


@needs_extra
def test_every_audio_suffix_has_a_type() -> None:
    from moodrec.audio.formats import AUDIO_SUFFIXES
    from moodrec.serve.audio import TYPES

    assert TYPES.keys() == AUDIO_SUFFIXES


@needs_extra
def test_check_tells_what_would_not_work(sample_folder: Path, tmp_path: Path) -> None:
    told = run_json("serve", sample_folder, "--port", 0, "--check")
    found = {one["what"]: one for one in told["checks"]}
    assert told["ok"]
    assert found["index"]["detail"] == "400 tracks, 2 moods"
    assert "nobody else" in found["access"]["detail"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = run_json("serve", tmp_path / "none", "--port", port, "--check", code=1)
    wrong = {one["what"] for one in told["checks"] if not one["ok"]}
    assert {"index", "address"} <= wrong
    assert "a token is required" in run("serve", sample_folder, "--host", "0.0.0.0", code=2).stderr


def test_without_the_extra_the_pip_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moodrec.serve.extra._PACKAGES", ("no_such_package",))
    result = run("serve", "--check", code=1)
    assert "pip install 'moodrec[serve]'" in result.stderr


def test_deployment_files_name_what_exists() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    for line in dockerfile.splitlines():
        if line.startswith("COPY") and "--from" not in line:
            for name in line.split()[1:-1]:
                assert (ROOT / name).exists(), name
    assert "USER 10001" in dockerfile
    compose = (ROOT / "deploy" / "compose.yml").read_text()
    assert "/music:ro" in compose
    assert "moodrec serve" in (ROOT / "deploy" / "moodrec.service").read_text()
