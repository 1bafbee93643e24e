"""From text to conditions: what is read, what is refused, and that printing and reading agree."""

from __future__ import annotations

import re

import pytest

from moodrec.errors import FilterError
from moodrec.filters.conditions import (
    And,
    Between,
    Comparison,
    Field,
    IsNull,
    Like,
    Membership,
    Not,
    Or,
)
from moodrec.filters.parse import MAX_DEPTH, MAX_LENGTH, parse

CALM = Field("calm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calm >= 0.6", Comparison(CALM, ">=", 0.6)),
        ("0.6 <= calm", Comparison(CALM, ">=", 0.6)),
        ("calm != -1", Comparison(CALM, "<>", -1)),
        ("calm > - -1", Comparison(CALM, ">", 1)),
        ("(((calm))) = (1)", Comparison(CALM, "=", 1)),
        ("calm > happy", Comparison(CALM, ">", Field("happy"))),
        ("artist = 'O''Brien'", Comparison(Field("artist"), "=", "O'Brien")),
        ("artist = 'a\\'", Comparison(Field("artist"), "=", "a\\")),
        ('"my ""col""" = 3', Comparison(Field('my "col"'), "=", 3)),
        ("live = TRUE", Comparison(Field("live"), "=", True)),
        ("live", Comparison(Field("live"), "=", True)),
        ("NOT live", Not(Comparison(Field("live"), "=", True))),
        ("prob(calm) > .5", Comparison(Field("calm", "prob"), ">", 0.5)),
        ("PCT(calm) >= 9e-1", Comparison(Field("calm", "pct"), ">=", 0.9)),
        ("year BETWEEN 1990 AND 1999", Between(Field("year"), 1990, 1999)),
        ("year NOT BETWEEN -1 AND 2", Not(Between(Field("year"), -1, 2))),
        ("genre IN ('a', 'b')", Membership(Field("genre"), ("a", "b"))),
        ("year NOT IN (1, 2)", Not(Membership(Field("year"), (1, 2)))),
        ("title LIKE 'a%'", Like(Field("title"), "a%")),
        ("title ILIKE 'a%'", Like(Field("title"), "a%", ignore_case=True)),
        ("title NOT LIKE 'a%'", Not(Like(Field("title"), "a%"))),
        ("title NOT ILIKE 'a%'", Not(Like(Field("title"), "a%", ignore_case=True))),
        ("title LIKE '5!%' ESCAPE '!'", Like(Field("title"), "5!%", escape="!")),
        ("artist IS NULL", IsNull(Field("artist"))),
        ("artist IS NOT NULL", Not(IsNull(Field("artist")))),
        ("date >= '1990'", Comparison(Field("date"), ">=", "1990")),
        ("live -- a comment", Comparison(Field("live"), "=", True)),
    ],
)
def test_reads_one_test(text: str, expected: object) -> None:
    assert parse(text) == expected


def test_and_binds_closer_than_or_and_not_closer_than_and() -> None:
    a, b, c = (Comparison(Field(name), "=", 1) for name in "abc")
    assert parse("a = 1 OR b = 1 AND NOT c = 1") == Or((a, And((b, Not(c)))))
    assert parse("(a = 1 OR b = 1) AND c = 1") == And((Or((a, b)), c))
    assert parse("a = 1 AND b = 1 AND c = 1") == And((a, b, c))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "()",
        "calm >=",
        "calm > 1 AND",
        "calm 1",
        "1 = 1",
        "'a'",
        "SELECT 1",
        "DROP TABLE tracks",
        "calm > 1; DELETE FROM tracks",
        "live; live",
        "calm IN (SELECT 1)",
        "calm IN ()",
        "calm IN UNNEST(x)",
        "calm BETWEEN SYMMETRIC 2 AND 1",
        "EXISTS (SELECT 1)",
        "calm > (SELECT max(calm) FROM tracks)",
        "calm + 1 > 2",
        "calm::int = 1",
        "CAST(calm AS INT) = 1",
        "CASE WHEN live THEN TRUE END",
        "lower(artist) = 'a'",
        "prob(calm, happy) > 1",
        "prob(prob(calm)) > 1",
        "prob(1) > 1",
        "prob() > 1",
        "tracks.calm > 1",
        "calm = ?",
        "calm = :x",
        "calm = @x",
        "artist = 'a' || 'b'",
        "artist = 'a' 'b'",
        "artist LIKE ANY ('a', 'b')",
        "artist LIKE title",
        "artist LIKE 3",
        "artist LIKE 'a' ESCAPE '!!'",
        "artist = 'a' ESCAPE '!'",
        'artist = "Moby" AND artist IN ("Moby")',
        "artist ~ 'a'",
        "artist = NULL",
        "artist IN ('a', NULL)",
        "artist IS TRUE",
        "calm IS DISTINCT FROM 1",
        "calm <=> 1",
        "current_date > 1",
        "calm > 1 = 1",
        "calm > 1e999",
        "calm > " + "9" * 400,
        "calm > " + "9" * 5000,
        "calm > 1 ORDER BY calm",
        "calm > 1 LIMIT 3",
        "calm > 1 XOR live",
        "artist = 'a",
        "__import__('os').system('true')",
        "artist = '\ud800'",
        "calm > -TRUE",
    ],
)
def test_refuses_what_is_no_filter(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert not re.search(r"sqlglot|<class|expressions\.|Required keyword|Unexpected token", str(caught.value))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("artist = NULL", "IS NULL"),
        ("artist IN (Moby)", "'Moby'"),
        ("lower(artist) = 'a'", "prob(mood)"),
        ("calm + 1 > 2", "computes a value"),
        ("lower(title) = 'x'", "ILIKE"),
        ("'x' = upper(title)", "filters know none but prob(mood), pct(column) and audio(mood)"),
        ("title = lower('x')", "ILIKE"),
        ("trim(title) IN ('x')", "calls a function"),
        ("contains(title, 'x')", "ILIKE"),
        ("strftime('%Y', date) = '1990'", "year BETWEEN"),
        ("length(title) > 3", "calls a function"),
        ("calm >", "what is to be compared is missing"),
        ("calm > .5 AND", "what is to be compared is missing"),
        ("> 3", "what stands before the operator is missing"),
        ("calm BETWEEN 1", "second value"),
        ("(calm > .5", "opened and not closed"),
        ("title = 'x", "quote is opened"),
        ("calm >= 80%", "a share, from 0 to 1"),
        ("calm > .5 && live", "write AND"),
        ("calm > .5 || live", "write OR"),
        ("calm > 1; live", "more than one"),
        ("", "empty"),
    ],
)
def test_says_what_to_write_instead(text: str, advice: str) -> None:
    with pytest.raises(FilterError, match=advice.replace("(", r"\(").replace(")", r"\)")):
        parse(text)


def test_limits_on_length_and_depth() -> None:
    deep = "(" * MAX_DEPTH + "live" + ")" * MAX_DEPTH
    assert parse(deep) == parse("live")
    for text in (
        f"({deep})",
        "(" * 900 + "live" + ")" * 900,
        "NOT " * 900 + "live",
        "x = " + "- " * 900 + "1",
    ):
        with pytest.raises(FilterError, match="nested"):
            parse(text)
    with pytest.raises(FilterError, match=f"at most {MAX_LENGTH}"):
        parse("live" + " " * MAX_LENGTH)


def test_a_long_chain_of_ands_is_not_deep() -> None:
    condition = parse(" AND ".join(["live"] * 2000))
    assert isinstance(condition, And)
    assert len(condition.parts) == 2000


@pytest.mark.parametrize(
    "text",
    [
        "a = 1 OR b = 1 AND NOT (c = 1 OR d)",
        "(a = 1 AND b = 1) AND c = 1e-07",
        "x NOT LIKE 'it''s!_' ESCAPE '!'",
    ],
)
def test_printing_and_reading_agree(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)
