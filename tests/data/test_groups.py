"""Groups: the connected components, against a plain graph search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moodrec.data.groups import artist_groups, join_groups
from moodrec.names import known_name

KEYS = st.one_of(st.none(), st.sampled_from("abcdef"))


@given(st.lists(st.tuples(KEYS, KEYS), max_size=15))
def test_join_groups_finds_the_components(rows: list[tuple[str | None, str | None]]) -> None:
    names = join_groups([a for a, _ in rows], [b for _, b in rows])
    for start in range(len(rows)):
        reached, frontier = {start}, [start]
        while frontier:
            here = frontier.pop()
            for other in set(range(len(rows))) - reached:
                if set(rows[here]) & set(rows[other]) - {None}:
                    reached.add(other)
                    frontier.append(other)
        assert {row for row, name in enumerate(names) if name == names[start]} == reached


def test_names() -> None:
    assert join_groups([None, "s1", "s1"], ["a", "a", None]) == ["a", "a", "a"]
    assert join_groups([None, None]) == ["row:0", "row:1"]


def test_known_name() -> None:
    assert known_name(" Björk ") == "Björk"
    assert [
        known_name(text) for text in (None, "", " ", "Various Artists", "<Unknown>", "Magnatune Compilation")
    ] == [None] * 6


def test_artist_groups_fold_case_and_spaces() -> None:
    assert artist_groups(["AC/DC", "ac/dc", None], ["t0", "t1", "t2"]) == [
        "artist:ac/dc",
        "artist:ac/dc",
        "t2",
    ]


def test_an_artist_in_two_unicode_forms_is_one_group() -> None:
    composed, decomposed = "Bj\u00f6rk", "Bjo\u0308rk"
    assert artist_groups([composed, decomposed], ["t0", "t1"]) == [f"artist:{composed.lower()}"] * 2
    assert known_name("UNKNOWN  artist") is None
