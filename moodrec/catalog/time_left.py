"""The time that an analysis will still take is estimated anew with every file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from moodrec.catalog.plan import AnalysisPlan
    from moodrec.library.records import FileState

_TRUSTED: Final = 20
"""Number of files after which the run's own pace counts for all, and the estimate of before it for nothing."""
_A_FILE: Final = 1_000_000
"""What every file costs whatever its size, in bytes that take as long: it is opened, and analysed in windows."""


class TimeLeft:
    """Estimates the seconds to the end of a run from its pace so far, by the sizes of the files."""

    def __init__(self, plan: AnalysisPlan) -> None:
        """Begin with the estimate of the plan; the clock starts now."""
        self._expected_s = plan.estimated_seconds
        self._work = sum(map(_work_of, plan.files))
        self._done = 0
        self._files = 0
        self._started = time.monotonic()

    def after(self, file: FileState) -> float:
        """Count a file that is done, and return the estimated seconds that are left."""
        self._done += _work_of(file)
        self._files += 1
        left = max(0, self._work - self._done) / max(self._work, 1)
        elapsed = time.monotonic() - self._started
        by_pace = elapsed * left / max(1 - left, 1e-9)
        trust = min(1.0, self._files / _TRUSTED)
        return trust * by_pace + (1 - trust) * self._expected_s * left


def _work_of(file: FileState) -> int:
    return _A_FILE + file.size
