"""A small run from catalogue to page: measured in processes of their own, resumed, rendered, and judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.search import figures, filtered, goals
from benchmarks.search import page as search_page
from benchmarks.search import results as search_results


def measured(cpu_ms: float, recall: float = 1.0, **changes: Any) -> dict[str, Any]:
    figures = {"cpu_ms": cpu_ms, "cpu_ms_p90": cpu_ms, "wall_ms": cpu_ms, "recall": recall}
    return figures | {"short": 0, "violations": 0, "queries": 5, "load": 0.1} | changes


def tuned(knob: str, reached: bool = True) -> dict[str, Any]:
    curve = {knob: [[1, 0.8, 0.1], [2, 0.98, 0.2]]}
    return {"setting": {"knob": knob, "value": 2}, "recall": 0.98, "reached": reached, "trials": curve}


def document(n: int, ours: float, ivf: float, zvec: float, recall: float = 0.99) -> dict[str, Any]:
    cells = {
        name: {
            "tuned": {
                "moodrec": tuned(""),
                "faiss-ivf": tuned("nprobe"),
                "zvec": tuned("ef"),
                "usearch": tuned("taken", reached=False),
            },
            "measured": {
                "moodrec": measured(ours, recall),
                "faiss-ivf": measured(ivf),
                "zvec": measured(zvec),
                "usearch": measured(0.001, 0.4),
            },
            "passes": [n // 10, n // 10],
            "example": "calm >= 0.9",
        }
        for name in ("10% agrees", "10% opposes")
    }
    kinds = {"moodrec": "ours", "faiss-ivf": "library", "zvec": "database", "usearch": "library"}
    systems = {
        name: {"kind": kind, "note": "as it comes", "versions": {name: "1"}} for name, kind in kinds.items()
    }
    systems["voyager"] = {"kind": "library", "skipped": "not installed: voyager"}
    machine = {"processor": "a machine", "cores": 2, "versions": {"python": "3"}}
    facts = {"data": "clustered", "n": n, "seed": 0, "questions": 5, "load": {"measure": 0.1}}
    return {**facts, "machine": machine, "systems": systems, "cells": cells}


def write(folder: Path, name: str, content: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))


def verdicts(folder: Path) -> dict[str, Any]:
    found = goals.verdicts(figures.Results.read(folder))
    return {one.goal: one for one in found}


def goal(folder: Path, words: str) -> Any:
    (found,) = (one for said, one in verdicts(folder).items() if words in said)
    return found


def test_goals_met_are_said_to_be_met(tmp_path: Path) -> None:
    write(tmp_path, "clustered-1000000.json", document(1_000_000, ours=0.5, ivf=0.6, zvec=1.6))
    assert [one.met for one in verdicts(tmp_path).values()] == [True] * 5 + [None] + [True] * 2 + [None] * 2
    assert goal(tmp_path, "best database").figure.startswith("worst 3.20 times (zvec;")
    assert goal(tmp_path, "FAISS IVF").figure.startswith("0.83 times")


def test_goals_missed_are_said_to_be_missed(tmp_path: Path) -> None:
    write(tmp_path, "clustered-1000000.json", document(1_000_000, 2.5, ivf=0.6, zvec=1.6, recall=0.975))
    assert not any(one.met for one in verdicts(tmp_path).values() if "filter" not in one.goal)
    assert "0.975 (clustered, 1,000,000 tracks, 10% agrees); 2 of 2" in goal(tmp_path, "0.98 in the").figure
    assert goal(tmp_path, "2 times the best peer").figure.startswith(
        "4.17"
    )  # usearch misses recall, so no peer


def test_a_violation_or_a_short_answer_misses_its_goal(tmp_path: Path) -> None:
    said = document(10_000, 0.5, 0.6, 1.6)
    said["cells"]["10% opposes"]["measured"]["moodrec"]["short"] = 1
    write(tmp_path, "clustered-10000.json", said)
    assert goal(tmp_path, "meets the filter").met is False


def test_the_exponent_of_growth(tmp_path: Path) -> None:
    def size(n: int) -> dict[str, Any]:
        return {"cells": {"no filter": {"cpu_ms": 0.01 * n**0.5}}, "first_answer_s": n / 1e6}

    sizes = {str(n): size(n) for n in (10_000, 100_000, 1_000_000)}
    write(tmp_path, "growth-clustered.json", {"data": "clustered", "sizes": sizes})
    found = goal(tmp_path, "n^0.4")
    assert (found.met, found.figure) == (False, "at most n^0.50 (clustered, no filter, up to 1,000,000)")
    assert (goal(tmp_path, "first answer").met, goal(tmp_path, "first answer").figure) == (False, "1.00 s")


def test_the_page_from_small_results(tmp_path: Path) -> None:
    write(tmp_path / "results", "clustered-10000.json", document(10_000, 0.5, 0.6, 1.6))
    growth = {str(n): {"cells": {"no filter": {"cpu_ms": n / 1e5}}} for n in (10_000, 100_000, 200_000)}
    write(tmp_path / "results", "growth-clustered.json", {"data": "clustered", "sizes": growth})
    points = [
        {"weight": w, "moods": moods, "max_per_artist": cap, "cpu_ms": 1.0, "recall": 1 - w / 100}
        for w in (0.0, 1.0)
        for moods in (1, 2)
        for cap in (None, 1)
    ]
    write(
        tmp_path / "results",
        "blended-clustered-10000.json",
        {"data": "clustered", "n": 10_000, "points": points},
    )
    search_page.main(["--results", str(tmp_path / "results"), "--out", str(tmp_path / "page")])
    page = (tmp_path / "page" / "search.md").read_text()
    assert "| 10% opposes | 0.50 (0.990) | **0.60** | 1.60 | (0.001 at 0.40) | 0.83 |" in page
    assert "| no filter | 0.10 | 1.00 | 2.00 | 1.00 | 1.00 |" in page
    assert "| 1 | 1.00 (0.990) |" in page
    assert "Without figures here: voyager: not installed: voyager." in page
    assert len(list((tmp_path / "page").glob("*.png"))) == 3


def test_without_results_there_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no results"):
        search_page.main(["--results", str(tmp_path), "--out", str(tmp_path)])


def test_numbers_stay_on_one_line_in_a_result_and_other_facts_are_refused(tmp_path: Path) -> None:
    file = search_results.ResultFile(tmp_path / "r.json", {"seed": 0})
    file.cell("no filter")["tuned"]["numpy"] = {"trials": {"": [[1, 0.5, 1e-05], [2, -0.25, 3]]}}
    file.save()
    assert "[1, 0.5, 1e-05]" in (tmp_path / "r.json").read_text()
    assert search_results.ResultFile(tmp_path / "r.json", {"seed": 0}).document == file.document
    with pytest.raises(ValueError, match="other seed"):
        search_results.ResultFile(tmp_path / "r.json", {"seed": 1})


def test_a_run_measures_is_resumed_and_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"--cache {tmp_path} --data clustered --n 1500 --questions 3 --rounds 1 --budget 5".split()
    asked += ["--out", str(tmp_path / "results" / "clustered-1500.json")]
    asked += ["--systems", "moodrec", "numpy", "--cells", "no filter", "10% random"]
    filtered.main(asked)
    capsys.readouterr()
    said = json.loads((tmp_path / "results" / "clustered-1500.json").read_text())
    assert set(said["cells"]) == {"no filter", "10% random"}
    for cell in said["cells"].values():
        for system in ("moodrec", "numpy"):
            found = cell["measured"][system]
            assert (found["recall"], found["violations"], found["short"], found["queries"]) == (1, 0, 0, 3)
            assert 0 < found["cpu_ms"] < 1000
    assert said["systems"]["moodrec"]["build"]["files_mb"] > 0
    filtered.main(asked)
    assert capsys.readouterr().err == ""  # nothing was left to do
    search_page.main(["--results", str(tmp_path / "results"), "--out", str(tmp_path / "page")])
    assert "Clustered, 1,500 tracks" in (tmp_path / "page" / "search.md").read_text()
