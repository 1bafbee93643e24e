"""The page and its connection: proxies, servers that stop and start, tokens, tabs that nobody sees."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.page.conftest import wait_for
from tests.page.proxied import proxy_to

SAMPLE = Path(__file__).parents[2] / "indexes" / "open-game-music"
TOKEN = "a secret of tests only"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def served(port: int, *options: str) -> Iterator[str]:
    """The address of a server of the sample index, as long as the block."""
    command = [
        sys.executable,
        "-m",
        "moodrec",
        "serve",
        str(SAMPLE),
        "--port",
        str(port),
        "--quiet",
        *options,
    ]
    server = subprocess.Popen(command)
    try:
        wait_for(f"http://127.0.0.1:{port}/", "healthz")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert not faults


def test_behind_a_proxy_it_goes_on_when_the_server_is_back(page: Any) -> None:
    port = free_port()
    with proxy_to(port) as address:
        with served(port, "--name", "127.0.0.1"):
            page.goto(address)
            page.wait_for_selector(".row-track", timeout=60_000)
            page.click(".rows .names >> nth=0")
            page.wait_for_selector(".chip.seed")
            page.wait_for_selector(".row-track .score")
        page.wait_for_selector(".fault >> text=The server does not answer", timeout=30_000)
        page.click("text=Start over")
        page.wait_for_selector(".empty >> text=The server does not answer")
        with served(port, "--name", "127.0.0.1"):
            page.wait_for_selector(".row-track", timeout=60_000)
            page.wait_for_selector(".fault", state="detached")


def test_after_the_token_events_come(page: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with served(free_port(), "--token-file", str(tmp_path / "token")) as address:
        page.goto(address)
        page.fill("dialog[open] input[name=token]", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog .fault >> text=not the token")
        page.fill("dialog[open] input[name=token]", TOKEN)
        with page.expect_response(lambda one: one.url.endswith("/v1/events") and one.status == 200):
            page.keyboard.press("Enter")
        page.wait_for_selector(".row-track")
        page.wait_for_selector("dialog[open]", state="detached")


def test_an_analysis_that_ended_with_its_server_is_not_shown(page: Any, address: str) -> None:
    job = {"id": "one", "state": "running", "total": 9, "done": 4, "last": "song.flac", "message": ""}
    told = [f"retry: 200\nevent: job\ndata: {json.dumps(job)}\n\n", "retry: 200\n\n"]
    page.route(
        "**/v1/events",
        lambda route: route.fulfill(
            content_type="text/event-stream", body=told[0] if len(told) == 2 else told[-1]
        ),
    )
    page.goto(address)
    page.wait_for_selector("text=4 of 9 files")
    told.pop(0)
    page.wait_for_selector("text=4 of 9 files", state="detached")


def streams(address: str) -> int:
    with urllib.request.urlopen(f"{address}metrics") as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line for line in lines if line.startswith("moodrec_event_streams")).split()[1]))


def test_a_tab_that_nobody_sees_holds_no_connection(page: Any) -> None:
    with served(free_port()) as address:
        page.goto(address)
        page.wait_for_selector(".row-track", timeout=60_000)
        for hidden in (False, True, False):
            page.evaluate(
                """(hidden) => {
                  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
                  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
                }""",
                hidden,
            )
            for _ in range(100):
                if streams(address) == (0 if hidden else 1):
                    break
                page.wait_for_timeout(100)
            assert streams(address) == (0 if hidden else 1)


def test_what_could_not_be_read_plays_when_the_server_is_back(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".row-track", timeout=60_000)
    page.route(
        "**/audio*", lambda route: route.fulfill(status=502, content_type="text/html", body="Bad Gateway")
    )
    page.click(".rows button[aria-label^='Play '] >> nth=2")
    page.wait_for_selector(".toast >> text=The server does not answer")
    page.unroute("**/audio*")
    page.click(".player button[aria-label=Play]")
    page.wait_for_selector(".player button[aria-label=Pause]")
    page.wait_for_selector("[aria-label=Position]:not([value='0'])", timeout=30_000)
