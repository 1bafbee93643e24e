"""Analyses that a server runs, one after the other: started, followed and stopped."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from moodrec.arguments import brief
from moodrec.errors import MoodrecError, NotFoundError, UsageError
from moodrec.printable import shown_only
from moodrec.serve.events import Event
from moodrec.serve.problems import ProblemError, log, printable
from moodrec.serve.process import WorkerProcess, Workers
from moodrec.serve.state import ServerState

_KEPT: Final = 50
_SAID_EVERY_S: Final = 0.2
"""Progress is published at most so often."""


@dataclass(frozen=True)
class Job:
    """An analysis, as it stands."""

    id: str
    state: str
    """``running``, ``stopping``, ``done``, ``stopped`` or ``failed``."""
    folders: tuple[str, ...]
    done: int = 0
    total: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """Files by outcome."""
    last: str | None = None
    """The name of the file that was done last."""
    message: str | None = None
    started: float = 0.0
    """Seconds since 1970."""
    ended: float | None = None

    @property
    def active(self) -> bool:
        """Whether it is at work."""
        return self.ended is None


class Jobs:
    """The jobs of a server, of which one works at a time."""

    def __init__(self, server: ServerState, workers: Workers) -> None:
        """Start without any jobs.

        Args:
            server: whose library is analysed into.
            workers: lends the processes.
        """
        self._server, self._workers = server, workers
        self._jobs: dict[str, Job] = {}
        self._process: WorkerProcess | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def list(self) -> list[Job]:
        """Return all jobs, the latest first."""
        return list(self._jobs.values())[::-1]

    def get(self, job_id: str) -> Job:
        """Return a job by its id.

        Raises:
            NotFoundError: there is none by that id.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFoundError(f"no job has the id {brief(job_id)}")
        return job

    def start(self, folders: Sequence[str], retry_failed: bool) -> Job:
        """Start an analysis of folders.

        Args:
            folders: inside the server's folders of music; none takes all of those.
            retry_failed: whether to try files again that failed earlier.

        Raises:
            UsageError: a folder is outside, or the server has no folders of music.
            ProblemError: another analysis is at work.
        """
        places = self._allowed(folders)
        with self._lock:
            if any(job.active for job in self._jobs.values()):
                raise ProblemError(
                    409, "JobRunning", "an analysis is running; stop it, or wait until it is done"
                )
            job = Job(secrets.token_hex(8), "running", tuple(map(str, places)), started=time.time())
            self._jobs[job.id] = job
            while len(self._jobs) > _KEPT:
                self._jobs.pop(next(iter(self._jobs)))
            self._process = self._workers.borrow()
        request = {
            "library": str(self._server.settings.folder),
            "model": None if self._server.settings.model is None else str(self._server.settings.model),
            "folders": [str(place) for place in places],
            "retry_failed": retry_failed,
        }
        self._thread = threading.Thread(
            target=self._follow, args=(job.id, self._process, request), name="moodrec-job", daemon=True
        )
        self._thread.start()
        return job

    def stop(self, job_id: str) -> Job:
        """Stop a job; what it has done is kept. A job that has ended stays as it is.

        Raises:
            NotFoundError: there is none by that id.
        """
        job = self.get(job_id)
        with self._lock:
            if job.active and self._process is not None:
                self._process.interrupt()
                self._set(job_id, state="stopping")
        return self.get(job_id)

    def close(self) -> None:
        """Stop what is at work, and wait until it has ended."""
        for job in self.list():
            if job.active:
                self.stop(job.id)
        if self._thread is not None:
            self._thread.join(15)
        if self._process is not None and self._process.running:
            self._process.kill()

    def _allowed(self, folders: Sequence[str]) -> Sequence[Path]:
        roots = self._server.settings.music
        if not roots:
            raise UsageError(
                "this server has no folders of music; start it with --music FOLDER to analyse them"
            )
        if not self._server.is_library and self._server.ready:
            raise UsageError("an index without a library is served, so nothing can be analysed into it")
        return [_inside(folder, roots) for folder in folders] or list(roots)

    def _follow(self, job_id: str, process: WorkerProcess, request: dict[str, Any]) -> None:
        process.ask(request)
        state, message, said = "failed", "the analysis ended unexpectedly; what was done is kept", 0.0
        for answer in process.answers():
            if "done" in answer:
                self._set(job_id, **answer)
                now = time.monotonic()
                if now - said >= _SAID_EVERY_S or answer["done"] == answer["total"]:
                    self._publish(job_id)
                    said = now
                continue
            if "end" in answer:
                state, message = "done", ""
            elif "stopped" in answer:
                state, message = "stopped", "stopped; what was done is kept"
            else:
                message = printable(answer["message"])
            break
        if state == "done":
            self._workers.give_back(process)
        else:
            process.end()  # an interruption may have come while it imported something
        if state == "failed" and self.get(job_id).state == "stopping":
            state, message = "stopped", "stopped; what was done is kept"
        try:
            self._server.refresh()
        except (MoodrecError, OSError) as error:
            log.warning("the index cannot be opened after the analysis: %s", shown_only(str(error)))
        self._set(job_id, state=state, message=message or None, ended=time.time())
        self._publish(job_id)

    def _set(self, job_id: str, **changes: Any) -> None:
        if job_id in self._jobs:
            self._jobs[job_id] = replace(self._jobs[job_id], **changes)

    def _publish(self, job_id: str) -> None:
        if job_id in self._jobs:
            self._server.hub.publish(Event("job", asdict(self._jobs[job_id])))


def _inside(folder: str, roots: Sequence[Path]) -> Path:
    """Return the real path of a folder that lies in one of the roots; relative ones are of the first root.

    Args:
        folder: as it was typed.
        roots: real paths.

    Raises:
        UsageError: it lies outside, or there is no such folder. Both read the same, so that nobody learns what
            there is outside.
    """
    fault = UsageError(f"{printable(folder)}: is no folder inside the server's folders of music")
    if "\0" in folder:
        raise fault
    place = Path(os.path.realpath(roots[0] / folder))
    # Path.is_dir raises an error where a name is too long.
    if not any(place.is_relative_to(root) for root in roots) or not os.path.isdir(place):  # noqa: PTH112
        raise fault
    return place
