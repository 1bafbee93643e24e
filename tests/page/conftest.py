"""A server over real analysed music, and a browser: for ``make test-page``."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
TRACKS = 40


@pytest.fixture(scope="session")
def music(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Excerpts of game music with tags."""
    from mutagen.oggopus import OggOpus

    source, folder = shared_data / "open_game_music", tmp_path_factory.mktemp("music")
    with (source / "tracks.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["artist"]]
    for row in rows[:: len(rows) // TRACKS][:TRACKS]:
        copy = folder / Path(row["audio"]).name
        shutil.copy(source / row["audio"], copy)
        tags = OggOpus(copy)
        tags.update({"title": row["title"], "artist": row["artist"], "album": row["album"]})
        tags.save()
    write_what_browsers_cannot_play(copy, folder / "no browser plays this.aiff")
    return folder


def write_what_browsers_cannot_play(source: Path, target: Path) -> None:
    """Write some seconds of a file as AIFF."""
    import soundfile

    samples, rate = soundfile.read(source, frames=12 * 48_000)
    soundfile.write(target, samples[::-1], rate)  # backwards, so that it is no copy


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the music; ``MOODREC_PAGE`` names one that runs already."""
    if running := os.environ.get("MOODREC_PAGE"):
        yield running
        return
    music = request.getfixturevalue("music")
    library = tmp_path_factory.mktemp("page") / "library"
    moodrec = [sys.executable, "-m", "moodrec"]
    subprocess.run([*moodrec, "analyze", str(music), "--library", str(library), "--quiet"], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([*moodrec, "serve", str(library), "--music", str(music), "--port", str(port)])
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def wait_for(url: str, place: str = "readyz") -> None:
    """Wait until a server answers."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(url + place, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: make test-page")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
