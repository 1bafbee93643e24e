"""Hooks of Schemathesis: half of the requests that it makes up name tracks, moods and columns that there are.

Without them nearly every request would end at an id that is unknown, and the code behind would not run.
``MOODREC_REAL_IDS`` holds a JSON list of ids; ``benchmarks.serve.abuse`` sets it.
"""

from __future__ import annotations

import json
import os
import random
from typing import Any, Final

import schemathesis

IDS: Final[list[str]] = json.loads(os.environ.get("MOODREC_REAL_IDS", "[]"))
_ID: Final = frozenset(
    {
        "track_id",
        "seed",
        "start",
        "end",
        "id",
        "item_id",
        "start_song_id",
        "end_song_id",
        "startSongId",
        "endSongId",
    }
)
_LISTS: Final = frozenset({"track_ids", "seeds", "likes", "dislikes", "only", "exclude"})
_TEXTS: Final[dict[str, list[str]]] = {
    "where": ["calm >= 0.5", "duration > 1 OR NOT happy < 0.2", "pct(calm) > 0.3 AND title IS NOT NULL"],
    "sort": ["-calm", "title,-duration"],
    "q": ["calm", "tone not sad"],
    "artist": ["Band"],
    "method": [
        "ping",
        "getSonicSimilarTracks.view",
        "findSonicPath",
        "tokenInfo",
        "getOpenSubsonicExtensions",
    ],
}
_chance: Final = random.Random(0)


def map_path_parameters(ctx: Any, path_parameters: Any) -> Any:
    """Put real ids into paths."""
    return _made_real(path_parameters)


def map_query(ctx: Any, query: Any) -> Any:
    """Put real ids into the query."""
    return _made_real(query)


def map_body(ctx: Any, body: Any) -> Any:
    """Put real ids into the body."""
    return _made_real(body)


def _made_real(value: Any) -> Any:
    if isinstance(value, list):
        return [_made_real(one) for one in value]
    if not isinstance(value, dict) or _chance.random() < 0.3:
        return value
    return {name: _real(name, one) for name, one in value.items()}


def _real(name: str, value: Any) -> Any:
    if isinstance(value, str) and name in _ID and IDS:
        return _chance.choice(IDS)
    if isinstance(value, str) and name in _TEXTS:
        return _chance.choice(_TEXTS[name])
    if isinstance(value, list) and name in _LISTS and IDS:
        return [_chance.choice(IDS) for _ in value]
    if isinstance(value, dict) and name in ("tracks", "weights"):
        return {_chance.choice(IDS): one for one in value.values()} if IDS else value
    if isinstance(value, dict) and name in ("mood", "start", "end"):
        return {_chance.choice(["calm", "happy"]): one for one in value.values()}
    return _made_real(value)


for _hook in (map_path_parameters, map_query, map_body):
    schemathesis.hook(_hook)
