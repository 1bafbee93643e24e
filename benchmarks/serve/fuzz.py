"""Ten thousand conditions that nobody would write, and two hundred paths that nobody should: no answer is a 5xx.

    python -m benchmarks.serve.fuzz [--conditions 10000]

Conditions are mutated from valid ones, put together from pieces of the grammar, and random Unicode; each is sent to a
running server, which must answer 200 or refuse it (400, 413, 422). Writes
benchmarks/results/reliability/serve-fuzz.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from moodrec.files import write_atomically
from tests.serve.running import save_sample, serving, settings_for

RESULT: Final = RESULTS / "reliability" / "serve-fuzz.json"
GOOD: Final = (
    "calm >= 0.6 AND year BETWEEN 1990 AND 1999",
    "genre IN ('rock', 'folk') AND NOT artist ILIKE 'art%'",
    "(pct(calm) >= 0.9 OR happy > 0.5) AND artist IS NOT NULL",
    "title LIKE 'Title 1_' ESCAPE '!'",
    "calm > happy",
    "\"track_id\" <> 't7'",
)
PIECES: Final = (
    *(
        "calm",
        "year",
        "genre",
        "artist",
        "nothing",
        '"',
        "'",
        "''",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
    ),
    *(
        "BETWEEN",
        "IS",
        "NULL",
        "=",
        "<>",
        "<=",
        ">",
        "0.5",
        "1e999",
        "-1",
        "NaN",
        "TRUE",
        "%",
        "--",
        "/*",
        ";",
    ),
    *(
        "pct(",
        "prob(",
        "SELECT",
        "DROP TABLE",
        "CASE",
        "CAST(",
        "::",
        "{",
        "\\",
        "\0",
        "\ud7ff",
        "\N{PILE OF POO}",
    ),
)


def conditions(count: int, seed: int = 0) -> Iterator[str]:
    """Conditions, a third of each kind.

    Args:
        count: so many.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    for number in range(count):
        yield (_mutated, _pieces, _noise)[number % 3](rng)


def _mutated(rng: np.random.Generator) -> str:
    text = list(str(rng.choice(GOOD)))
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(0, len(text)))
        match rng.integers(0, 3):
            case 0:
                del text[place]
            case 1:
                text.insert(place, chr(int(rng.integers(32, 0x2FF))))
            case _:
                text[place] = str(rng.choice(PIECES))
        if not text:
            return ""
    return "".join(text)


def _pieces(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(PIECES, rng.integers(1, 12)))


def _noise(rng: np.random.Generator) -> str:
    codes = rng.integers(1, 0x10FFFF, rng.integers(1, 40))
    return "".join(chr(int(code)) for code in codes if not 0xD800 <= code < 0xE000)


def main() -> None:
    """Send everything, and store what came back."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conditions", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        save_sample(Path(folder) / "index")
        with serving(settings_for(Path(folder) / "index")) as client:
            report = _sent(client, options.conditions)
    report |= {"machine": machine_report("fastapi", "uvicorn")}
    write_atomically(RESULT, json.dumps(report, indent=1).encode() + b"\n")
    print(json.dumps(report, indent=1))
    if report["broken"]:
        raise SystemExit(1)


def _sent(client: httpx.Client, count: int) -> dict[str, Any]:
    statuses: Counter[int] = Counter()
    broken = []
    for condition in conditions(count):
        status = client.get("/v1/tracks", params={"where": condition, "limit": 1}).status_code
        statuses[status] += 1
        if status not in (200, 400, 413, 422):
            broken.append(condition)
    return {
        "conditions": count,
        "statuses": {str(k): v for k, v in sorted(statuses.items())},
        "broken": broken,
    }


if __name__ == "__main__":
    main()
