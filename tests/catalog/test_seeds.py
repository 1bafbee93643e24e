from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from moodrec.catalog.seeds import resolve_seed
from moodrec.errors import AmbiguousSeedError, NotFoundError

ROWS = [
    ("id1", "/music/a.mp3", "Teardrop", "Massive Attack", "Mezzanine", None),
    ("id2", "/music/b.mp3", "Angel", "Massive Attack", "Mezzanine", None),
    ("id3", "/music/c.mp3", "Angel", "Sarah McLachlan", None, None),
    ("id4", "/music/d.mp3", "Übermut", None, None, None),
    ("id5", "/music/e.mp3", "id2", "A band that names songs after ids", None, None),
    ("id6", "/music/f.mp3", None, None, None, None),
    ("id7", "/copies/a.mp3", "Teardrop", "Massive Attack", "Mezzanine", "id1"),
]
FRAME = pd.DataFrame(ROWS, columns=["track_id", "path", "title", "artist", "album", "duplicate_of"])


@pytest.mark.parametrize(
    ("seed", "track_id"),
    [
        ("id3", "id3"),
        ("id2", "id2"),  # an id before a title
        ("/music/c.mp3", "id3"),
        ("/music/../music/f.mp3", "id6"),
        ("Teardrop", "id1"),  # and not its copy
        ("tearDROP", "id1"),
        ("  teardrop ", "id1"),
        ("übermut", "id4"),
        ("U\u0308BERMUT", "id4"),  # decomposed, as macOS writes it
        ("massive attack - angel", "id2"),
        ("Sarah McLachlan - Angel", "id3"),
        ("id7", "id7"),
        ("/copies/a.mp3", "id7"),
    ],
)
def test_a_seed_names_one_track(seed: str, track_id: str) -> None:
    assert resolve_seed(FRAME, seed) == track_id


def test_a_path_may_be_relative(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    frame = FRAME.assign(path=[str(tmp_path.resolve() / f"{i}.mp3") for i in range(len(FRAME))])
    assert resolve_seed(frame, "3.mp3") == "id4"


def test_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    frame = pd.DataFrame({"track_id": ["a"], "path": [str(folder / r"caf\udce9.mp3")]})
    assert resolve_seed(frame, os.path.join(folder, os.fsdecode(b"caf\xe9.mp3"))) == "a"  # noqa: PTH118


@pytest.mark.parametrize(("stored", "typed"), [("\u00dcber", "U\u0308ber"), ("U\u0308ber", "\u00dcber")])
def test_a_path_may_be_typed_in_another_unicode_form(stored: str, typed: str) -> None:
    frame = pd.DataFrame(
        {"track_id": ["a", "b"], "path": [f"/music/{stored}.mp3", "/music/Uber.mp3"], "title": ["x", "y"]}
    )
    assert resolve_seed(frame, f"/music/{typed}.mp3") == "a"


def test_a_path_that_is_there_in_both_unicode_forms_is_the_one_typed() -> None:
    paths = ["/music/\u00dcber.mp3", "/music/U\u0308ber.mp3"]
    frame = pd.DataFrame({"track_id": ["a", "b"], "path": paths})
    assert [resolve_seed(frame, path) for path in paths] == ["a", "b"]


def test_several_matches_are_listed() -> None:
    with pytest.raises(AmbiguousSeedError) as caught:
        resolve_seed(FRAME, "angel")
    assert caught.value.matches == (
        ("id2", "Massive Attack - Angel (Mezzanine)"),
        ("id3", "Sarah McLachlan - Angel"),
    )
    assert caught.value.exit_code == 2
    assert "  1  Massive Attack - Angel (Mezzanine)\n     id2  /music/b.mp3\n" in str(caught.value)


UNTAGGED = pd.DataFrame(
    [
        ("id1", "/music/01 Dawn.flac", None),
        ("id2", "/music/Dusk.mp3", None),
        ("id3", "/other/dusk.ogg", None),
        ("id4", "/music/Noon.wav", "Dawn"),
        ("id5", "/music/x.mp3", "01 dawn.flac"),
        ("id6", "/music/Night.mp3", None),
        ("id7", "/music/Night.mp3.wav", None),
        ("id8", "/music/ .mp3", None),
        ("id9", "/music/\u00dcbermut.mp3", None),
    ],
    columns=["track_id", "path", "title"],
)


@pytest.mark.parametrize(
    ("seed", "track_id"),
    [
        ("01 DAWN", "id1"),
        ("dusk.MP3", "id2"),
        ("Dusk.ogg", "id3"),
        ("dawn", "id4"),
        ("noon", "id4"),
        ("01 Dawn.flac", "id5"),  # a title before a file name
        ("night.mp3", "id6"),  # a whole name before one without its suffix
        ("u\u0308bermut", "id9"),
    ],
)
def test_a_track_is_found_by_the_name_of_its_file(seed: str, track_id: str) -> None:
    assert resolve_seed(UNTAGGED, seed) == track_id


def test_files_of_one_name_are_listed() -> None:
    with pytest.raises(AmbiguousSeedError) as caught:
        resolve_seed(UNTAGGED, "dusk")
    assert caught.value.matches == (("id2", "/music/Dusk.mp3"), ("id3", "/other/dusk.ogg"))


@pytest.mark.parametrize("seed", ["", " ", "music", "mp3", "dus", "other/dusk.ogg"])
def test_no_file_by_that_name(seed: str) -> None:
    with pytest.raises(NotFoundError):
        resolve_seed(UNTAGGED, seed)


def test_a_file_that_is_there_is_not_another_of_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Dusk.mp3").touch()
    with pytest.raises(NotFoundError):
        resolve_seed(UNTAGGED, "Dusk.mp3")


@pytest.mark.parametrize(
    "seed", ["", " ", "-", " - ", "None", "nan", "/music", "Massive Attack", "id", "a\0b", "~nobody/x"]
)
def test_nothing_by_that_name(seed: str) -> None:
    with pytest.raises(NotFoundError):
        resolve_seed(FRAME, seed)


def test_near_titles_are_offered() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'Teardrop'"):
        resolve_seed(FRAME, "Tear drop")


def test_a_table_of_ones_own_needs_ids_alone() -> None:
    frame = pd.DataFrame({"track_id": ["x", "y"]})
    assert resolve_seed(frame, "y") == "y"
    with pytest.raises(NotFoundError):
        resolve_seed(frame, "z")
