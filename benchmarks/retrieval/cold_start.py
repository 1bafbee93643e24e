"""Cold start: collaborative filtering alone, and with moodrec's vectors, on tracks that nobody has played yet.

    PYTHONPATH=. .venvs/lenskit/bin/python -m benchmarks.retrieval.cold_start        # after make test-adapter-lenskit
    python -m benchmarks.retrieval.cold_start --render                               # write the page from the result

The tracks are real: the 686 of the sample index (free game music), with the vectors of the default model, which was
not trained on them. The listening is SIMULATED, from three taste models over real metadata that the vectors never
saw: the game that a track comes from, its artist, or nothing at all. Recommenders and metrics are LensKit's own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.machine import machine_report
from benchmarks.places import INDEXES, PAGES, RESULTS
from moodrec.files.replacing import write_atomically
from moodrec.index.mood_index import MoodIndex

INDEX = INDEXES / "open-game-music"
OUT = RESULTS / "cold-start.json"
PAGE = PAGES / "cold-start.md"
SEEDS = (0, 1, 2)
USERS = 200
K = 10
COLD = 0.2
"""Share of the tracks that nobody plays in training."""
HELD = 0.2
"""Share of each user's other plays that is held out too."""
AT_LARGE = 0.2
"""Share of plays that follow popularity alone."""
NEAREST = 8
"""Of a history's items; chosen on seed 99, which is not reported."""
WEIGHT = 0.3
"""Of the vectors beside ALS; chosen there too."""
TASTES = ("game", "artist", "none")
METRICS = {"Recall": "recall@10", "NDCG": "nDCG@10", "coverage": "coverage", "MeanPopRank": "popularity"}


@dataclass(frozen=True, eq=False)
class Plays:
    """What simulated users played: parallel arrays of user and item numbers."""

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    cold: NDArray[np.bool_]
    """(items,) tracks that are new."""
    held: NDArray[np.bool_]
    """(plays,) plays that are not trained on: all of cold tracks, and some of the others."""


def simulate(frame: pd.DataFrame, taste: str, seed: int) -> Plays:
    """Listeners of one taste model.

    Every track has a popularity, log-normal with sigma 1. A user is fond of one to three groups (games, or artists),
    chosen by their popularity, and plays 15 to 40 tracks: four fifths from these groups, by popularity, the rest from
    the whole catalogue, by popularity. With taste "none" all plays are of the second kind.
    """
    rng = np.random.default_rng([seed, TASTES.index(taste)])
    popularity = rng.lognormal(0, 1, len(frame))
    groups = pd.factorize(frame["source" if taste == "game" else "artist"])[0]
    sizes = np.bincount(groups[groups >= 0], popularity[groups >= 0])
    users, items = [], []
    for user in range(USERS):
        fond = rng.choice(len(sizes), rng.integers(1, 4), replace=False, p=sizes / sizes.sum())
        own = np.isin(groups, fond) if taste != "none" else np.zeros(len(frame), bool)
        count = int(rng.integers(15, 41))
        large = rng.random(count) < AT_LARGE
        chance = popularity * own
        picked = {int(i) for i in rng.choice(len(frame), int(large.sum()), p=popularity / popularity.sum())}
        if own.any():
            picked |= {int(i) for i in rng.choice(len(frame), int((~large).sum()), p=chance / chance.sum())}
        users += [user] * len(picked)
        items += sorted(picked)
    played = np.array(items)
    cold = rng.random(len(frame)) < COLD
    held = cold[played] | (rng.random(len(played)) < HELD)
    return Plays(np.array(users), played, cold, held)


def systems(index: str, shuffled: str) -> dict[str, Callable[[], Any]]:
    """LensKit pipelines by name."""
    from lenskit.basic import PopScorer
    from lenskit.knn import ItemKNNScorer
    from lenskit.pipeline import topn_pipeline

    from moodrec.recommend.adapters.lenskit import ColdStartALSScorer, MoodrecScorer

    return {
        "popularity": lambda: topn_pipeline(PopScorer(), n=K),
        "item kNN": lambda: topn_pipeline(ItemKNNScorer(k=20, feedback="implicit"), n=K),
        "ALS": lambda: topn_pipeline(als(), n=K),
        "moodrec, whole history": lambda: topn_pipeline(MoodrecScorer(index=index), n=K),
        "moodrec": lambda: topn_pipeline(MoodrecScorer(index=index, nearest=NEAREST), n=K),
        "ALS + moodrec": lambda: blended(index),
        "ALS, new tracks by vectors": lambda: topn_pipeline(
            ColdStartALSScorer(index=index, embedding_size=16, epochs=10), n=K
        ),
        "vectors shuffled": lambda: topn_pipeline(MoodrecScorer(index=shuffled, nearest=NEAREST), n=K),
    }


def als() -> Any:
    """Implicit matrix factorisation."""
    from lenskit.als import ImplicitMFScorer

    return ImplicitMFScorer(embedding_size=16, epochs=10)


def blended(index: str) -> Any:
    """ALS and vectors in one pipeline."""
    from lenskit.basic import TopNRanker, UserTrainingHistoryLookup
    from lenskit.basic.candidates import UnratedTrainingItemsCandidateSelector
    from lenskit.data import ItemList, RecQuery
    from lenskit.pipeline import PipelineBuilder

    from moodrec.recommend.adapters.lenskit import BlendScorer, MoodrecScorer

    builder = PipelineBuilder()
    query = builder.create_input("query", RecQuery, int)
    items = builder.create_input("items", ItemList)
    history = builder.add_component("history-lookup", UserTrainingHistoryLookup, query=query)
    builder.add_component("candidate-selector", UnratedTrainingItemsCandidateSelector, query=history)
    first = builder.add_component("als", als(), query=history, items=items)
    second = builder.add_component(
        "moodrec", MoodrecScorer, {"index": index, "nearest": NEAREST}, query=history, items=items
    )
    joined = builder.add_component("scorer", BlendScorer, {"weight": WEIGHT}, first=first, second=second)
    builder.add_component("recommender", TopNRanker, {"n": K}, items=joined)
    return builder.build()


def measure(taste: str, seed: int, folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Task to system to figures."""
    index = MoodIndex.open(INDEX)
    frame = index.frame
    ids = np.array(index.track_ids)
    plays = simulate(frame, taste, seed)
    shuffled = folder / f"shuffled-{taste}-{seed}"
    order = np.random.default_rng(seed).permutation(len(ids))
    MoodIndex.build(index.vectors(ids[order].tolist()), pd.DataFrame({"track_id": ids})).save(shuffled)
    from lenskit.data import from_interactions_df
    from lenskit.training import TrainingOptions

    table = pd.DataFrame({"user_id": plays.users, "item_id": ids[plays.items]})
    data = from_interactions_df(table[~plays.held])
    found: dict[str, dict[str, dict[str, float]]] = {"new": {}, "all": {}}
    for name, make in systems(str(INDEX), str(shuffled)).items():
        pipeline = make()
        pipeline.train(data, TrainingOptions(rng=seed))
        for task in found:
            found[task][name] = evaluate(pipeline, data, table, plays, ids, task)
    return found


def evaluate(
    pipeline: Any, data: Any, table: pd.DataFrame, plays: Plays, ids: NDArray[Any], task: str
) -> dict[str, float]:
    """Recommend to every user with something to find, and measure with LensKit."""
    from lenskit.data import ItemList, ItemListCollection, UserIDKey
    from lenskit.metrics import NDCG, MeanPopRank, Recall, RunAnalysis

    wanted = plays.held & plays.cold[plays.items] if task == "new" else plays.held
    known = table[~plays.held].groupby("user_id")["item_id"].agg(set)
    lists, truth = ItemListCollection(UserIDKey), ItemListCollection(UserIDKey)
    shelf = set(ids[plays.cold]) if task == "new" else set(ids)
    for user, items in table[wanted].groupby("user_id")["item_id"]:
        if user not in known.index:
            continue
        candidates = ItemList(sorted(shelf - known[user]))
        lists.add(pipeline.run("recommender", query=user, items=candidates, n=K), user_id=user)
        truth.add(ItemList(items.to_numpy()), user_id=user)
    analysis = RunAnalysis(Recall(K), NDCG(K), MeanPopRank(data))
    result = analysis.measure(lists, truth)
    means = result.list_metrics(fill_missing=True).mean()
    shown = {item for _, one in lists.items() for item in one.ids()}
    figures = {
        "Recall": float(means.iloc[0]),
        "NDCG": float(means.iloc[1]),
        "coverage": len(shown) / len(shelf),
    }
    popular = means.iloc[2]
    return figures | {"MeanPopRank": float(popular) if np.isfinite(popular) else float("nan")}


def main() -> None:
    """Measure and write, or only write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args()
    if not options.render:
        import tempfile

        with tempfile.TemporaryDirectory() as place:
            runs = {taste: [measure(taste, seed, Path(place)) for seed in SEEDS] for taste in TASTES}
        result = {"runs": runs, "machine": machine_report("lenskit", "numpy")}
        write_atomically(OUT, json.dumps(result, indent=1).encode() + b"\n")
    render(json.loads(OUT.read_text()))


def render(result: Mapping[str, Any]) -> None:
    """docs/results/cold-start.md."""
    parts = [Path(__file__).with_name("cold_start.md.in").read_text()]
    for task, title in (("new", "Only new tracks can be found"), ("all", "All tracks can be found")):
        parts += [f"## {title}", ""]
        for taste, runs in result["runs"].items():
            parts += [f"### Taste: {taste}", "", *table_of([run[task] for run in runs]), ""]
    parts.append(sentence(result["runs"]))
    machine = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    parts += [
        "## Set-up",
        "",
        f"{machine['processor']}, {machine['cores']} cores; {versions}; seeds {SEEDS}.",
        "",
    ]
    write_atomically(PAGE, "\n".join(parts).encode())


def table_of(runs: list[Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Mean and standard deviation over the seeds."""
    lines = ["| system | " + " | ".join(METRICS.values()) + " |", "| --- " * (len(METRICS) + 1) + "|"]
    for name in runs[0]:
        cells = []
        for metric in METRICS:
            values = np.array([run[name][metric] for run in runs], np.float64)
            known = values[~np.isnan(values)]
            cells.append(f"{known.mean():.3f} ± {known.std(ddof=1):.3f}" if len(known) > 1 else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def sentence(runs: Mapping[str, list[Mapping[str, Any]]]) -> str:
    """What adding vectors did to collaborative filtering, taste by taste."""
    lines = ["## In short", "", "Differences of nDCG@10, mean (and each seed).", ""]
    for taste, mine in runs.items():
        for name in ("ALS, new tracks by vectors", "ALS + moodrec"):
            new, every = (difference(mine, task, name, "ALS") for task in ("new", "all"))
            lines.append(
                f"- Taste {taste}, {name} minus ALS: {new} where only new tracks can be found, {every} where all can."
            )
        control = difference(mine, "new", "moodrec", "vectors shuffled")
        lines.append(
            f"- Taste {taste}, moodrec minus shuffled vectors: {control} where only new tracks can be found."
        )
    return "\n".join([*lines, ""])


def difference(runs: list[Mapping[str, Any]], task: str, name: str, other: str) -> str:
    """``+0.010 (+0.008, +0.012)``."""
    values = np.array([run[task][name]["NDCG"] - run[task][other]["NDCG"] for run in runs])
    return f"{values.mean():+.3f} ({spread(values)})"


def spread(values: NDArray[np.float64]) -> str:
    """The values themselves."""
    return ", ".join(f"{value:+.3f}" for value in values)


if __name__ == "__main__":
    main()
