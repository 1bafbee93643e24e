"""The sample index that comes with moodrec has real tracks' vectors, moods and names, without their audio."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moodrec.errors import NotFoundError

_PACKAGE: Final = Path(__file__).parent.parent
PLACES: Final = (_PACKAGE / "index" / "sample", _PACKAGE.parent / "indexes" / "open-game-music")
"""Where the index may be: inside the package, or beside it in a clone of the repository."""


def find_sample_index() -> Path:
    """Find the folder of the sample index.

    Raises:
        NotFoundError: this installation has none.
    """
    for place in PLACES:
        if (place / "CURRENT").is_file():
            return place
    raise NotFoundError("no sample index in this installation; give music: moodrec demo --music FOLDER")
