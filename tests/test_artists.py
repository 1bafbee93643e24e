"""Credits: the main artists of a track, and their guests."""

from __future__ import annotations

import unicodedata

import pytest

from moodrec.artists import credit, first_id, guests_in_title, is_artist


@pytest.mark.parametrize(
    "text",
    ["A feat. B", "A ft. B", "A featuring B", "A FEAT. B", "A feat B", "A ft B", "A (feat. B)", "A [ft. B] (live)",
     "A feat.B", "A  feat.  B"],
)  # fmt: skip
def test_guests_stand_behind_feat(text: str) -> None:
    assert (credit(text).main, credit(text).guests) == (("A",), ("B",))


@pytest.mark.parametrize("text", ["A; C", "A;C", "A\0C", " A ;; C; a"])
def test_semicolons_and_nuls_divide(text: str) -> None:
    assert credit(text).main == ("A", "C")


@pytest.mark.parametrize(
    "name",
    ["AC/DC", "Simon & Garfunkel", "Earth, Wind & Fire", "Tyler, The Creator", "Little Feat", "Featherstone",
     "Little Feat & Friends", "Nick Cave and the Bad Seeds", "Lift", "Simon &amp; Garfunkel", "feat. B"],
)  # fmt: skip
def test_a_name_is_never_divided(name: str) -> None:
    assert (credit(name).main, credit(name).guests) == ((name,), ())


def test_several_guests() -> None:
    assert credit("A feat. B feat. C; D").guests == ("B", "C", "D")
    assert credit("Little Feat feat. X").everyone == ("Little Feat", "X")
    assert credit("A feat. B & C").guests == ("B & C",)


def test_what_the_file_lists_says_where_names_end() -> None:
    assert credit("A & B", ["A", "B"]).main == ("A", "B")
    assert (credit("A feat. B", ["A", "B"]).main, credit("A feat. B", ["A", "B"]).guests) == (("A",), ("B",))
    assert (credit("A", ["A", "B"]).main, credit("A", ["A", "B"]).guests) == (("A",), ("B",))
    assert credit("A & B feat. C, D", ["A", "B", "C", "D"]).guests == ("C", "D")
    assert credit(None, ["A", "B"]).main == ("A", "B")
    assert credit("ABBA", ["BB"]).main == ("BB",)
    assert credit("Various Artists", ["A"]).main == ("A",)


@pytest.mark.parametrize(
    "name",
    ["Various Artists", "VARIOUS ARTISTS", "various", "VA", "V.A.", "V/A", "AA.VV.", "Verschiedene Interpreten",
     "Artistes variés", "Varios Artistas", "разные исполнители", "群星", "<Unknown>", "[unknown]", "Unknown Artist",
     unicodedata.normalize("NFD", "Artistes variés"), "", "  "],
)  # fmt: skip
def test_stand_ins_are_no_artists(name: str) -> None:
    assert not is_artist(name)
    assert credit(name).everyone == ()


def test_guests_in_titles_and_ids() -> None:
    assert guests_in_title("Song (feat. B)") == guests_in_title("Song [ft B]") == ("B",)
    assert guests_in_title("Little Feat") == guests_in_title(None) == ()
    assert first_id("a-1; b-2") == first_id("a-1/b-2") == first_id("a-1") == "a-1"
    assert first_id(None) is first_id("") is None
