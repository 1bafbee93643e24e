"""The demo takes the user's music, else Debian's, else none; then it uses the sample index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from moodrec.demo import debian
from moodrec.errors import NotFoundError


@dataclass(frozen=True)
class DemoMusic:
    """Folders of music to analyse; without any, there is only the sample index."""

    folders: tuple[Path, ...]
    fetched: bool
    """Whether the folders are Debian packages, each with a copyright file."""
    why_none: str = ""
    """Why there are no folders, if so."""


def music_home() -> Path:
    """Give the folder in which fetched music is kept."""
    from platformdirs import user_cache_path

    return user_cache_path("moodrec") / "demo-music"


def choose_music(own: Path | None, note: Callable[[str], None], home: Path | None = None) -> DemoMusic:
    """Choose the user's folder if given; else the music in ``home``, which is fetched first where apt can.

    Args:
        own: the user's folder, or None.
        note: receives a sentence on what is about to happen.
        home: folder of fetched music; by default :func:`music_home`.

    Raises:
        NotFoundError: the user's folder does not exist.
    """
    if own is not None:
        if not own.exists():
            raise NotFoundError(f"{own}: no such folder of music")
        return DemoMusic((own,), fetched=False)
    home = home or music_home()
    if not debian.music_is_here(home):
        if not debian.apt_is_here():
            return DemoMusic((), fetched=False, why_none="this is not a Debian or Ubuntu with apt-get")
        try:
            debian.fetch_music(home, note)
        except debian.FetchError as error:
            return DemoMusic((), fetched=False, why_none=str(error))
    return DemoMusic(tuple(home / package.name for package in debian.PACKAGES), fetched=True)
