"""docs/results/retrieval.md from the results of benchmarks/retrieval/measure.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from moodrec.evaluation.neighbourhood.report import BenchmarkReport
from moodrec.evaluation.neighbourhood.run import CEILING
from moodrec.files.replacing import write_atomically
from moodrec.plots.trade_off import KEPT, LEFT, trade_off

Result = Mapping[str, Any]

ROWS = {
    "quadrant_p": "P@10 same quadrant",
    "quadrant_ndcg": "nDCG@10 same quadrant",
    "word_jaccard": "Jaccard@10 of mood words",
    "word_ndcg": "nDCG@10, gain Jaccard",
    "filter_satisfaction": "mood filter satisfied",
    "target_error_before": "mood error at weight 0",
    "target_error": "mood error at weight 0.5",
    "error_left": "share of the error left",
    "cosine_kept": "share of the cosine kept",
    "artist_diversity": "different artists in 10",
}
LOWER = {"target_error", "target_error_before", "error_left"}
MOOD_ROWS = (
    "quadrant_p",
    "quadrant_ndcg",
    "word_jaccard",
    "word_ndcg",
    "filter_satisfaction",
    "target_error",
    "error_left",
)
TITLES = {"mood4q": "4Q", "emotify": "Emotify", "emopia": "EMOPIA"}
RIVALS = ("single-task", "frozen MusiCNN", "MFCC statistics", "metadata", "random")

HEAD = Path(__file__).with_name("page.md.in")


def render(results: Mapping[str, Result], folder: Path) -> None:
    """Write the page and its plots."""
    known = {name: results[name] for name in TITLES if name in results}
    first = next(iter(known.values()))
    parts = [HEAD.read_text().format(resamples=f"{first['resamples']:,}", seed=first["seed"]), summary(known)]
    for name, result in known.items():
        trade_off(BenchmarkReport.from_document(result), folder / f"retrieval-{name}.png")
        parts.append(section(name, result))
    parts.append(setup(first))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "retrieval.md", "\n".join(parts).encode())


def summary(results: Mapping[str, Result]) -> str:
    """The goals, and whether they are met."""
    lines = ["## The goals", ""]
    for name, result in results.items():
        lines += [f"- **{TITLES[name]}**: {best_rows(result)} {halved(result)}"]
    return "\n".join([*lines, ""])


def best_rows(result: Result) -> str:
    """On how many mood rows the multi-task model is best, and where its lead is beyond chance."""
    systems = result["systems"]
    mine = systems["multi-task"]["figures"]
    rows = [row for row in MOOD_ROWS if row in mine]
    lost = [f"{ROWS[row]} ({leader(result, row)})" for row in rows if leader(result, row) != "multi-task"]
    told = f"Multi-task is best on {len(rows) - len(lost)} of {len(rows)} mood rows"
    told += f"; not on {', '.join(lost)}." if lost else "."
    return f"{told} {against_single(result, rows)}"


def against_single(result: Result, rows: list[str]) -> str:
    """How the difference from the single-task model stands on all rows."""
    if "single-task" not in result["systems"]:
        return ""
    found = result["systems"]["single-task"]["differences"]
    better = [row for row in rows if row in found and sure(found[row], row) > 0]
    worse = [row for row in rows if row in found and sure(found[row], row) < 0]
    open_ = len(rows) - len(better) - len(worse)
    text = (
        f"Against single-task the interval of the difference is on its side in {len(better)} rows, "
        f"against it in {len(worse)}, and includes zero in {open_}"
    )
    named = [*(f"better: {ROWS[row]}" for row in better), *(f"worse: {ROWS[row]}" for row in worse)]
    return text + (f" ({'; '.join(named)})." if named else ".")


def sure(difference: Mapping[str, float], row: str) -> int:
    """1 where multi-task is better beyond its interval, -1 where it is worse, 0 where the interval includes zero."""
    sign = -1 if row in LOWER else 1
    if difference["low"] > 0:
        return sign
    return -sign if difference["high"] < 0 else 0


def leader(result: Result, row: str) -> str:
    """The best of the systems that hear or read."""
    names = [
        name for name in ("multi-task", *RIVALS) if row in result["systems"].get(name, {}).get("figures", {})
    ]
    values = {name: result["systems"][name]["figures"][row]["value"] for name in names}
    return (min if row in LOWER else max)(values, key=lambda name: values[name])


def halved(result: Result) -> str:
    """The goal of the blend, with what it would take."""
    figures = result["systems"]["multi-task"]["figures"]
    left, kept = figures["error_left"], figures["cosine_kept"]
    met = left["value"] <= LEFT and kept["value"] > KEPT
    told = (
        f"Mood error halved at weight 0.5 for less than 10 % of the mean cosine: {'met' if met else 'not met'} "
        f"({interval(left)} of the error left, {interval(kept)} of the cosine kept)."
    )
    return f"{told} {price(result)}"


def price(result: Result) -> str:
    """The cosine kept where the error is halved, for the model and for perfect moods."""
    words = []
    for name, who in (("multi-task", "Halving it"), (CEILING, "with perfect mood scores it")):
        found = at_half(result["systems"][name]["curve"])
        if found is None:
            words.append(f"{who} is not reached at any weight")
        else:
            words.append(f"{who} takes weight {found[0]:.2f} and keeps {found[1]:.2f} of the cosine")
    return "; ".join(words) + "."


def at_half(curve: list[Mapping[str, float]]) -> tuple[float, float] | None:
    """Weight and share of the cosine kept where half the error is left, between the points of a curve."""
    left = np.array([point["error"] / curve[0]["error"] for point in curve])
    if left.min() > LEFT:
        return None
    after = int(np.argmax(left <= LEFT))
    share = (left[after - 1] - LEFT) / (left[after - 1] - left[after])
    weights, kept = ([point[key] for point in curve] for key in ("weight", "cosine"))
    between = [values[after - 1] + share * (values[after] - values[after - 1]) for values in (weights, kept)]
    return between[0], between[1] / curve[0]["cosine"]


def section(name: str, result: Result) -> str:
    """A dataset's tables and plot."""
    systems = result["systems"]
    moods = ", ".join(f"{mood} {share:.2f}" for mood, share in result["moods"].items())
    rows = [row for row in ROWS if any(row in system["figures"] for system in systems.values())]
    table = [["figure", *systems], ["---"] * (len(systems) + 1)]
    for row in rows:
        best = leader(result, row) if row not in ("cosine_kept", "artist_diversity") else ""
        table.append(
            [ROWS[row], *(cell(system["figures"].get(row), who == best) for who, system in systems.items())]
        )
    for key, title in (("coverage", "coverage"), ("hubness", "hubness (skewness)")):
        table.append([title, *(f"{system[key]:.3f}" for system in systems.values())])
    differences = difference_table(systems, rows)
    return "\n".join(
        [
            f"## {TITLES[name]}",
            "",
            f"{result['queries']:,} queries by {result['n_groups']} artists. Share that people find: {moods}.",
            "",
            *("| " + " | ".join(row) + " |" for row in table),
            "",
            f"![Trade-off of the mood weight on {TITLES[name]}](retrieval-{name}.png)",
            "",
            "Multi-task minus the others; bold where the 95 % interval of the paired difference excludes zero.",
            "",
            *differences,
            "",
            "Mood error by mood, multi-task, at weight 0, 0.5 and 1:",
            "",
            *by_mood(systems["multi-task"]["curve"]),
            "",
        ]
    )


def difference_table(systems: Mapping[str, Any], rows: list[str]) -> list[str]:
    """Paired differences from every other system."""
    others = [name for name in systems if name not in ("multi-task", CEILING)]
    table = [["figure", *others], ["---"] * (len(others) + 1)]
    for row in rows:
        cells = [systems[name]["differences"].get(row) for name in others]
        if any(cells):
            table.append([ROWS[row], *(signed(found) for found in cells)])
    return ["| " + " | ".join(row) + " |" for row in table]


def by_mood(curve: list[Mapping[str, Any]]) -> list[str]:
    """A row a mood."""
    points = {point["weight"]: point["by_mood"] for point in curve}
    lines = ["| mood | 0 | 0.5 | 1 |", "| --- | --- | --- | --- |"]
    return lines + [
        f"| {mood} | " + " | ".join(f"{points[weight][mood]:.3f}" for weight in (0.0, 0.5, 1.0)) + " |"
        for mood in points[0.0]
    ]


def setup(result: Result) -> str:
    """Machine and versions."""
    machine = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    where = f"{machine['processor']}, {machine['cores']} cores"
    return f"## Set-up\n\n{where}; {versions}; bootstrap seed {result['seed']}.\n"


def cell(figure: Mapping[str, float] | None, best: bool) -> str:
    if figure is None:
        return ""
    return f"**{interval(figure)}**" if best else interval(figure)


def interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def signed(figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return ""
    text = f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"
    return f"**{text}**" if figure["low"] > 0 or figure["high"] < 0 else text
