"""Renders docs/results/metadata.md from the finished cells.

python -m benchmarks.multitask.metadata_page
"""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any, Final

from moodrec.files.replacing import write_atomically

HERE: Final = Path(__file__).parent
CELLS: Final = HERE.parent / "results" / "metadata"
RETRIEVAL: Final = HERE.parent / "results" / "metadata-retrieval.json"
PAGE: Final = HERE.parents[1] / "docs" / "results" / "metadata.md"
TEMPLATE: Final = HERE / "metadata.md.in"
SMALL: Final = {
    "mood4q-words": "4Q, mood words",
    "mood4q-published": "4Q, published moods",
    "emotify-published": "Emotify, published moods",
    "emotify-felt": "Emotify, nine felt emotions",
    "mirex": "MIREX-like set, 28 words and 5 clusters",
}
PROTOCOLS: Final = {
    "cold": "cold",
    "other-albums": "known artist, other album",
    "known-artist": "known artist, other album",
    "random": "random",
}
SYSTEMS: Final = {"vggish": "VGG-ish", "convs": "convs", "filters": "filters"}
Report = dict[str, Any]


def read_cells(folder: Path = CELLS) -> dict[str, Report]:
    """Name of each finished cell, such as ``emotify-felt/cold``, to its report."""
    places = sorted(folder.rglob("*.json"))
    return {str(place.relative_to(folder).with_suffix("")): json.loads(place.read_text()) for place in places}


def render(cells: dict[str, Report], template: str) -> str:
    """The page."""
    return Template(template).substitute(
        short="\n".join(f"- {line}" for line in _short(cells)),
        jamendo=_jamendo(cells),
        small=_small(cells),
        moods=_moods(cells),
        retrieval=_retrieval(RETRIEVAL),
        missing=_missing(cells),
    )


def points(estimate: Report, sign: bool = False) -> str:
    """An average precision in points."""
    return f"{100 * estimate['value']:{'+' if sign else ''}.1f}"


def gain(estimate: Report) -> str:
    """A difference in points with its interval, bold where it excludes zero."""
    text = f"{points(estimate, True)} [{100 * estimate['low']:+.1f}, {100 * estimate['high']:+.1f}]"
    return f"**{text}**" if estimate["low"] > 0 or estimate["high"] < 0 else text


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _retrieval(place: Path) -> str:
    """Mood errors of searches, by scores of the audio and in context."""
    document = json.loads(place.read_text())
    rows = []
    for dataset, found in document["datasets"].items():
        for name, system in found["systems"].items():
            figure = system["figures"]["target_error"]
            difference = system["differences"].get("target_error")
            less = "" if difference is None else _interval(difference, 4, sign=True)
            rows.append([dataset, name, _interval(figure, 4), less])
    return table(["dataset", "scores", "mood error", "lower than by audio by"], rows)


def _interval(estimate: Report, digits: int, sign: bool = False) -> str:
    """A value with its interval; a difference is bold where it excludes zero."""
    form = f"{'+' if sign else ''}.{digits}f"
    text = f"{estimate['value']:{form}} [{estimate['low']:{form}}, {estimate['high']:{form}}]"
    return f"**{text}**" if sign and (estimate["low"] > 0 or estimate["high"] < 0) else text


def _figures(report: Report) -> list[str]:
    difference = report["difference"]
    return [
        points(report["audio"]["macro_ap"]),
        points(report["context"]["macro_ap"]),
        gain(difference["macro_ap"]),
        gain(difference["macro_roc_auc"]),
        f"{difference['tags_better']} / {difference['tags_worse']} of {len(report['tags'])}",
    ]


_HEADER: Final = ["audio", "in context", "difference", "ROC-AUC", "tags better / worse"]


def _jamendo(cells: dict[str, Report]) -> str:
    rows = []
    for name, report in cells.items():
        dataset, _, rest = name.partition("/")
        if dataset == "jamendo":
            pair, protocol = rest.split("/")
            system, weights = pair.split("-by-")
            source = "by itself" if weights == "itself" else f"validation, {SYSTEMS[weights]}"
            order = (list(PROTOCOLS).index(protocol), list(SYSTEMS).index(system), source)
            rows.append((order, [SYSTEMS[system], PROTOCOLS[protocol], source, *_figures(report)]))
    return table(["system", "protocol", "weights", *_HEADER], [row for _, row in sorted(rows)])


def _small(cells: dict[str, Report]) -> str:
    rows = []
    for dataset, title in SMALL.items():
        rows += [
            [title, PROTOCOLS[protocol], *_figures(cells[f"{dataset}/{protocol}"])]
            for protocol in ("cold", "known-artist", "random")
            if f"{dataset}/{protocol}" in cells
        ]
    return table(["labels", "protocol", *_HEADER], rows)


def _moods(cells: dict[str, Report]) -> str:
    rows = []
    for dataset, title in (("mood4q-published", "4Q"), ("emotify-published", "Emotify")):
        for tag in cells.get(f"{dataset}/cold", {"tags": []})["tags"]:
            kinds = ", ".join(kind for kind in tag["kinds"] if "labels" not in kind) or "nothing"
            figures = [
                f"{100 * tag['audio_ap']:.1f}",
                f"{100 * tag['context_ap']:.1f}",
                gain(tag["difference"]),
            ]
            rows.append([title, tag["tag"], str(tag["positives"]), *figures, kinds])
    return table(["labels", "mood", "positives", "audio", "in context", "difference", "uses"], rows)


def _short(cells: dict[str, Report]) -> list[str]:
    found = []
    goals = (
        ("jamendo/vggish-by-convs/cold", "MTG-Jamendo, VGG-ish, weights from validation (aim: +4 or more)"),
        ("jamendo/vggish-by-itself/cold", "The same, weights by folds of artists of the test tracks"),
        ("mood4q-words/cold", "4Q mood words, cold (aim: +3 or more)"),
        ("mood4q-words/known-artist", "The same, the artist's other tracks labelled"),
        ("emotify-felt/cold", "Emotify, felt emotions, cold"),
    )
    for name, title in goals:
        if name in cells:
            report = cells[name]
            audio, difference = points(report["audio"]["macro_ap"]), report["difference"]["macro_ap"]
            found.append(f"{title}: {audio} by audio alone, {gain(difference)}.")
    worse = [
        tag["tag"]
        for name in ("mood4q-published/cold", "emotify-published/cold")
        for tag in cells.get(name, {"tags": []})["tags"]
        if tag["difference"]["high"] < 0
    ]
    if "mood4q-published/cold" in cells and "emotify-published/cold" in cells:
        verdict = (
            f"worse, their intervals below zero: {', '.join(worse)}"
            if worse
            else "none is significantly worse"
        )
        found.append(f"Of the published moods (aim: none significantly worse on any dataset), {verdict}.")
    return found


def _missing(cells: dict[str, Report]) -> str:
    if any(name.startswith("mirex") for name in cells):
        return "The MIREX-like clips have no genres: there only artist and album can help."
    return "Not measured yet: the MIREX-like clips, of which there are no audio scores out of fold."


def main() -> None:
    """Write the page."""
    write_atomically(PAGE, render(read_cells(), TEMPLATE.read_text(encoding="utf-8")).encode())


if __name__ == "__main__":
    main()
