"""Audio that clients send to be analysed, one file after the other."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from moodrec import errors
from moodrec.errors import AudioError, MoodrecError
from moodrec.serve.problems import ProblemError
from moodrec.serve.process import Workers


class Uploads:
    """Analyses uploads one after the other."""

    def __init__(self, workers: Workers, library: Path | None, model: Path | None, timeout_s: float) -> None:
        """Remember how to analyse.

        Args:
            workers: lends the process.
            library: whose model analyses; an index alone has none, and takes the one that comes with moodrec.
            model: the model; None takes that of the library.
            timeout_s: seconds that an analysis may take.
        """
        self._workers, self._library, self._timeout_s = workers, library, timeout_s
        self._model = None if model is None else str(model)
        self._lock = threading.Lock()

    def analyse(self, path: Path) -> dict[str, Any]:
        """Analyse a file, and return what the worker says of it.

        Raises:
            AudioError: it cannot be decoded, or is silent.
            ProblemError: another upload takes too long, or this one did.
        """
        if not self._lock.acquire(timeout=self._timeout_s):
            raise ProblemError(503, "Busy", "other uploads are being analysed; try again in a moment")
        try:
            answer = self._ask(path)
        finally:
            self._lock.release()
        if "error" in answer:
            raise _error(answer["error"], answer["message"])
        return answer

    def _ask(self, path: Path) -> dict[str, Any]:
        process = self._workers.borrow()
        late = threading.Timer(self._timeout_s, process.kill)
        late.start()
        try:
            process.ask({"file": str(path), "library": str(self._library), "model": self._model})
            answer = next(process.answers(), None)
        finally:
            late.cancel()
        if answer is None:
            process.kill()
            raise AudioError("the analysis of this file ended unexpectedly or took too long", "crashed")
        self._workers.give_back(process)
        return answer


def _error(kind: str, message: str) -> MoodrecError:
    known = getattr(errors, kind, MoodrecError)
    if isinstance(known, type) and issubclass(known, MoodrecError):
        return known(message)
    return MoodrecError(message)


def upload_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for one upload, which only this user may read."""
    return tempfile.TemporaryDirectory(prefix="moodrec-upload-")
