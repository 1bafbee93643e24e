"""A person's visit to the page, on real analysed music: ``make test-page``.

Screenshots of each step are kept in ``$MOODREC_SCREENSHOTS``, where that is set.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SIZES = [(1280, 800), (768, 1000), (390, 780)]
AXE = os.environ.get("MOODREC_AXE")
"""The file axe.min.js of the package axe-core."""


class Visit:
    """A page, and the faults that it printed."""

    def __init__(self, page: Any, name: str) -> None:
        self.page, self.name, self.faults = page, name, list[str]()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def shows(self, state: str) -> None:
        """Check that a state has no serious fault of accessibility, and keep its picture."""
        self.page.wait_for_timeout(400)
        if place := os.environ.get("MOODREC_SCREENSHOTS"):
            Path(place).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(place) / f"{self.name}-{state}.png"))
        if AXE:
            self.page.evaluate(Path(AXE).read_text())
            found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
            assert not serious, [
                (one["id"], [node["html"][:200] for node in one["nodes"]]) for one in serious
            ]

    def has_rows(self, n: int) -> None:
        """Wait until there are n results; the page's policy lets no test evaluate conditions of its own in it."""
        from playwright.sync_api import expect

        expect(self.page.locator(".rows .row-track")).to_have_count(n, timeout=30_000)

    def has_not_first(self, title: str) -> None:
        """Wait until the first result is another one."""
        from playwright.sync_api import expect

        expect(self.page.locator(".rows .names strong").first).not_to_have_text(title, timeout=30_000)

    def titles(self) -> list[str]:
        """The titles of the results."""
        found: list[str] = self.page.locator(".rows .names strong").all_inner_texts()
        return found


@pytest.fixture(
    params=[(*size, scheme) for size in SIZES for scheme in ("light", "dark")],
    ids=lambda one: "-".join(map(str, one)),
)
def visit(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Visit]:
    width, height, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    visit = Visit(page, f"{width}-{scheme}")
    page.goto(address)
    page.wait_for_selector(".row-track", timeout=60_000)
    yield visit
    context.close()


def test_a_whole_visit(visit: Visit, address: str) -> None:
    page = visit.page
    with urllib.request.urlopen(f"{address}v1/stats") as answer:
        n = min(json.load(answer)["tracks"], 60)
    visit.has_rows(n)
    visit.shows("first")

    first = visit.titles()[0]
    page.click(".rows .names >> nth=0")
    page.wait_for_selector(".chip.seed")
    visit.has_not_first(first)
    visit.has_rows(60 if n == 60 else n - 1)
    assert first not in visit.titles()
    assert "like=" in page.url
    visit.shows("like")

    before = visit.titles()
    if not page.locator(".pad").is_visible():  # on a phone the list comes first
        page.click("text=Steer by mood")
    page.locator(".pad").scroll_into_view_if_needed()
    pad = page.locator(".pad").bounding_box()
    page.mouse.click(pad["x"] + 20, pad["y"] + 20)
    page.wait_for_selector(".chip >> text=valence")
    page.wait_for_timeout(1500)
    assert visit.titles() != before
    page.click("button[aria-label='Why, and more'] >> nth=0")
    page.wait_for_selector(".why .radar")
    visit.shows("why")

    page.click("text=+ condition")
    page.fill("input[name=condition]", "calm >= 2")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=No track meets all of this")
    visit.shows("empty")
    page.click(".empty button >> nth=0")
    page.wait_for_selector(".row-track")
    page.go_back()
    page.wait_for_selector("text=No track meets all of this")
    page.click("text=Start over >> nth=0")
    visit.has_rows(n)

    for row in range(3):
        page.click(f"button[aria-label^='Put '] >> nth={row}")
    page.click("#tab-list")
    page.wait_for_selector("text=3 tracks")
    listed = page.locator(".tray .names strong").all_inner_texts()
    page.focus("[data-grip='0']")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    assert page.locator(".tray .names strong").all_inner_texts() == [listed[1], listed[0], listed[2]]
    visit.shows("list")
    page.click("button[aria-label^='Remove'] >> nth=0")
    page.click("text=Undo")
    page.wait_for_selector("text=3 tracks")
    with page.expect_download() as download:
        page.click("text=Save as M3U")
    assert Path(download.value.path()).read_text().startswith("#EXTM3U")
    assert not visit.faults


def test_a_condition_is_completed_while_it_is_typed(visit: Visit) -> None:
    from playwright.sync_api import expect

    page = visit.page
    page.click("text=+ condition")
    field = page.locator("input[name=condition]")
    field.type("cal")
    page.wait_for_selector(".completions li")
    visit.shows("completion")
    page.keyboard.press("Tab")
    assert field.input_value() == "calm "
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert field.input_value() == "calm >= "
    field.type(".2 and artist = ")
    artists = page.locator(".completions li span")
    name = artists.first.inner_text()
    page.locator(".completions li").first.click()
    quoted = name.replace("'", "''")
    assert field.input_value() == f"calm >= .2 and artist = '{quoted}' "
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip")
    page.wait_for_selector(".row-track")
    expect(page.locator(".rows .names span").first).to_contain_text(name, timeout=30_000)
    assert not visit.faults


def test_an_arc_is_drawn(visit: Visit) -> None:
    page = visit.page
    page.click("text=Draw a mood over time")
    page.select_option(".course select", "calm")
    page.fill(".course input[type=number]", "30")
    box = page.locator(".course svg").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    for part in range(1, 9):
        down = 0.2 + 0.6 * abs(1 - abs(part - 4) / 4)
        page.mouse.move(
            box["x"] + 10 + (box["width"] - 20) * part / 8, box["y"] + box["height"] * down, steps=3
        )
    page.mouse.up()
    page.wait_for_selector(".chip >> text=calm over 30 minutes")
    page.wait_for_selector(".row-track")
    visit.shows("arc")
    assert "arc=calm" in page.url
    drawn = page.url
    point = page.locator(".course circle").nth(4)
    point.focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(300)
    assert page.url != drawn
    page.goto(drawn)
    page.wait_for_selector(".chip >> text=calm over 30 minutes")
    page.click("button[aria-label='Drop calm over 30 minutes']")
    page.wait_for_timeout(300)
    assert "arc=" not in page.url
    assert not visit.faults


def test_thumbs_steer(visit: Visit) -> None:
    page = visit.page
    before = visit.titles()
    page.click(".rows .thumb >> nth=0")
    page.wait_for_selector(".chip >> text=1 up, 0 down")
    visit.has_not_first(before[0])
    page.click(".rows .thumb.down >> nth=3")
    page.wait_for_selector(".chip >> text=1 up, 1 down")
    visit.shows("thumbs")
    assert page.url.count("up=") == page.url.count("down=") == 1
    assert not visit.faults


def test_what_the_browser_cannot_play_is_decoded_by_the_server(visit: Visit, address: str) -> None:
    from playwright.sync_api import expect

    page = visit.page
    with urllib.request.urlopen(f"{address}v1/tracks?limit=1000&columns=path") as answer:
        tracks = json.load(answer)["tracks"]
    odd = next(one["track_id"] for one in tracks if one["path"].endswith(".aiff"))
    page.goto(f"{address}?where=track_id+%3D+'{odd}'")
    visit.has_rows(1)
    page.click(".rows button[aria-label^='Play '] >> nth=0")
    page.wait_for_selector("button[aria-label=Pause]", timeout=60_000)
    expect(page.locator("[aria-label=Position]")).not_to_have_value("0", timeout=60_000)
    assert float(page.locator("[aria-label=Position]").get_attribute("max") or 0) > 10


def test_a_track_plays(visit: Visit) -> None:
    page = visit.page
    page.click(".rows button[aria-label^='Play '] >> nth=2")
    page.wait_for_selector("button[aria-label=Pause]")
    page.wait_for_timeout(2500)
    assert float(page.locator("[aria-label=Position]").input_value()) > 0
    page.keyboard.press("/")
    page.keyboard.type("ca")
    page.wait_for_selector(".suggestions li")
    visit.shows("suggestions")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open] >> text=Keys")
    visit.shows("keys")
    assert not visit.faults


def test_a_link_opens_what_was_shared(visit: Visit, address: str) -> None:
    page = visit.page
    page.goto(f"{address}?mood=calm:0.9&where=calm+%3E%3D+0.5&one=1")
    page.wait_for_selector(".row-track")
    text = page.locator(".sentence").inner_text()
    assert re.search(r"calm \.90", text)
    assert "calm at least .5" in text
    assert "one per artist" in text


def test_nothing_a_file_says_becomes_a_part_of_the_page(browser: Any, address: str) -> None:
    page = browser.new_page()
    hit = {
        "track_id": "x",
        "title": "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>",
        "artist": "<b>B</b>",
    }
    page.route(
        "**/v1/tracks?*",
        lambda route: route.fulfill(json={"version": "v", "total": 1, "tracks": [hit], "next": None}),
    )
    page.goto(address)
    page.wait_for_selector(".row-track")
    assert page.locator(".rows .names strong").inner_text() == hit["title"]
    assert page.evaluate("window.hit") is None
    page.close()


def test_a_server_that_is_gone_is_said_so(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(".row-track")
    page.route("**/v1/**", lambda route: route.abort())
    page.click(".rows .names >> nth=0")
    page.wait_for_selector("text=The server does not answer")
    page.unroute("**/v1/**")
    page.click("text=Try again")
    page.wait_for_selector(".row-track")
    page.close()
