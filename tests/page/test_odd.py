"""Odd visits to the page: other tabs, a browser that keeps nothing, wrong links, keys alone, an empty library."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.page.conftest import wait_for

BLOCKED = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'Error'); } })"
)


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page with rows, which has printed no error at the end."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    page.wait_for_selector(".row-track", timeout=60_000)
    yield page
    context.close()
    assert not faults


def put(page: Any, row: int) -> None:
    page.click(f"button[aria-label^='Put '] >> nth={row}")


def test_names_of_regions_follow_the_map(page: Any) -> None:
    page.wait_for_selector(".map .region")
    region = page.locator(".map .region").first
    before = region.bounding_box()
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(440, 430, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    after = region.bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((40, 30), abs=2)


def test_escape_closes_the_keys(page: Any) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    page.click("button[aria-label=Keys]")
    page.click("dialog[open] button[aria-label=Close]")
    page.wait_for_selector("dialog[open]", state="detached")


def test_keys_alone_lead_through_the_page(page: Any) -> None:
    first = page.locator(".player strong").inner_text()
    page.keyboard.press("j")
    page.wait_for_timeout(300)
    assert page.locator(".player strong").inner_text() != first
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip.seed")
    page.keyboard.press("a")
    page.wait_for_selector("#tab-list >> text=List (1)")
    page.keyboard.press("l")
    page.wait_for_selector("canvas[data-tool=lasso]")
    page.keyboard.press("Escape")
    page.wait_for_selector("canvas[data-tool=move]")


def test_enter_before_the_suggestions_takes_the_first_of_them(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("happy", delay=0)
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip >> text=happy .90")


def test_words_that_are_not_understood_stay_until_one_drops_them(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("calm flugelhorn not sad")
    page.wait_for_selector(".suggestions >> text=not understood: flugelhorn")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip.unread >> text=flugelhorn")
    page.reload()
    page.click(".chip.unread button[aria-label^=Drop]")
    page.wait_for_selector(".chip.unread", state="detached")
    assert "unread" not in page.url
    assert "mood=calm" in page.url


def test_a_list_without_an_artist_or_with_one_of_each(page: Any, address: str) -> None:
    with urllib.request.urlopen(f"{address}v1/tracks?limit=1000&columns=artist") as answer:
        artists = [one["artist"] for one in json.load(answer)["tracks"]]
    barred = next(one for one in artists if one)
    page.goto(f"{address}?without={urllib.parse.quote(barred)}&one=1")
    expected = len({one for one in artists if one and one != barred}) + artists.count(None)
    page.wait_for_selector(f".status >> text={expected} tracks")
    assert barred not in page.locator(".rows .names span bdi").all_inner_texts()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("like=nobody", "no track is called"),
        ("mood=nomood:.5", "unknown mood"),
        ("where=%27", "cannot read the condition"),
        ("arc=calm:99999999:0.1,0.9", "minutes"),
        ("up=nobody", "nothing to start from"),
    ],
)
def test_a_wrong_link_says_what_is_wrong(page: Any, address: str, query: str, told: str) -> None:
    page.goto(f"{address}?{query}")
    page.wait_for_selector(f".empty >> text={told}")
    page.click(".empty >> text=Start over")
    page.wait_for_selector(".row-track")


def test_a_link_that_cannot_be_read_is_left_out(page: Any, address: str) -> None:
    page.goto(f"{address}?mood=calm:7&weight=9&variety=-1&arc=x&to=nobody&mood=__proto__:0.5")
    page.wait_for_selector(".row-track")
    assert page.locator(".sentence > span").first.inner_text() == "All tracks"
    assert page.locator(".chip").count() == 0


def test_a_link_to_a_path_learns_the_names_of_its_ends(page: Any, address: str) -> None:
    with urllib.request.urlopen(f"{address}v1/tracks?limit=9&columns=title") as answer:
        first, *_, last = json.load(answer)["tracks"]
    page.goto(f"{address}?like={first['track_id']}&to={last['track_id']}")
    for place, track in enumerate((first, last)):
        page.wait_for_selector(f".chip.seed >> nth={place} >> text={json.dumps(track['title'])}")


def test_two_tabs_have_one_list(page: Any, address: str) -> None:
    other = page.context.new_page()
    other.goto(address)
    other.wait_for_selector(".row-track")
    put(page, 0)
    other.wait_for_selector("#tab-list >> text=List (1)")
    put(other, 3)
    page.wait_for_selector("#tab-list >> text=List (2)")


def test_a_browser_that_keeps_nothing_is_said_so(browser: Any, address: str) -> None:
    context = browser.new_context()
    context.add_init_script(BLOCKED)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".row-track")
    put(page, 0)
    page.wait_for_selector(".toast >> text=keeps nothing")
    page.wait_for_selector("#tab-list >> text=List (1)")
    context.close()


def test_tracks_from_the_map_have_their_times_in_the_list(page: Any) -> None:
    page.wait_for_selector(".map .region")
    page.click("button[aria-label^='Circle']")
    box = page.locator(".map canvas").bounding_box()
    corners = [(0.02, 0.1), (0.9, 0.1), (0.9, 0.9), (0.02, 0.9), (0.02, 0.15)]
    for place, (x, y) in enumerate(corners):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if not place:
            page.mouse.down()
    page.mouse.up()
    page.click(".selection >> text=To the list")
    page.click("#tab-list")
    page.wait_for_selector(".status >> text=/\\d+:\\d\\d/")


def test_a_dropped_file_has_its_place_on_the_map(page: Any, music: Path) -> None:
    data = base64.b64encode(next(music.glob("*.opus")).read_bytes()).decode()
    files = page.evaluate_handle(
        """(text) => {
          const files = new DataTransfer(), bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
          files.items.add(new File([bytes], "mine.opus"));
          return files;
        }""",
        data,
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": files})
    page.wait_for_selector(".drop-here")
    page.dispatch_event("body", "drop", {"dataTransfer": files})
    page.wait_for_selector(".chip.seed >> text=mine.opus", timeout=60_000)
    page.wait_for_selector(".map .file >> text=mine.opus")
    nothing = page.evaluate_handle(
        "() => { const files = new DataTransfer(); files.items.add(new File(['no audio'], 'x.txt')); return files; }"
    )
    page.dispatch_event("body", "drop", {"dataTransfer": nothing})
    page.wait_for_selector(".toast >> text=no audio in it", timeout=60_000)


def test_what_is_pointed_at_is_played(page: Any) -> None:
    page.wait_for_selector(".map .region")
    page.click("button[aria-label='Hear what is pointed at']")
    with page.expect_request("**/v1/tracks/*/audio") as played:
        box = page.locator(".map canvas").bounding_box()
        for x in range(20, 90, 2):
            page.mouse.move(box["x"] + box["width"] * x / 100, box["y"] + box["height"] * 0.5)
            if page.locator(".tip").count():
                break
        page.wait_for_timeout(800)
    assert played.value.url.endswith("/audio")


def test_the_colours_are_remembered(page: Any) -> None:
    page.click("button[aria-label='Light or dark']")
    page.reload()
    page.wait_for_selector(":root[data-theme=dark]", state="attached")


def test_an_empty_library_is_filled_from_the_page(browser: Any, music: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["serve", str(tmp_path / "library"), "--music", str(music), "--port", str(port), "--quiet"]
    server = subprocess.Popen([sys.executable, "-m", "moodrec", *command])
    try:
        wait_for(f"http://127.0.0.1:{port}/", "healthz")
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("text=There is no track in this library yet")
        page.click("button[aria-label='Folders of music']")
        page.click("dialog button >> text=Analyse")
        page.keyboard.press("Escape")
        page.wait_for_selector(".row-track", timeout=120_000)
        page.wait_for_selector(".map .legend")
        page.close()
    finally:
        server.terminate()
        server.wait(20)
