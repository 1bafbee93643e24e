"""Names are held to be the same whatever their Unicode form, case and spaces."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moodrec.names import compose, fold, name_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Björk", "Bjo\u0308rk"),
        ("BJÖRK", "bjo\u0308rk"),
        ("Straße", "STRASSE"),
        (" Sigur  Rós\t", "sigur ro\u0301s"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Sigur\u00a0Rós", "Sigur Rós"),
        ("\u1e9e", "ss"),
    ],
)
def test_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Bjork", "Björk"), ("AC/DC", "ACDC"), ("The The", "TheThe")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
@example("\u01f0")  # its case folding is decomposed
@example("\u0345\u0301")
def test_folding_does_not_depend_on_the_form_and_is_done_once(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert forms == {fold(text)}
    assert fold(fold(text)) == fold(text)
    assert unicodedata.is_normalized("NFC", fold(text))


def test_composing_changes_nothing_but_the_form() -> None:
    assert compose("/Mu\u0308sik/A  B.MP3 ") == "/M\u00fcsik/A  B.MP3 "


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"title": " Song ", "path": "/m/a.mp3", "track_id": "t"}, "Song"),
        ({"title": "  ", "path": "/m/b c.flac", "track_id": "t"}, "b c"),
        ({"title": float("nan"), "path": "/m/x\ny/d\\e.ogg", "track_id": "t"}, "d\\e"),
        ({"path": "/m/one\ntwo.wav"}, "one two"),
        ({"path": "/m/.mp3", "track_id": "t"}, ".mp3"),
        ({"title": None, "path": None, "track_id": "t\n1"}, "t 1"),
        ({"track_id": None}, ""),
    ],
)
def test_a_track_is_called_by_its_title_else_its_file_else_its_id(row: dict[str, object], name: str) -> None:
    assert name_of(row) == name
