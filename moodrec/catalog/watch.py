"""A folder is followed: whatever changes in it is analysed once it has been quiet for a moment."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moodrec.audio.formats import AUDIO_SUFFIXES
from moodrec.errors import MissingExtraError, NotFoundError, StoreLockedError

if TYPE_CHECKING:
    from watchfiles import Change

QUIET_S: Final = 2.0
"""Seconds without a change before the changes are looked at: a file may still be being copied."""
# Network folders and full event queues lose changes, so everything is looked at now and then.
_RESCAN_S: Final = 3600.0
_RETRY_S: Final = 10.0


def changes(
    folders: Sequence[Path | str], quiet_s: float = QUIET_S, rescan_s: float = _RESCAN_S
) -> Iterator[None]:
    """Wait for changes to music in some folders: a turn at once, then each time they have settled, and every hour.

    Raises:
        MissingExtraError: the package watchfiles is not installed.
        NotFoundError: a folder is not there.
    """
    # At once, and not when the first turn is asked for, which may be hours later.
    if importlib.util.find_spec("watchfiles") is None:
        raise MissingExtraError("watching folders", "watch")
    for folder in folders:
        if not Path(folder).exists():
            raise NotFoundError(f"{folder}: no such folder or file")
    return _turns(folders, quiet_s, rescan_s)


def _turns(folders: Sequence[Path | str], quiet_s: float, rescan_s: float) -> Iterator[None]:
    from watchfiles import watch

    # What changed before the watching began is looked at too.
    pending, scanned_at = True, time.monotonic()
    for seen in watch(
        *folders, watch_filter=_concerns_music, rust_timeout=round(quiet_s * 1000), yield_on_timeout=True
    ):
        if seen:
            pending = True
        elif pending or time.monotonic() - scanned_at > rescan_s:
            yield
            pending, scanned_at = False, time.monotonic()


def _concerns_music(change: Change, path: str) -> bool:
    """Music, or a folder, which has no suffix as a rule: a whole album may have come, gone or been renamed."""
    place = Path(path)
    return not place.name.startswith(".") and (place.suffix.lower() in AUDIO_SUFFIXES or not place.is_file())


def follow(
    scan: Callable[[], None],
    turns: Iterator[None],
    on_busy: Callable[[StoreLockedError], None],
    retry_s: float = _RETRY_S,
) -> None:
    """Look at the folders at every turn; while another process is writing to the library, wait for it.

    ``on_busy`` is told once a turn.
    """
    for _ in turns:
        told = False
        while not _scanned(scan, on_busy, told):
            told = True
            time.sleep(retry_s)


def _scanned(scan: Callable[[], None], on_busy: Callable[[StoreLockedError], None], told: bool) -> bool:
    try:
        scan()
    except StoreLockedError as error:
        if not told:
            on_busy(error)
        return False
    return True
