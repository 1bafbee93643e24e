"""Conditions that nobody would write (mutated, put together from pieces, random), and paths that lead elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import httpx
import numpy as np

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


def sent(client: httpx.Client, count: int) -> dict[str, Any]:
    """Send conditions, and count what came back.

    Args:
        client: of a running server.
        count: so many.
    """
    statuses: Counter[int] = Counter()
    broken = []
    for condition in conditions(count):
        status = client.get("/v1/tracks", params={"where": condition, "limit": 1}).status_code
        statuses[status] += 1
        if status not in (200, 400):
            broken.append(condition)
    return {
        "conditions": count,
        "statuses": {str(k): v for k, v in sorted(statuses.items())},
        "broken": broken,
    }


_STEPS: Final = (
    *("..", "%2e%2e", "%252e%252e", "..%2f", "....", ".%00.", "..;"),
    *("%c0%ae%c0%ae", "%u002e%u002e", "..\\"),
)
_TARGETS: Final = ("etc/passwd", "etc%2fpasswd", "library.sqlite", "proc/self/environ", "windows%5cwin.ini")
_PLACES: Final = ("/v1/tracks/{}/audio", "/v1/tracks/{}", "/{}", "/static/{}")


def traversals() -> list[str]:
    """Paths of requests that climb out of every folder which the server knows."""
    climbs = [depth * f"{step}/" for step in _STEPS for depth in (1, 6)]
    return sorted({place.format(up + to) for up in climbs for to in _TARGETS for place in _PLACES})
