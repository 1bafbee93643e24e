"""Write a small library that the model moodrec-1 analysed: ``python -m tests.golden.make_moodrec_1``.

It stands for the libraries of all who used moodrec while this model was the default. It is never made anew: what it
holds is what that release computed. The files stood under ``/music``.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import soundfile

from moodrec.catalog.analyze import analyze
from moodrec.embedding.mood_model import MoodModel
from moodrec.library.library import Library

GOLDEN = Path(__file__).with_name("library-of-moodrec-1.sqlite")
SONGS = 3
_RATE = 16_000
_TIME_NS = 1_700_000_000_000_000_000


def write_music(folder: Path) -> list[Path]:
    """Write the same few files, bit by bit, every time."""
    folder.mkdir(parents=True)
    return [_write(folder / f"{number}.wav", number) for number in range(SONGS)]


def _write(path: Path, number: int) -> Path:
    time = np.arange(4 * _RATE) / _RATE
    beat = np.sign(np.sin(2 * np.pi * (1 + number) * time))
    tone = np.sin(2 * np.pi * 220 * (1 + number) * time)
    soundfile.write(path, np.rint(8000 * tone * (1.5 + beat) / 2.5).astype(np.int16), _RATE, subtype="PCM_16")
    os.utime(path, ns=(_TIME_NS, _TIME_NS))
    return path


def move(database: Path, old: Path, new: Path) -> None:
    """Write another folder into the paths of a library."""
    with closing(sqlite3.connect(database)) as connection:
        pair = os.fsencode(old), os.fsencode(new)
        connection.execute("UPDATE files SET path = CAST(replace(path, ?, ?) AS BLOB)", pair)
        connection.commit()


def main() -> None:
    """Analyse and keep the database."""
    if GOLDEN.exists():
        raise SystemExit(f"{GOLDEN} is there already; it does not change")
    with tempfile.TemporaryDirectory() as folder:
        music, place = Path(folder) / "music", Path(folder) / "library"
        write_music(music)
        with Library.create(place) as library:
            analyze([music], library, MoodModel.load("moodrec-1", device="cpu"), jobs=1)
        move(place / "library.sqlite", music, Path("/music"))
        with closing(sqlite3.connect(place / "library.sqlite")) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("VACUUM INTO ?", (str(GOLDEN),))


if __name__ == "__main__":
    main()
