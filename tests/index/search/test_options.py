"""``SearchOptions``: every field is checked, kept unchangeable, and means the same wherever it is given."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable, Collection
from dataclasses import FrozenInstanceError, fields
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.errors import FilterError, UsageError
from moodrec.filters.conditions import And, Comparison, Field, Membership
from moodrec.filters.parse import parse
from moodrec.index.mood_index import MoodIndex
from moodrec.index.rows.catalogue import Catalogue
from moodrec.index.search.options import MOST_PADDING, QueryKeywords, SearchKeywords, SearchOptions, checked_k
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import assert_same

SAMPLE = sample_catalogue(200)
INDEX = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, "flat")
QUERY = SAMPLE.vectors[7]

ids = st.sets(st.integers(0, 199).map("t{}".format), max_size=30)
numbers = st.floats(0, 1, width=16)
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "where": st.sampled_from(["calm >= 0.2", "year < 2000 OR artist IS NULL", parse("happy < 0.9"), None]),
    "mood": st.dictionaries(st.sampled_from(MOODS), numbers, min_size=1),
    "mood_weight": numbers,
    "only": st.none() | st.sets(st.integers(0, 199).map("t{}".format), min_size=60),
    "exclude": ids,
    "exclude_artist": st.sets(st.integers(0, 25).map("ARTIST {}".format), max_size=3),
    "max_per_artist": st.none() | st.integers(1, 5),
    "max_per_album": st.none(),
    "distinct": st.booleans(),
    "diversity": st.sampled_from([0.0, 0.4, 1]),
    "exact": st.booleans(),
    "audio_only": st.booleans(),
}


@st.composite
def keywords(draw: st.DrawFn) -> Any:
    """Some of the keywords, with values that may be given together."""
    names = draw(st.sets(st.sampled_from(sorted(KEYWORDS))))
    if "mood_weight" in names:
        names.add("mood")
    return {name: draw(KEYWORDS[name]) for name in sorted(names)}


def test_class_and_keywords_agree() -> None:
    """An option is spelt in the class, and beside it for those who check types: in the same order and of one type."""
    of_class, of_keywords = get_type_hints(SearchOptions), get_type_hints(SearchKeywords)
    assert list(of_keywords) == [field.name for field in fields(SearchOptions)] == list(of_class)
    assert list(get_type_hints(QueryKeywords)) == list(of_class)
    assert of_keywords == of_class
    assert not SearchKeywords.__required_keys__
    assert set(KEYWORDS) == set(of_keywords)


@settings(max_examples=60, deadline=None)
@given(keywords(), keywords())
def test_one_meaning_however_it_is_given(first: SearchKeywords, second: SearchKeywords) -> None:
    options = SearchOptions(**first)
    by_keyword = INDEX.search(QUERY, 9, **first)
    assert_same(by_keyword, INDEX.search(QUERY, 9, options))
    assert SearchOptions.of(options, {}) is options
    both: SearchKeywords = {**first, **second}
    assert options.replace(**second) == SearchOptions.of(options, second) == SearchOptions(**both)
    assert_same(INDEX.search(QUERY, 9, options, **second), INDEX.search(QUERY, 9, SearchOptions(**both)))


@settings(max_examples=60, deadline=None)
@given(keywords())
def test_equal_hashable_and_copied(given: SearchKeywords) -> None:
    options = SearchOptions(**given)
    for same in (SearchOptions(**given), copy.deepcopy(options), _thawed(pickle.dumps(options))):
        assert same == options
        assert hash(same) == hash(options)
    assert SearchOptions(**options.given) == options
    assert list(options.given) == [
        field.name for field in fields(SearchOptions) if re.search(rf"\b{field.name}=", repr(options))
    ]


def _thawed(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301  (written a moment ago)


def test_order_and_kind_of_a_collection_do_not_matter() -> None:
    wanted = SearchOptions(exclude={"a", "b"})
    forms: list[Any] = [
        ["b", "a", "a"], ("a", "b"), frozenset("ab"), {"a": 1, "b": 2}, pd.Series(["a", "b"]), pa.array(["a", "b"]),
        np.array(["a", "b"]), (name for name in "ab"),
    ]  # fmt: skip
    assert all(SearchOptions(exclude=form) == wanted for form in forms)
    assert SearchOptions(exclude="ab") == SearchOptions(exclude=["ab"])
    plain: Any = np.array([0.5, 1]), np.float32(0.5), np.int64(1)
    assert SearchOptions(mood={"calm": plain[0]}) == SearchOptions(mood={"calm": (0.5, 1.0)})
    assert SearchOptions(mood={"calm": plain[1]}, mood_weight=plain[2]) == SearchOptions(
        mood={"calm": 0.5}, mood_weight=1
    )
    assert SearchOptions(mood={}) == SearchOptions()
    assert SearchOptions(only=[]) != SearchOptions()


def test_nothing_can_be_changed_afterwards() -> None:
    mood, exclude = {"calm": [0.2, 0.4]}, ["a"]
    options = SearchOptions(mood=mood, exclude=exclude)
    mood["calm"][0] = 9.0
    mood["happy"] = [0.1]
    exclude.append("b")
    assert options == SearchOptions(mood={"calm": [0.2, 0.4]}, exclude={"a"})
    with pytest.raises(TypeError):
        options.mood["calm"] = 1.0  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        options.exact = True  # type: ignore[misc]
    assert isinstance(options.exclude, frozenset)


def test_what_it_shows() -> None:
    assert repr(SearchOptions()) == "SearchOptions()"
    options = SearchOptions(
        where="year >= 1990", mood={"calm": 0.9}, only=[], exclude=["b", "a"], max_per_artist=2, exact=True
    )
    text = (
        "where='year >= 1990', mood={'calm': 0.9}, only=(), exclude={'a', 'b'}, max_per_artist=2, exact=True"
    )
    assert repr(options) == f"SearchOptions({text})"
    assert eval(repr(options), {"SearchOptions": SearchOptions}) == options
    assert repr(SearchOptions(exclude=map(str, range(1000)))).endswith(", ... 1,000 in all})")  # type: ignore[arg-type]


NAN = float("nan")
MISUSE: list[tuple[dict[str, Any], type[UsageError], str]] = [
    ({"where": 3}, FilterError, "where takes a condition as text"),
    ({"where": b"calm > 0"}, FilterError, "where takes a condition as text"),
    ({"where": "calm >"}, FilterError, "cannot read the condition"),
    ({"where": ""}, FilterError, "condition"),
    ({"mood": "calm"}, UsageError, "targets by name"),
    ({"mood": ["calm"]}, UsageError, "targets by name"),
    ({"mood": {3: 0.5}}, UsageError, "names of moods as text, not 3"),
    ({"mood": {"calm": "high"}}, UsageError, "number in .0, 1., or one for each query"),
    ({"mood": {"calm": None}}, UsageError, "number in .0, 1., or one for each query"),
    ({"mood": {"calm": True}}, UsageError, "number in .0, 1., or one for each query"),
    ({"mood": {"calm": NAN}}, UsageError, "must lie in"),
    ({"mood": {"calm": -0.1}}, UsageError, "must lie in"),
    ({"mood": {"calm": [0.5, 1.1]}}, UsageError, "1.1; it must lie in"),
    ({"mood": {"calm": [0.5, "x"]}}, UsageError, "'x'; it must be a number in"),
    ({"mood": {"calm": [[0.5]]}}, UsageError, "must be a number in"),
    ({"mood_weight": 0.5}, UsageError, "without a mood target"),
    ({"mood": {}, "mood_weight": 0}, UsageError, "without a mood target"),
    ({"mood": {"calm": 1}, "mood_weight": "x"}, UsageError, "mood_weight is 'x'"),
    ({"mood": {"calm": 1}, "mood_weight": NAN}, UsageError, "mood_weight is nan"),
    ({"mood": {"calm": 1}, "mood_weight": 2}, UsageError, "mood_weight is 2.0; it must lie"),
    ({"only": b"x"}, UsageError, "only takes track ids"),
    ({"only": ["a", 3.5]}, UsageError, "only takes track ids as text or whole numbers, not 3.5"),
    ({"only": [None]}, UsageError, "only takes track ids as text or whole numbers, not None"),
    ({"only": [True]}, UsageError, "only takes track ids as text or whole numbers, not True"),
    ({"only": 2.5}, UsageError, "only takes track ids, not 2.5"),
    ({"exclude": [b"a"]}, UsageError, "exclude takes track ids as text or whole numbers, not b'a'"),
    ({"exclude": b"a"}, UsageError, "exclude takes track ids, not b'a'"),
    ({"exclude_artist": [None]}, UsageError, "exclude_artist takes text, not None"),
    *(
        ({name: wrong}, UsageError, f"{name} is .*; it must be")
        for name in ("max_per_artist", "max_per_album")
        for wrong in (0, -1, 1.0, 2.5, "3", NAN, True, np.True_, 2**62, [1])
    ),
    *(({"diversity": wrong}, UsageError, "diversity is .*; it must") for wrong in ("x", -0.1, 1.1, NAN, True, None)),
    *(({"distinct": wrong}, UsageError, "True or False") for wrong in (1, 0, "yes", None)),
    *(({"exact": wrong}, UsageError, "True or False") for wrong in (1, 0, "yes", None)),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "error", "message"), MISUSE, ids=str)
def test_misuse(wrong: dict[str, Any], error: type[UsageError], message: str) -> None:
    ways: list[Callable[[], object]] = [
        lambda: SearchOptions(**wrong),
        lambda: SearchOptions().replace(**wrong),
        lambda: INDEX.search(QUERY, 3, **wrong),
        lambda: INDEX.similar_to("t1", 3, SearchOptions(exact=True), **wrong),
        lambda: INDEX.similar_to_mix({"t1": 1.0}, 3, **wrong),
    ]
    for way in ways:
        with pytest.raises(error, match=message) as caught:
            way()
        assert "\n" not in str(caught.value)


def test_misuse_of_the_two_forms() -> None:
    with pytest.raises(UsageError, match=r"no search option 'weight'; did you mean 'mood_weight'\?"):
        INDEX.search(QUERY, 3, weight=0.5)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match=r"options takes SearchOptions, not 'calm > 0.5'"):
        INDEX.search(QUERY, 3, "calm > 0.5")  # type: ignore[arg-type]
    drawn = SearchOptions(mood={"calm": 1.0}, mood_weight=0.3)
    with pytest.raises(UsageError, match="without a mood target"):
        INDEX.search(QUERY, 3, drawn, mood=None)
    assert INDEX.search(QUERY, 3, drawn, mood=None, mood_weight=None).scores[0, 0] == pytest.approx(1)


@pytest.mark.parametrize("k", [2.5, "3", None, NAN, 0, -1, True, np.True_, np.float64(3), [3]], ids=repr)
def test_k_is_a_whole_number(k: Any) -> None:
    ways: list[Callable[[], object]] = [
        lambda: INDEX.search(QUERY, k),
        lambda: INDEX.similar_to("t1", k),
        lambda: INDEX.similar_to_mix({"t1": 1}, k),
    ]
    for way in ways:
        with pytest.raises(UsageError, match=r"^k is .*; it must be a whole number, 1 or more$"):
            way()


def test_k_beyond_the_tracks_is_padded_up_to_a_limit() -> None:
    most = len(INDEX) + MOST_PADDING
    hits = INDEX.search(QUERY, most)
    assert hits.track_ids.shape == (1, most)
    assert hits.counts.tolist() == [200]
    for k in (most + 1, 2**31, 2**62, 2**80):
        with pytest.raises(UsageError, match=f"at most {most:,}, for the index holds 200 tracks"):
            INDEX.search(QUERY, k)
    assert checked_k(np.int64(5), 3) == 5


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 220)), st.sets(st.integers(0, 199), max_size=40), numbers)
def test_only_the_tracks_named_come_back(named: set[int], excluded: set[int], low: float) -> None:
    hits = INDEX.search(
        QUERY, 200, only=[f"t{row}" for row in named], exclude=[f"t{row}" for row in excluded],
        where=f"calm >= {low}",
    )  # fmt: skip
    calm = SAMPLE.table["calm"].to_numpy()
    wanted = {f"t{row}" for row in named - excluded if row < 200 and calm[row] >= np.float32(low)}
    assert {*hits.track_ids[0]} - {None} == wanted


def test_large_sets_are_looked_up_once_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, "flat")
    options = SearchOptions(
        only=[f"t{row}" for row in range(100)], exclude=[f"t{row}" for row in range(90, 190)]
    )
    before = index.search(QUERY, 100, options)
    assert {*before.track_ids[0, :90]} == {f"t{row}" for row in range(90)}
    asked: list[int] = []
    look_up = Catalogue.rows_of

    def counted(catalogue: Catalogue, track_ids: Collection[str]) -> Any:
        asked.append(len(track_ids))
        return look_up(catalogue, track_ids)

    monkeypatch.setattr(Catalogue, "rows_of", counted)
    assert_same(index.search(QUERY, 100, options), before)
    assert asked == []
    index.remove([f"t{row}" for row in range(45)])
    assert {*index.search(QUERY, 100, options).track_ids[0]} - {None} == {f"t{row}" for row in range(45, 90)}
    index.add(SAMPLE.vectors[:1], SAMPLE.table.slice(0, 1))
    assert "t0" in index.search(QUERY, 100, options).track_ids


def test_an_allow_list_is_told_of() -> None:
    hits = INDEX.search(QUERY, 5, only=["t1", "t2", "no such track"])
    assert sorted(hits.track_ids[0, :2]) == ["t1", "t2"]
    assert "only (3 tracks) drops 198" in hits.explain()
    assert INDEX.search(QUERY, 5, only=()).counts.tolist() == [0]
    assert INDEX.similar_to("t1", 5, only="t1").counts.tolist() == [0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Comparison(Field("calm"), "~", 0.5), "no operator '~'; the operators are = <>"),  # type: ignore[arg-type]
        (lambda: Comparison("calm", "=", 0.5), "is on a Field"),  # type: ignore[arg-type]
        (lambda: Comparison(Field("calm"), "=", None), "a value is text"),  # type: ignore[arg-type]
        (lambda: Comparison(Field("calm"), ">", NAN), "finite number, not nan"),
        (lambda: Field(3), "name of a column as text"),  # type: ignore[arg-type]
        (lambda: Field("calm", "median"), "'column' or 'prob' or 'pct'"),  # type: ignore[arg-type]
        (lambda: Membership(Field("calm"), [0.5]), "takes a tuple"),  # type: ignore[arg-type]
        (lambda: And(("calm > 0.5",)), "joined from a tuple of conditions"),  # type: ignore[arg-type]
    ],
)
def test_conditions_that_are_none(make: Callable[[], object], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        make()


def test_a_listing_checks_its_condition_too() -> None:
    for wrong in (3, ["calm > 0.5"]):
        with pytest.raises(FilterError, match="where takes a condition as text"):
            INDEX.matching(wrong)  # type: ignore[arg-type]


def test_a_function_that_searches_takes_both_forms() -> None:
    for method in (MoodIndex.search, MoodIndex.similar_to, MoodIndex.similar_to_mix):
        parameters = inspect.signature(method).parameters
        assert parameters["options"].default is None
        several = method is not MoodIndex.similar_to_mix
        assert ("QueryKeywords" if several else "SearchKeywords") in str(parameters["keywords"].annotation)
