"""Tuning picks the smallest setting that reaches the target, in each family, and the fastest family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers import peer, registry
from benchmarks.search import tuning


def settings(knob: str, values: range | list[int]) -> list[Any]:
    return [peer.Setting(knob, value) for value in values]


def attempts(recall: Callable[[Any], float], cost: Callable[[Any], float]) -> tuple[Any, list[Any]]:
    asked: list[Any] = []

    def attempt(setting: Any, look: bool) -> Any:
        asked.append((setting, look))
        return tuning.Trial(setting, recall(setting), cost(setting))

    return attempt, asked


def test_the_smallest_setting_that_reaches_the_target_wins() -> None:
    attempt, asked = attempts(lambda s: s.value / 10, lambda s: s.value)
    tuned = tuning.tune([settings("ef", range(1, 20))], attempt, 100, target=0.85)
    assert tuned.best.setting.value == 9
    assert tuned.reached
    assert max(setting.value for setting, _ in asked) == 9
    assert [trial.setting.value for trial in tuned.trials] == [7, 8, 9]


def test_the_faster_of_two_families_wins() -> None:
    families = [settings("ef", [10, 100]), settings("exact", [1])]
    attempt, _ = attempts(
        lambda s: 1.0 if s.knob == "exact" or s.value == 100 else 0.2,
        lambda s: 3.0 if s.knob == "exact" else 5.0,
    )
    assert tuning.tune(families, attempt, 100).best.setting.knob == "exact"


def test_without_one_that_reaches_it_the_best_recall_wins() -> None:
    attempt, asked = attempts(lambda s: min(0.9, s.value / 10), lambda s: s.value)
    tuned = tuning.tune([settings("ef", range(1, 20))], attempt, 12, target=0.97)
    assert not tuned.reached
    assert (tuned.best.recall, tuned.best.setting.value) == (0.9, 9)
    assert max(setting.value for setting, _ in asked) == 15


def test_a_hopeless_family_still_has_a_setting() -> None:
    attempt, _ = attempts(lambda s: 0.1, lambda s: 1.0)
    tuned = tuning.tune([settings("ef", range(1, 5))], attempt, 100)
    assert (tuned.reached, tuned.best.setting.value) == (False, 4)


def test_ladders_rise_to_their_end() -> None:
    values = [setting.value for setting in peer.ladder("nprobe", 1, 400, 1.35)]
    assert values == sorted(set(values))
    assert (values[0], values[-1]) == (1, 400)


def test_every_system_says_what_it_needs() -> None:
    for name in ("moodrec", "numpy", "faiss-ivf"):
        kind = registry.peer_class(name)
        assert kind.name == name
        assert registry.missing(kind) == []
        assert "?" not in registry.versions(kind).values()
    for name in registry.SYSTEMS:  # the modules import without the package that they are about
        assert registry.peer_class(name).name == name
