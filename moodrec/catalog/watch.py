"""A folder is watched: changes in it are analysed once there has been no further change for a moment."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moodrec.audio.cue import SUFFIX as CUE
from moodrec.audio.formats import AUDIO_SUFFIXES
from moodrec.errors import MissingExtraError, NotFoundError, StoreLockedError

if TYPE_CHECKING:
    from watchfiles import Change

_SUFFIXES: Final = AUDIO_SUFFIXES | {CUE}
QUIET_S: Final = 2.0
"""Seconds without a change before changes are analysed: a file may still be being copied."""
# Network folders and full event queues lose changes, so everything is scanned again from time to time.
_RESCAN_S: Final = 3600.0
_RETRY_S: Final = 10.0


def changes(
    folders: Sequence[Path | str], quiet_s: float = QUIET_S, rescan_s: float = _RESCAN_S
) -> Iterator[None]:
    """Wait for changes to music in some folders: yield at once, then each time changes have settled, and every
    hour.

    Args:
        folders: folders or files of music.
        quiet_s: seconds without a change after which changes count as settled.
        rescan_s: greatest time between two yields, in seconds.

    Raises:
        MissingExtraError: the package watchfiles is not installed.
        NotFoundError: a folder is not there.
    """
    # Checked here and not in the generator, whose first step may come hours later.
    if importlib.util.find_spec("watchfiles") is None:
        raise MissingExtraError("watching folders", "watch")
    for folder in folders:
        if not Path(folder).exists():
            raise NotFoundError(f"{folder}: no such folder or file")
    return _turns(folders, quiet_s, rescan_s)


def _turns(folders: Sequence[Path | str], quiet_s: float, rescan_s: float) -> Iterator[None]:
    from watchfiles import watch

    # Changes from before the watching began are reported too.
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
    """Say whether a path is music or a folder, which usually has no suffix: an album may have come, gone or been
    renamed.
    """
    place = Path(path)
    return not place.name.startswith(".") and (place.suffix.lower() in _SUFFIXES or not place.is_file())


def follow(
    scan: Callable[[], None],
    turns: Iterator[None],
    on_busy: Callable[[StoreLockedError], None],
    retry_s: float = _RETRY_S,
) -> None:
    """Scan the folders at every turn; while another process is writing to the library, wait for it.

    Args:
        scan: scans the folders and analyses what changed.
        turns: yields whenever a scan is due.
        on_busy: called once per turn if another process is writing.
        retry_s: seconds between two attempts.
    """
    for _ in turns:
        reported = False
        while not _scanned(scan, on_busy, reported):
            reported = True
            time.sleep(retry_s)


def _scanned(scan: Callable[[], None], on_busy: Callable[[StoreLockedError], None], reported: bool) -> bool:
    try:
        scan()
    except StoreLockedError as error:
        if not reported:
            on_busy(error)
        return False
    return True
