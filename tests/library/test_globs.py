"""Patterns, beside a slow matcher that tries everything, and patterns that would take a plain expression for ever."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pytest

from moodrec.library.globs import matches, parse_globs


def matched(pattern: str, path: str, is_folder: bool = False) -> bool:
    return matches(parse_globs([pattern]), [path], is_folder)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("[a-c]x", ["ax", "d/cx", "BX"], ["dx", "-x", "x", "/x"]),
        ("[!a-c]x", ["dx", "-x", "q/zx"], ["ax", "Bx", "x", "a/x"]),
        ("[^a-c]x", ["dx"], ["ax"]),
        ("[]a]x", ["]x", "ax"], ["bx"]),
        ("[a-]x", ["ax", "-x"], ["bx"]),
        ("[z-a]x", [], ["zx", "ax", "mx", "[z-a]x"]),
        ("[!z-a]x", ["zx", "mx"], ["x"]),
        ("[a--b]x", ["bx"], ["ax"]),
        ("[a&&b~~c||d]x", ["&x", "~x", "|x"], ["ex"]),
        (r"[\]x", [r"\x"], ["x"]),
        ("[", ["[", "a/["], ["a"]),
        ("[]", ["[]"], ["a"]),
        ("[!]", ["!"], ["a"]),
        (r"\*x", ["*x"], ["ax"]),
        (r"\[a]", ["[a]"], ["a"]),
        ("a**b", ["ab", "axb", "q/ab"], ["a/b"]),
        ("**", ["a", "a/b"], []),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a"]),
        ("**/a", ["a", "b/a", "/a"], ["ab", "b/ab"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "xa/b"]),
        ("a/**/**/b/**/c", ["a/b/c", "a/x/b/y/z/c", "a/b/b/c/c"], ["a/c", "a/xb/c"]),
        ("**/a/**", ["a/b", "x/a/b", "/x/a/b/c"], ["a", "x/a"]),
        ("/home/*/m", ["/home/x/m", "home/x/m"], ["/home/x/y/m", "/q/home/x/m"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, inside: Sequence[str], outside: Sequence[str]) -> None:
    assert [path for path in (*inside, *outside) if matched(pattern, path)] == list(inside)


def slowly(pattern: str, path: str) -> bool:
    """What a pattern of letters, ``?``, ``*`` and ``**`` matches, by trying everything."""
    if "/" not in pattern:
        return name_fits(pattern, path.rpartition("/")[2])
    return path_fits(pattern.split("/"), path.split("/"))


def path_fits(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path)
        return any(path_fits(pattern[1:], path[skipped:]) for skipped in range(len(path) + 1))
    return bool(path) and name_fits(pattern[0], path[0]) and path_fits(pattern[1:], path[1:])


def name_fits(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(name_fits(pattern[1:], name[skipped:]) for skipped in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and name_fits(pattern[1:], name[1:])


def test_random_patterns_match_what_they_should() -> None:
    rng = random.Random(0)

    def some(letters: str, most: int) -> str:
        return "".join(rng.choices(letters, k=rng.randint(1, most)))

    seen = {True: 0, False: 0}
    for _ in range(6_000):
        parts = [rng.choice(["**", some("ab?*", 4), some("ab*", 3)]) for _ in range(rng.randint(1, 4))]
        path = "/".join(some("ab", 4) for _ in range(rng.randint(1, 5)))
        pattern = "/".join(parts)
        wanted = slowly(pattern, path)
        assert matched(pattern, path) == wanted, (pattern, path)
        seen[wanted] += 1
    assert min(seen.values()) > 600


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 60 + "b",
        "/".join(["*a" * 30 + "b"] * 3),
        "**/a*/" * 40 + "b",
        "a/**/" * 40 + "b",
        "*" * 1_000_000,
        "**/" * 100_000 + "b",
        "[a-z]*" * 200 + "B!",
        "?" * 10_000,
    ],
)
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    begun = time.process_time()
    for path in ("a" * 255, "/".join(["a"] * 1_000), "/".join(["a" * 50] * 20)):
        matched(pattern, path)
    assert time.process_time() - begun < 5.0
