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


Box = tuple[float, float, float, float]


def boxes(page: Any, what: str) -> list[Box]:
    """Left, top, right and bottom of all that is shown of something."""
    found = [one.bounding_box() for one in page.locator(what).all() if one.is_visible()]
    return [(one["x"], one["y"], one["x"] + one["width"], one["y"] + one["height"]) for one in found if one]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (768, 1000), (640, 400), (390, 780), (360, 640)])
@pytest.mark.parametrize("spread", [1.0, 0.3, 0.0])
def test_names_of_regions_overlap_nothing(
    browser: Any, address: str, size: tuple[int, int], spread: float
) -> None:
    places = [
        (0.5 + spread * (x - 0.5), 0.5 + spread * (y - 0.5)) for x in (0, 0.3, 0.6, 1) for y in (0, 0.5, 1)
    ]
    regions = [
        {
            "x": 65_535 * x,
            "y": 65_535 * y,
            "tracks": 99 - i,
            "moods": ["melancholic", "dreamy"],
            "genre": f"Rock {i}",
        }
        for i, (x, y) in enumerate(places)
    ]
    info = {"version": "v", "method": "pca", "tracks": 40, "coming": None, "regions": regions}
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    page = context.new_page()
    page.route("**/v1/map/info", lambda route: route.fulfill(json=info))
    page.goto(address)
    page.wait_for_selector(".map .region", state="attached", timeout=60_000)
    if size[0] <= 900:
        page.click(".top .sheet-handle")
    page.wait_for_timeout(500)
    for step in ("whole", "Closer", "Further"):
        if step != "whole":
            page.click(f".map button[aria-label={step}]")
            page.wait_for_timeout(300)
        names, others = boxes(page, ".map .region"), boxes(page, ".map .tools .button, .map .legend")
        left, top, right, bottom = boxes(page, "section.map")[0]
        assert len(names) >= 3 or step == "Closer"
        for place, one in enumerate(names):
            assert not [other for other in names[:place] + others if overlap(one, other)]
            assert one[0] >= left - 1
            assert one[1] >= top - 1
            assert one[2] <= right + 1
            assert one[3] <= bottom + 1
    context.close()


@pytest.mark.parametrize("size", [(1280, 400), (640, 400), (360, 640), (320, 480)])
def test_on_small_screens_rows_can_be_seen(browser: Any, address: str, size: tuple[int, int]) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".row-track", timeout=60_000)
    for row in (0, 12):
        page.locator(".row-track").nth(row).scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        (player,), (side,) = boxes(page, ".player"), boxes(page, ".side")
        shown = [
            one for one in boxes(page, ".row-track") if one[1] >= max(0, side[1]) and one[3] <= player[1]
        ]
        assert shown
    (seek,) = boxes(page, "[aria-label=Position]")
    assert seek[2] - seek[0] > 150
    context.close()


def test_escape_leaves_a_condition_as_it_is(page: Any, address: str) -> None:
    page.goto(f"{address}?where=calm+%3E%3D+0.1")
    chip = page.locator(".chip button").first
    chip.click()
    page.fill(".popover input", "calm >= 0.9")
    page.keyboard.press("Escape")
    page.wait_for_selector(".popover", state="detached")
    assert page.locator(".chip").inner_text().startswith("calm at least .1")
    assert page.evaluate("document.activeElement.closest('.chip') !== null")
    page.click("text=+ condition")
    page.keyboard.type("calm >= 0.9")
    page.keyboard.press("Escape")
    page.wait_for_selector(".popover", state="detached")
    assert page.locator(".chip").count() == 1


def test_an_arc_is_made_at_once(page: Any) -> None:
    page.click("text=Draw a mood over time")
    page.click("text=Make the list")
    page.wait_for_selector(".chip >> text=arousal over 45 minutes")
    page.wait_for_selector(".status >> text=/[0-9]+ tracks/")
    assert "arc=arousal" in page.url


def test_a_drag_is_one_step_back(page: Any, address: str) -> None:
    page.click("button.name >> text=calm")
    page.wait_for_timeout(1200)
    calm = page.url
    assert "mood=calm" in calm
    box = page.locator(".slider input").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=12)
    page.mouse.up()
    page.wait_for_timeout(400)
    dragged = page.url
    assert dragged != calm
    page.go_back()
    assert page.url == calm
    page.go_back()
    assert page.url == address
    page.go_forward()
    page.go_forward()
    assert page.url == dragged
    page.wait_for_selector(".chip >> text=calm .90")


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


def test_a_list_is_saved_without_tracks_that_are_gone(page: Any) -> None:
    page.wait_for_selector(".map .region", state="attached")
    put(page, 0)
    kept = page.locator(".rows .names strong").first.inner_text()
    gone = {"track_id": "gone", "title": "Gone", "artist": "Nobody", "duration": 1.0}
    page.evaluate(
        """(gone) => {
          const list = JSON.parse(localStorage.getItem("moodrec.list"));
          localStorage.setItem("moodrec.list", JSON.stringify([...list, gone]));
        }""",
        gone,
    )
    page.reload()
    page.wait_for_selector("#tab-list >> text=List (2)")
    page.wait_for_selector(".map .region", state="attached")
    page.click("#tab-list")
    with page.expect_download() as download:
        page.click("text=Save as M3U")
    page.wait_for_selector(".toast >> text=1 track of the list is no longer in the library")
    text = Path(download.value.path()).read_text()
    assert kept in text
    assert text.count("#EXTINF") == 1


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
