"""The pictures of the page in docs/page.md, over music of one's own.

    python -m tools.page_pictures MUSIC

Needs Chromium (``apt-get install chromium``), ``pip install playwright pillow``, and a folder of some hundred audio
files with tags, which are analysed into a library that is thrown away. Writes docs/images/page.png (a wide screen,
light), page-dark.png (a path between two tracks, dark) and page-phone.png.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
ARGUMENTS: Final = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_WIDE: Final = {"width": 1280, "height": 800}
_PHONE: Final = {"width": 390, "height": 780}
_SETTLED_MS: Final = 1500


def main() -> None:
    """Analyse, serve, and write the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("music", type=Path)
    music = parser.parse_args().music
    with tempfile.TemporaryDirectory() as folder, serving(music, Path(folder) / "library") as url:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
            with opened(browser, url, _WIDE, "light") as page:
                from_a_track(page)
                keep(page, "page")
            with opened(browser, url, _WIDE, "dark") as page:
                page.goto(url + across(url))
                keep(page, "page-dark")
            with opened(browser, url, _PHONE, "light") as page:
                page.click(".rows .names >> nth=1")
                page.click(".sheet-handle >> nth=0")
                keep(page, "page-phone")
            browser.close()


@contextmanager
def serving(music: Path, library: Path) -> Iterator[str]:
    """The address of a server over music that it has analysed, as long as the block.

    Args:
        music: a folder of audio files.
        library: a folder that is not there yet.
    """
    moodrec = [sys.executable, "-m", "moodrec"]
    subprocess.run([*moodrec, "analyze", str(music), "--library", str(library), "--quiet"], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    port = url.rpartition(":")[2].strip("/")
    server = subprocess.Popen(
        [*moodrec, "serve", str(library), "--music", str(music), "--port", port, "--quiet"]
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(url + "readyz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def opened(browser: Any, url: str, size: dict[str, int], scheme: str) -> Iterator[Any]:
    """The page with its rows and its map.

    Args:
        browser: of Playwright.
        url: of the page.
        size: of the window.
        scheme: ``light`` or ``dark``.
    """
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".row-track", timeout=60_000)
    page.wait_for_selector(".map .region", state="attached", timeout=120_000)
    yield page
    context.close()


def from_a_track(page: Any) -> None:
    """Search from a track towards a mood, and show why the first result is there.

    Args:
        page: with its rows.
    """
    page.click(".rows .names >> nth=7")
    page.wait_for_selector(".chip.seed")
    box = page.locator(".pad").bounding_box()
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"])
    page.wait_for_timeout(_SETTLED_MS)
    page.click("button[aria-label='Why, and more'] >> nth=0")
    page.wait_for_selector(".why .radar")


def across(url: str) -> str:
    """Return the query of a path between the tracks that lie furthest apart on the map.

    Args:
        url: of the page.
    """
    places = np.frombuffer(_read(url + "v1/map"), "<u2").reshape(-1, 2).astype(np.float64)
    ids = json.loads(_read(url + "v1/map/tracks"))["track_id"]
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    begin, end = divmod(int(apart.argmax()), len(ids))
    return f"?like={ids[begin]}&to={ids[end]}"


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        found: bytes = answer.read()
    return found


def keep(page: Any, name: str) -> None:
    """Write what the page shows.

    Args:
        page: to be drawn.
        name: of the picture.
    """
    from PIL import Image

    page.mouse.move(5, 300)
    page.wait_for_timeout(_SETTLED_MS)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.save(IMAGES / f"{name}.png", optimize=True)


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("needs Chromium: apt-get install chromium")
    return found


if __name__ == "__main__":
    main()
