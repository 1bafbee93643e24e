"""One catalogue for a server of an engine and for a server of a folder, and what both are asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tests.catalogues import Sample, sample_catalogue

GETS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/tracks/t3", {}),
    ("/v1/tracks/t3", {"columns": ["title", "moods", "path"]}),
    ("/v1/tracks/nobody", {}),
    ("/v1/tracks", {"limit": 7}),
    ("/v1/tracks", {"q": "title 1", "limit": 9}),
    ("/v1/tracks", {"where": "year >= 1990 AND genre = 'rock'", "sort": "-calm,title", "limit": 12}),
    ("/v1/tracks", {"q": "artist 3", "where": "happy > 0.5", "sort": "year"}),
    ("/v1/tracks", {"sort": "-calm", "max_per_artist": 1, "exclude_artist": ["Artist 3"], "limit": 40}),
    ("/v1/tracks", {"sort": "no such"}),
    ("/v1/similar", {"seed": "t5", "k": 12, "explain": True}),
    ("/v1/similar", {"seed": "Title 5", "k": 3}),
    ("/v1/similar", {"seed": "Artist 37 - Title 3", "k": 3}),
    ("/v1/similar", {"seed": "Title of nothing"}),
    ("/v1/similar", {"seed": "t5", "k": 3, "where": "tempo > 3"}),
    ("/v1/similar", {"seed": "t7", "k": 9, "where": "year >= 1980", "max_per_artist": 1, "distinct": True}),
    (
        "/v1/similar",
        {"seed": "t7", "k": 9, "diversity": 0.4, "mood": "calm=0.9", "mood_weight": 0.4, "explain": 1},
    ),
    ("/v1/similar", {"seed": "t8", "k": 5, "exclude": ["t9", "t1"], "exclude_artist": ["Artist 12"]}),
    ("/v1/similar", {"seed": "t8", "k": 5, "where": "pct(calm) >= 0.7 OR title ILIKE '%9'"}),
    ("/v1/similar", {"seed": "t1", "k": 300, "where": "year < 1970"}),
    ("/v1/by-mood", {"mood": "calm=0.8,happy=0.2", "k": 8, "explain": True}),
    ("/v1/by-mood", {"mood": "sleepy=1", "k": 8}),
    ("/v1/moods", {}),
    ("/v1/columns", {}),
    ("/v1/find", {"q": "calm rock 90s not happy, one per artist", "k": 6}),
    ("/v1/find", {"q": "like Title 5 but calmer", "k": 6}),
    ("/v1/find", {"q": "by Artist 3", "k": 6}),
    ("/v1/find", {"q": "rock", "k": 6}),
    ("/v1/players", {}),
    ("/rest/getSonicSimilarTracks", {"id": "t3", "f": "json", "count": 5}),
    ("/rest/findSonicPath", {"startSongId": "t3", "endSongId": "t9", "f": "json", "count": 5}),
    ("/api/similar_tracks", {"item_id": "t3", "n": 4, "mood_similarity": "true"}),
    ("/api/find_path", {"start_song_id": "t3", "end_song_id": "t40"}),
    ("/api/search_tracks", {"search_query": "title 12"}),
]
POSTS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/similar", {"seeds": ["t1", "t2"], "k": 5, "explain": True}),
    ("/v1/similar", {"seed": "t4", "k": 5, "where": ["calm >= 0.5"]}),
    ("/v1/by-mood", {"mood": {"calm": 0.7}, "k": 5, "where": "year > 1999"}),
    ("/v1/for-history", {"likes": ["t1"], "dislikes": ["t9"], "k": 8, "explain": True}),
    ("/v1/for-history", {"likes": ["t1", "nobody"], "k": 8}),
    ("/v1/for-history", {"likes": ["t1", "nobody"], "k": 8, "ignore_unknown": True}),
    ("/v1/playlists/radio", {"seed": "t1", "n": 8, "drift": 0.5}),
    ("/v1/playlists/radio", {"seed": "Title 11", "minutes": 20}),
    ("/v1/playlists/path", {"start": "t1", "end": "t77", "n": 8, "where": "year > 1970"}),
    ("/v1/playlists/mix", {"tracks": {"t1": 1, "t9": -0.4}, "n": 8, "mood": {"calm": 0.8}}),
    ("/v1/playlists/arc", {"start": {"calm": 0.9}, "end": {"calm": 0.2}, "n": 8}),
    ("/v1/playlists/clusters", {"k": 3, "n": 4}),
    ("/v1/playlists/fingerprint", {"plays": [{"track_id": "t1"}, {"track_id": "t3"}], "n": 6}),
    ("/v1/playlists/export", {"track_ids": ["t4", "t2"], "format": "m3u8"}),
    ("/api/alchemy", {"items": [{"id": "t3", "op": "ADD"}, {"id": "t9", "op": "SUBTRACT"}], "n": 5}),
]
NEED_A_LIBRARY: list[tuple[str, str]] = [
    ("GET", "/v1/map"),
    ("GET", "/v1/map/info"),
    ("GET", "/v1/map/tracks"),
    ("GET", "/v1/map/moods"),
    ("GET", "/v1/tracks/t3/audio"),
    ("HEAD", "/v1/tracks/t3/audio"),
    ("POST", "/v1/analyze"),
    ("GET", "/v1/jobs"),
    ("POST", "/v1/jobs"),
    ("DELETE", "/v1/jobs/x"),
    ("POST", "/v1/label"),
    ("GET", "/v1/labels"),
    ("POST", "/v1/players/navidrome/test"),
    ("POST", "/v1/players/navidrome/playlists"),
    ("GET", "/api/similar_artists"),
    ("POST", "/api/create_playlist"),
]
_ENGINES_OWN = ("path", "reason", "scanned", "scored", "kernel")
"""What an explanation says of how the tracks were found, rather than of the tracks."""


def rich_catalogue(n: int = 400) -> Sample:
    """The sample catalogue with durations, albums, paths, probabilities and copies."""
    sample, rng = sample_catalogue(n), np.random.default_rng(3)
    seconds = rng.uniform(60, 400, n).astype(np.float32)
    more = {
        "duration": pa.array(seconds, pa.float32()),
        "album": pa.array([f"Album {row // 9}" if row % 5 else None for row in range(n)]),
        "path": pa.array([f"/music/{row}.mp3" for row in range(n)]),
        "duplicate_of": pa.array([f"t{row - 1}" if row % 50 == 7 else None for row in range(n)]),
        "prob_calm": pa.array(rng.random(n), pa.float32()),
        "musicbrainz_recordingid": pa.array([f"id-{row // 2}" if row % 40 < 2 else None for row in range(n)]),
    }
    table = sample.table
    for name, values in more.items():
        table = table.append_column(name, values)
    return Sample(sample.vectors, table)


def comparable(document: Any) -> Any:
    """An answer without the name of the version, and without how an engine went about it."""
    if isinstance(document, list):
        return [comparable(one) for one in document]
    if not isinstance(document, dict):
        return document
    kept = {name: comparable(value) for name, value in document.items() if name not in ("version", "next")}
    if isinstance(explain := kept.get("explain"), dict):
        kept["explain"] = {name: value for name, value in explain.items() if name not in _ENGINES_OWN}
    return kept
