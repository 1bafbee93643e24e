"""The tables of a library's database, in the format that this moodrec writes."""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 4
"""The format that is written; older ones are migrated to it by :mod:`moodrec.library.migration`."""
REVISE: Final = "UPDATE counters SET value = value + 1 + abs(random() % (1 << 20)) WHERE name = 'revision'"
"""The statement that raises the revision. Its start and its steps are random, so that neither two libraries nor two
ways on from one backup come to the same number; billions of changes stay below 2^53, which programs read exactly.
"""
APPLICATION_ID: Final = int.from_bytes(b"mood")
"""The number by which SQLite's header says that a file is a library."""

TAG_BACKUPS: Final = """CREATE TABLE tag_backups (
    track_id TEXT PRIMARY KEY REFERENCES tracks (track_id),
    tags TEXT NOT NULL                    -- JSON: what the file's mood tags were before moodrec wrote any
)"""
GROUP_INDEXES: Final = (
    "CREATE INDEX tracks_by_artist ON tracks (artist_key)",
    "CREATE INDEX tracks_by_album ON tracks (album_key)",
)
LABELS: Final = (
    """CREATE TABLE labels (
        entry INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('track', 'artist', 'album')),
        key TEXT NOT NULL,                -- a track's audio fingerprint; else as artist_key and album_key
        name TEXT NOT NULL,               -- for people
        mood TEXT NOT NULL,
        value REAL CHECK (value BETWEEN 0 AND 1),  -- NULL takes the earlier label back
        given_by TEXT NOT NULL,
        given_at TEXT NOT NULL            -- ISO 8601, UTC
    )""",
    "CREATE INDEX labels_by_key ON labels (kind, key, mood)",
)
"""Entries are never changed: of each kind, key and mood the last one holds."""
TABLES: Final = (
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    """CREATE TABLE models (
        fingerprint TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        moods TEXT NOT NULL,              -- JSON list, the order of the blobs below
        embedding_dim INTEGER NOT NULL,
        last_used INTEGER NOT NULL,       -- grows; the highest is the library's current model, 0 never was
        context TEXT                      -- JSON: how metadata corrects the scores; NULL where it does not
    )""",
    """CREATE TABLE tracks (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        track_id TEXT NOT NULL UNIQUE,
        audio_fingerprint TEXT NOT NULL,
        duplicate_of TEXT REFERENCES tracks (track_id),
        duration REAL NOT NULL,           -- seconds
        title TEXT, artist TEXT, album_artist TEXT, album TEXT, date TEXT, year INTEGER,
        genre TEXT,                       -- JSON list
        musicbrainz_recording_id TEXT, musicbrainz_album_id TEXT, musicbrainz_artist_id TEXT,
        artists TEXT,                     -- JSON list
        isrc TEXT, acoustid_id TEXT, acoustid_fingerprint TEXT,
        artist_key TEXT, album_key TEXT,  -- moodrec.library.groups; NULL where not known
        original_year INTEGER
    )""",
    "CREATE INDEX tracks_by_audio ON tracks (audio_fingerprint)",
    *GROUP_INDEXES,
    """CREATE TABLE files (
        path BLOB PRIMARY KEY,            -- the bytes of the file system: not every name is UTF-8
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'partial', 'silent', 'failed')),
        reason TEXT,
        message TEXT,
        model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
        track_id TEXT UNIQUE REFERENCES tracks (track_id),
        missing INTEGER NOT NULL DEFAULT 0,
        audio BLOB,                       -- for a track of a CUE sheet: the file that it lies in
        start REAL                        -- and where it begins in it, seconds
    )""",
    """CREATE TABLE analyses (
        model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
        track_id TEXT NOT NULL REFERENCES tracks (track_id),
        embedding BLOB NOT NULL,          -- little-endian float32
        mood_scores BLOB NOT NULL,
        probabilities BLOB NOT NULL,
        checksum BLOB NOT NULL DEFAULT x'',  -- moodrec.library.checksum, of the row
        PRIMARY KEY (model_fingerprint, track_id)
    )""",
    TAG_BACKUPS,
    *LABELS,
    """CREATE TABLE runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT,
        model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
        files INTEGER NOT NULL,
        seconds REAL NOT NULL
    )""",
    "INSERT INTO counters VALUES ('revision', abs(random() % (1 << 44)))",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
"""The statements that make a library in an empty database."""
