"""Seeds that are no whole names: parts of titles, words, misspellings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from moodrec.catalog.loose_seeds import find_seed
from moodrec.errors import AmbiguousSeedError, NotFoundError
from tests.catalog.test_seeds import FRAME

ROWS = [
    ("a", "/music/1.mp3", "Love Theme", "Ryan Reilly", "Wesnoth"),
    ("b", "/music/2.mp3", "Gloves off", "The Beat", None),
    ("c", "/music/3.mp3", "Wanderer", "Timothy Pinkham", "Wesnoth"),
    ("d", "/music/Untagged Night.flac", None, None, None),
    ("e", "/music/5.mp3", "夜", "東京", None),
    ("f", "/music/6.mp3", "Frantic", "X", "One"),
    ("g", "/music/7.mp3", "Frantic (live)", "X", "Two"),
    ("h", "/music/8.mp3", "Don't Stop", "Y", None),
]
TRACKS = pd.DataFrame(ROWS, columns=["track_id", "path", "title", "artist", "album"])


@pytest.mark.parametrize(
    ("seed", "track_id"),
    [
        ("love", "a"),  # a whole word before a part of one
        ("LOVE THE", "a"),
        ("loves", "b"),
        ("timothy", "c"),  # an artist
        ("wesnoth wander", "c"),  # words of album and title, in any order
        ("untagged", "d"),  # the name of the file
        ("夜", "e"),
        ("lvoe theme", "a"),  # misspelt
        ("wandrer", "c"),
        ("frantic", "f"),  # the exact title before one that contains it
        ("don't", "h"),
        ("a", "a"),  # an id
    ],
)
def test_what_a_seed_leads_to(seed: str, track_id: str) -> None:
    assert find_seed(TRACKS, seed) == track_id


@pytest.mark.parametrize("seed", ["", " ", "-", "((", "nothing like it", "/music", "a\0b", "zz"])
def test_what_leads_nowhere(seed: str) -> None:
    with pytest.raises(NotFoundError):
        find_seed(TRACKS, seed)


def test_several_are_listed_with_numbers_albums_and_paths() -> None:
    with pytest.raises(AmbiguousSeedError) as caught:
        find_seed(TRACKS, "frant")
    assert [track_id for track_id, _ in caught.value.matches] == ["f", "g"]
    assert str(caught.value).splitlines()[1:] == [
        "  1  X - Frantic (One)",
        "     f  /music/6.mp3",
        "  2  X - Frantic (live) (Two)",
        "     g  /music/7.mp3",
    ]


def test_a_copy_is_not_a_second_match() -> None:
    assert find_seed(FRAME, "tear") == "id1"


def test_a_file_that_is_there_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("love").touch()
    with pytest.raises(NotFoundError):
        find_seed(TRACKS, "love")


def test_a_long_listing_is_cut() -> None:
    many = pd.DataFrame({"track_id": [f"t{i}" for i in range(30)], "title": [f"song {i}" for i in range(30)]})
    with pytest.raises(AmbiguousSeedError, match="30 tracks match 'song'") as caught:
        find_seed(many, "song")
    assert str(caught.value).endswith("  and 20 more")
    assert len(caught.value.matches) == 30
