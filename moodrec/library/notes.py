"""Two small files beside a library's database: how far the latest run is, and where its models are.

Neither holds anything that an analysis needs to go on: a file that is missing or damaged counts as empty.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from moodrec.errors import MoodrecError
from moodrec.files.kinds import read_regular
from moodrec.files.replacing import write_atomically

RUN_FILE: Final = "analysis.json"
MODELS_FILE: Final = "models.json"
PACKAGED: Final = "packaged"
"""Stands for the folder of the model that comes with moodrec, which may be another after an upgrade."""
_MOST: Final = 1 << 20
"""Bytes of a note that are read, at most."""
_LATEST: Final = 1e15
"""Seconds since 1970 that no clock shows."""
_SILENT_S: Final = 600.0
"""Seconds without a sign of life after which a run on another machine counts as dead."""


@dataclass(frozen=True)
class RunState:
    """How far the latest run of a library is."""

    total: int
    """Number of files that the run set out to analyse."""
    done: int = 0
    """Number of those that have an outcome."""
    postponed: int = 0
    """Number of files that the run left to a later one, because of its limit."""
    seconds_left: float | None = None
    """Estimated time to the end of the run; None where it is unknown."""
    ended: bool = False
    """Whether the run has come to its end, or was stopped in a way that it could note."""
    process: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
    noted_at: float = field(default_factory=time.time)
    """When this was written, in seconds since 1970."""

    @property
    def remaining(self) -> int:
        """The number of files that were found and have no outcome yet."""
        return self.total - self.done + self.postponed

    @property
    def running(self) -> bool:
        """Whether the process of the run is alive and at work on it."""
        if self.ended:
            return False
        if self.host == socket.gethostname() and sys.platform != "win32":
            return _alive(self.process)
        return (
            abs(time.time() - self.noted_at) < _SILENT_S
        )  # clocks of two machines differ, and one may go back


def note_run(library: Path, state: RunState) -> None:
    """Write how far a run is; a disk that cannot be written to is passed over, since the run itself will say so.

    Args:
        library: the library's folder.
        state: what is known now.
    """
    fresh = replace(state, noted_at=time.time())
    with suppress(OSError, MoodrecError):
        write_atomically(library / RUN_FILE, json.dumps(asdict(fresh)).encode())


def latest_run(library: Path) -> RunState | None:
    """Read how far the latest run of a library is; None if none was noted."""
    document = _read(library / RUN_FILE)
    try:
        state = RunState(**document) if document else None
    except TypeError:  # written by another moodrec
        return None
    return state if state is not None and _is_sound(state) else None


def _is_sound(state: RunState) -> bool:
    """Whether the values of a note, which anybody may have written, are of their types."""
    counts = (state.total, state.done, state.postponed, state.process)
    times = [state.noted_at, *([] if state.seconds_left is None else [state.seconds_left])]
    return (
        all(type(one) is int and 0 <= one < 1 << 31 for one in counts)
        and all(isinstance(one, int | float) and abs(one) < _LATEST for one in times)
        and isinstance(state.ended, bool)
        and isinstance(state.host, str)
        and state.process > 0
    )


def note_model(library: Path, fingerprint: str, place: Path | None) -> None:
    """Write where a model was loaded from, so that it is used again when no other is named.

    Args:
        library: the library's folder.
        fingerprint: the model's identity.
        place: its folder; None for the model that comes with moodrec.
    """
    known = dict(_read(library / MODELS_FILE))
    named = PACKAGED if place is None else str(place.absolute())
    if known.get(fingerprint) == named:
        return
    with suppress(OSError, MoodrecError):
        write_atomically(library / MODELS_FILE, json.dumps(known | {fingerprint: named}, indent=1).encode())


def model_places(library: Path) -> dict[str, str]:
    """Read the folder of each model by its fingerprint, or :data:`PACKAGED`."""
    return {str(name): str(place) for name, place in _read(library / MODELS_FILE).items()}


def _read(path: Path) -> Mapping[str, Any]:
    if path.is_symlink():
        return {}
    try:
        document = json.loads(read_regular(path, _MOST))
    except (OSError, ValueError, RecursionError, MoodrecError):
        return {}
    return document if isinstance(document, dict) else {}


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True
