"""Write a small library in the format of the moodrec at hand: ``python -m tests.golden.make_golden``.

One is kept for each format that was ever released, as ``library-format-N.sqlite``; a format's file is never made
anew. It holds what a library can hold: tracks of two models, a copy, a moved file, silence, failures, a file that is
gone, a name that is not UTF-8, and from format 3 on labels, one of them taken back. The files stood under ``/music``.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from moodrec.audio.probe import Tags
from moodrec.library.library import Library
from moodrec.library.records import FileResult, Outcome
from moodrec.library.tables import SCHEMA_VERSION
from tests.library.tracks import MODEL, OTHER, analysed, failed, file_state

HERE = Path(__file__).parent
TAGS = Tags(
    "Dawn",
    "Ann",
    "Ann & Co",
    "Hours",
    "1998-04-01",
    1998,
    ("folk", "drone"),
    "r-1",
    "l-1",
    "a-1",
    original_year=1973,
)


def golden(version: int) -> Path:
    """Where the library of a format is kept."""
    return HERE / f"library-format-{version}.sqlite"


def fill(library: Library, music: Path) -> None:
    """Everything that a library can hold."""
    states = {name: file_state(music / name) for name in ("dawn.flac", "copy.flac", "gone.ogg", "old.mp3")}
    odd = file_state(music / os.fsdecode(b"caf\xe9.wav"))
    with library.writer():
        library.register_model(OTHER)
        library.acknowledge(OTHER, analysed(states["dawn.flac"], "dawn", TAGS, OTHER))
        library.register_model(MODEL)
        library.acknowledge(MODEL, analysed(states["dawn.flac"], "dawn", TAGS))
        library.acknowledge(MODEL, analysed(states["copy.flac"], "dawn", Tags(title="Dawn (copy)")))
        library.acknowledge(MODEL, analysed(states["gone.ogg"], "gone"))
        cafe = library.acknowledge(MODEL, analysed(odd, "cafe"))
        library.acknowledge(MODEL, failed(states["old.mp3"]))
        silence = file_state(music / "silence.flac")
        library.acknowledge(MODEL, FileResult(silence, Outcome.SILENT, "silent", "the audio is silent"))
        library.mark_missing([states["gone.ogg"]])
        library.promote(MODEL.fingerprint)
        library.record_run(MODEL, 6, 12.5)
        library.label({"happy": 1}, artist="ann", by="Ann")
        library.label({"calm": 0.25}, album="Hours", by="Ann")
        assert cafe is not None
        library.label({"calm": 1, "happy": 0}, track=cafe, by="Bob")
        library.label({"calm": None}, track=cafe, by="Ann")


def main() -> None:
    """Fill a library and keep its database."""
    place = golden(SCHEMA_VERSION)
    if place.exists():
        raise SystemExit(f"{place} is there already; a released format does not change")
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "music"
        with Library.create(Path(folder) / "library") as library:
            fill(library, music)
        with closing(sqlite3.connect(Path(folder) / "library" / "library.sqlite")) as database:
            old = os.fsencode(music)
            database.execute("UPDATE files SET path = CAST(replace(path, ?, ?) AS BLOB)", (old, b"/music"))
            database.commit()
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("VACUUM INTO ?", (str(place),))


if __name__ == "__main__":
    main()
