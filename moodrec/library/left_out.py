"""What lies among music and is none: a scan leaves it out and counts it.

Network storage and desktops keep thumbnails, snapshots and deleted files beside the music; users mark folders, and
name patterns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from moodrec.library.globs import Glob, matches, parse_globs

MARKS: Final = (".ndignore", ".nomedia", ".notmusic")
"""Files that leave out the folder they lie in, with all below; a ``.ndignore`` with patterns in it leaves out what
they match."""
_PATTERNS: Final = MARKS[0]
_MOST_BYTES: Final = 1 << 20

_SYSTEM: Final = frozenset(
    {
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "@sharesnap",
        "@tmp",
        "@__thumb",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "lost+found",
        "system volume information",
        "network trash folder",
        "temporary items",
        "__macosx",
    }
)
# Words that an album may be called too, in other letters.
_SYSTEM_EXACTLY: Final = frozenset({"RECYCLER", "RECYCLED"})


class Why(StrEnum):
    """Why something was left out of a scan."""

    HIDDEN = "hidden"
    """Its name begins with a dot."""
    SYSTEM = "system"
    """It is a folder of the system or of network storage: thumbnails, snapshots, deleted files."""
    MARKED = "marked"
    """A file in the folder, or above it, says so: see :data:`MARKS`."""
    EXCLUDED = "excluded"
    """A pattern of the user's matches it."""
    UNSUPPORTED = "unsupported"
    """It is music in a format that moodrec does not decode."""


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that a scan did not take."""

    path: Path
    why: Why


@dataclass(frozen=True)
class Rules:
    """What is left out in one folder; each folder that has patterns of its own adds to those above."""

    scopes: tuple[tuple[str, str, tuple[Glob, ...], Why], ...]
    """For each set of patterns: the folder that they are relative to, the path by which the user knows it, and why
    what they match is left out."""

    @classmethod
    def of(cls, root: str, called: str, patterns: Iterable[str]) -> Rules:
        """Make the rules of a folder that is scanned.

        Args:
            root: the folder, by its canonical path.
            called: its path as the user gave it, which may lead over links.
            patterns: what the user leaves out.
        """
        globs = parse_globs(map(os.path.expanduser, patterns))
        return cls(((root, called, globs, Why.EXCLUDED),) if globs else ())

    def why_not(self, path: str, is_folder: bool) -> Why | None:
        """Say why a file or folder is left out; None for one that is not.

        Args:
            path: its absolute path.
            is_folder: whether it is a folder.
        """
        name = os.path.basename(path)  # noqa: PTH119  (names need not be UTF-8, and this is called for every file)
        if name.startswith("."):
            return Why.HIDDEN
        if is_folder and (name.lower() in _SYSTEM or name in _SYSTEM_EXACTLY):
            return Why.SYSTEM
        for root, called, globs, why in self.scopes:
            inside = path.removeprefix(root).lstrip(os.sep)
            known_as = os.path.join(called, inside)  # noqa: PTH118
            spelt = [text.replace(os.sep, "/") for text in (inside, path, known_as)]
            if matches(globs, spelt, is_folder):
                return why
        return None

    def inside(self, folder: str, names: Sequence[str]) -> Rules | None:
        """Make the rules that hold in a folder; None where the whole folder is left out.

        Args:
            folder: its path.
            names: the names in it.
        """
        if not any(mark in names for mark in MARKS):
            return self
        globs = _patterns_of(folder) if _PATTERNS in names else ()
        if any(mark in names for mark in MARKS[1:]) or not globs:
            return None
        return Rules((*self.scopes, (folder, folder, globs, Why.MARKED)))


def _patterns_of(folder: str) -> tuple[Glob, ...]:
    """Read the patterns of a folder's ``.ndignore``; none where it is empty or cannot be read."""
    if not Path(folder, _PATTERNS).is_file():  # reading a pipe would wait for its other end
        return ()
    try:
        with Path(folder, _PATTERNS).open("rb") as file:
            text = file.read(_MOST_BYTES)
    except OSError:
        return ()
    return parse_globs(text.decode("utf-8-sig", "replace").splitlines())
