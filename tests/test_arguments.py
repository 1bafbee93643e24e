"""The checks of arguments: what they let through, and what they say otherwise."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from moodrec.arguments import finite, flag, on_conflict_of, real, share, texts, whole
from moodrec.errors import UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.index.search.options import SearchOptions
from moodrec.recommend.adapters.vectors import FactorMap, ItemVectors
from moodrec.recommend.playlists.clusters import mood_clusters
from moodrec.recommend.playlists.fingerprint import fingerprint
from moodrec.recommend.playlists.kinds import arc, mix, path, radio
from moodrec.recommend.playlists.rules import Rules
from moodrec.recommend.recommender import Recommender
from tests.recommend.sample import sample_recommender

REC, SAMPLE = sample_recommender()
INDEX = REC.index
NAN = float("nan")


def test_numbers_of_numpy_are_numbers() -> None:
    assert whole(np.int64(3), "n") == 3
    assert type(whole(np.int64(3), "n")) is int
    assert share(np.float32(0.5), "w") == 0.5
    assert finite(np.float64(-2), "x") == -2
    assert real(float("inf"), "x") == float("inf")
    assert flag(np.True_, "f") is True
    assert texts(np.array(["a", "b"]), "t") == ("a", "b")
    assert texts(None, "t") == ()


@pytest.mark.parametrize("value", ["update", "", "ERROR", None, 3, ["error"]], ids=repr)
def test_another_word_is_refused_with_the_words_there_are(value: Any) -> None:
    with pytest.raises(UsageError, match=r"on_conflict is .*; it must be 'error' or 'ignore'$"):
        on_conflict_of(value)
    with pytest.raises(UsageError, match=r"it must be 'error' or 'ignore' or 'replace'$"):
        on_conflict_of(value, adds=True)


CALLS: dict[str, Callable[[Any], object]] = {
    "add": lambda word: INDEX.add(SAMPLE.vectors[:1], SAMPLE.table.slice(0, 1), on_conflict=word),
    "remove": lambda word: INDEX.remove(["t1"], on_conflict=word),
    "similar": lambda word: REC.similar("t1", on_conflict=word),
    "similar to many": lambda word: REC.similar(["t1"], on_conflict=word),
    "for_history": lambda word: REC.for_history(["t1"], on_conflict=word),
    "rerank": lambda word: REC.rerank(["t1"], {"calm": 1.0}, on_conflict=word),
    "score": lambda word: REC.score(("t1", "t2"), on_conflict=word),
    "mix": lambda word: mix(REC, {"t1": 1.0}, on_conflict=word),
    "fingerprint": lambda word: fingerprint(REC, [("t1", "2024-01-01")], on_conflict=word),
    "adapters": lambda word: ItemVectors.of(INDEX, ["t1"], word),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_checks_the_word(name: str) -> None:
    with pytest.raises(UsageError, match=r"on_conflict is 'drop'; it must be 'error' or 'ignore'"):
        CALLS[name]("drop")
    assert "t1" in INDEX


def test_no_other_name_for_the_same_idea() -> None:
    gone = {"unknown", "missing", "on_missing", "on_duplicate"}
    for owner in (MoodIndex, Recommender, type(REC.rerank), type(REC.score), ItemVectors):
        for name, method in inspect.getmembers(owner, callable):
            if not name.startswith("_") or name == "__call__":
                assert not gone & set(inspect.signature(method).parameters), name


COUNTS: dict[str, Callable[[Any], object]] = {
    "similar": lambda k: REC.similar("t1", k),
    "similar to many": lambda k: REC.similar(["t1", "t2"], k),
    "by_mood": lambda k: REC.by_mood({"calm": 1.0}, k),
    "by_mood of several": lambda k: REC.by_mood([{"calm": 1.0}, {"happy": 1.0}], k),
    "for_history": lambda k: REC.for_history(["t1"], k),
    "rerank": lambda k: REC.rerank(["t1"], {"calm": 1.0}, k=k),
    "clusters": lambda k: mood_clusters(REC, k),
    "n of a playlist": lambda n: Rules(n=n),
    "max_per_artist of a playlist": lambda n: Rules(max_per_artist=n),
}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("wrong", [2.5, "3", NAN, 0, -1, True, 2**62], ids=repr)
def test_every_count_is_checked(name: str, wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"^\w+ is .*; it must be .*") as caught:
        COUNTS[name](wrong)
    assert "\n" not in str(caught.value)


NUMBERS: dict[str, Callable[[Any], object]] = {
    "drift": lambda value: radio(REC, "t1", drift=value),
    "variety": lambda value: Rules(variety=value),
    "minutes": lambda value: Rules(minutes=value),
    "half_life_days": lambda value: fingerprint(REC, [("t1", "2024-01-01")], value),
    "alpha": lambda value: FactorMap.fit(SAMPLE.vectors, SAMPLE.vectors[:, :2], value),
    "mood_weight of rerank": lambda value: REC.rerank(["t1"], {"calm": 1.0}, value),
    "mood_weight of score": lambda value: REC.score(("t1", "t2"), {"calm": 1.0}, value),
    "target of rerank": lambda value: REC.rerank(["t1"], {"calm": value}),
    "target of by_mood": lambda value: REC.by_mood({"calm": value}),
    "target of an arc": lambda value: arc(REC, {"calm": value}, {"calm": 1.0}),
    "weight of a history": lambda value: REC.for_history({"t1": value}),
    "weight of a mixture": lambda value: INDEX.similar_to_mix({"t1": value}),
    "limit of a list": lambda value: REC.list(limit=value),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("wrong", ["x", True, [None]], ids=repr)
def test_every_number_is_checked(name: str, wrong: Any) -> None:
    with pytest.raises(UsageError, match=r" is .*; it must be "):
        NUMBERS[name](wrong)


def test_options_that_a_question_has_no_use_for_are_refused() -> None:
    options = SearchOptions(where="calm > 0.1", mood={"calm": 1.0})
    with pytest.raises(UsageError, match="score goes by mood and mood_weight alone; where cannot"):
        REC.score(("t1", "t2"), options=options)
    with pytest.raises(UsageError, match="rerank goes by mood and mood_weight alone; where cannot"):
        REC.rerank(["t1"], options=options)
    with pytest.raises(UsageError, match="own mood target alone; mood cannot"):
        REC.by_mood({"calm": 1.0}, 3, options)
    with pytest.raises(UsageError, match="holds 2 numbers; it must be one number"):
        REC.score(("t1", "t2"), {"calm": [0.1, 0.2]})  # type: ignore[dict-item]


def test_playlists_take_options_or_keywords() -> None:
    options, rules = SearchOptions(where="calm >= 0.3", only=[f"t{row}" for row in range(100)]), Rules(n=5)
    ways: list[Callable[..., Any]] = [
        lambda **given: radio(REC, "t1", rules, **given),
        lambda **given: path(REC, "t1", "t9", rules, **given),
        lambda **given: mix(REC, {"t1": 1.0}, rules, **given),
        lambda **given: arc(REC, {"calm": 0.4}, {"calm": 0.9}, rules, **given),
        lambda **given: mood_clusters(REC, 2, rules, **given)[0].playlist,
    ]
    for way in ways:
        found = way(options=options)
        assert found.track_ids == way(**options.given).track_ids
        assert {*found.track_ids[1:-1]} <= set(options.only or ())
