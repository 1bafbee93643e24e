"""Everything that moodrec writes, once each, in a process whose disk may fail; prints what became of it as JSON.

    python -m tests.catalog.faulty_writes FOLDER

The folder holds ``library`` (of an older format), ``new`` (of today's), ``model``, ``song.flac``, and older outputs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from moodrec.audio.mood_tags import write_mood_tags
from moodrec.catalog.export import export_library
from moodrec.catalog.refresh import refresh_index
from moodrec.errors import MoodrecError
from moodrec.library.library import Library
from moodrec.model.checkpoint import save_model
from moodrec.recommend.playlists.files import write_playlist
from tests.small_model import small_network, small_spec


def main(folder: Path) -> None:
    """Try each write, and print the errors."""
    with Library.open(folder / "new") as library:
        frame = library.frame()

        def back_up() -> None:
            library.back_up(folder / "backup.sqlite")

        writes: dict[str, Callable[[], object]] = {
            "model": lambda: save_model(folder / "model", small_network(2), small_spec(), graph=False),
            "tags": lambda: write_mood_tags(folder / "song.flac", {"MOOD": ["calm"]}),
            "backup": back_up,
            "migration": lambda: Library.open_or_create(folder / "library").close(),
            "table": lambda: export_library(library, folder / "out.parquet"),
            "values": lambda: export_library(library, folder / "out.csv"),
            "playlist": lambda: write_playlist(frame, folder / "list.m3u8"),
            "other playlist": lambda: write_playlist(frame, folder / "list.xspf"),
            "index": lambda: refresh_index(library, "flat"),
        }
        print(json.dumps({name: attempted(write) for name, write in writes.items()}))


def attempted(write: Callable[[], object]) -> str:
    """What a write raised; "" if nothing."""
    try:
        write()
    except (MoodrecError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
