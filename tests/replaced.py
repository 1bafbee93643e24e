"""Ways in which another folder comes to stand in the place of one that is open."""

from __future__ import annotations

import shutil
from pathlib import Path


def renamed(folder: Path, other: Path) -> None:
    folder.rename(folder.with_name("before"))
    other.rename(folder)


def removed(folder: Path, other: Path) -> None:
    shutil.rmtree(folder)
    other.rename(folder)
