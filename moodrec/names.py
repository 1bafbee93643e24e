"""Names: the one rule by which two are held to be the same, and the one by which a track has its name.

Keyboards, file systems and tag editors write one name in several ways: "Björk" with a composed or a decomposed "ö",
"BJÖRK" in capitals, with a space too many. Names are compared by :func:`fold`, wherever they come from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from moodrec.printable import one_line

if TYPE_CHECKING:
    import pandas as pd


def fold(name: str) -> str:
    """The form in which names are compared: no case, composed characters, single spaces and none at the ends.

    This is Unicode's canonical caseless matching (The Unicode Standard, section 3.13, D145), written in NFC. It is
    for comparison only and never shown: case folding turns "Straße" into "strasse".

    Returns:
        The same text for every spelling of a name; "" for a name of white space alone.
    """
    caseless = unicodedata.normalize("NFD", name).casefold()
    return " ".join(unicodedata.normalize("NFC", caseless).split())


def compose(text: str) -> str:
    """Text in Unicode's composed form (NFC), otherwise unchanged.

    Paths are compared in it: macOS hands out decomposed file names, and a path typed by hand is composed.
    """
    return unicodedata.normalize("NFC", text)


UNKNOWN_NAMES: Final = frozenset(
    {
        "unknown",
        "<unknown>",
        "[unknown]",
        "(none)",
        "none",
        "n/a",
        "unknown artist",
        "unknown album",
        "various",
        "various artists",
        "magnatune compilation",
    }
)
"""Folded names, see :func:`fold`, that do not tell who made the music."""


def known_name(text: str | None) -> str | None:
    """Strip a name of surrounding spaces; None where it is empty or says nothing ("Various")."""
    name = (text or "").strip()
    return name if name and fold(name) not in UNKNOWN_NAMES else None


def mood_name(text: str) -> str:
    """Make the name of a mood out of any text: "Gym ready" becomes ``gym_ready``; "" where nothing of it is left."""
    return "_".join(re.findall(r"[a-z0-9]+", fold(text)))


def track_name(title: object, path: object) -> str:
    """Choose what to call a track: its title, else the name of its file without the suffix; on one line.

    Args:
        title: as a table has it; what is no text is none.
        path: of its file, likewise.

    Returns:
        "" where it has neither.
    """
    called, file = (value if isinstance(value, str) else "" for value in (title, path))
    return one_line(called.strip() or PurePath(file).stem.strip())


def name_of(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Choose what to call a track of a table: by :func:`track_name`, else its id; on one line.

    Args:
        row: the track's values by column, of which ``title``, ``path`` and ``track_id`` are read.

    Returns:
        "" where it has none of the three.
    """
    title, path, track_id = (row.get(column) for column in ("title", "path", "track_id"))
    return track_name(title, path) or one_line(track_id if isinstance(track_id, str) else "")
