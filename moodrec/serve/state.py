"""What the requests of one server share: the current version of the index, jobs, events and settings."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from moodrec.engines.base import EngineIndex
from moodrec.errors import MoodrecError, NotFoundError
from moodrec.library.library import Library
from moodrec.library.place import holds_library
from moodrec.printable import shown_only
from moodrec.recommend.recommender import Recommender
from moodrec.serve.events import Event, Hub
from moodrec.serve.problems import ProblemError, engine_problem, log
from moodrec.serve.settings import ServeSettings
from moodrec.serve.view import View


class ServerState:
    """The library, index or engine's catalogue that is served; it goes over to each new version by itself."""

    def __init__(self, settings: ServeSettings) -> None:
        """Open what is served; a library without an index yet is opened as soon as there is one.

        Args:
            settings: of the server.

        Raises:
            NotFoundError: there is neither a library nor an index, and no folder of music to make one from.
            CorruptStoreError: it is damaged.
            EngineError, MissingExtraError: the engine cannot be used.
        """
        self.settings = settings
        self.hub = Hub()
        self.started = time.time()
        self.swaps = 0
        self._recommender: Recommender | None = None
        self._engine: EngineIndex | None = None
        self._view: View | None = None
        self._before: View | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._files: tuple[object, dict[str, Path]] | None = None
        if not self._open() and not self.is_library and not settings.music:
            Recommender.open(settings.folder)  # raises, and says what to do
        self._watcher = threading.Thread(target=self._watch, name="moodrec-refresh", daemon=True)
        self._watcher.start()

    @property
    def is_library(self) -> bool:
        """Whether a library is served, rather than an index alone."""
        library = self.settings.library
        return library is not None and holds_library(library)

    @property
    def ready(self) -> bool:
        """Whether there is an index to answer from."""
        return self._view is not None

    def view(self) -> View:
        """Return the current version.

        Raises:
            ProblemError: there is no index yet.
        """
        view = self._view
        if view is None and self.settings.engine is not None:
            raise engine_problem()
        if view is None:
            raise ProblemError(
                503,
                "NoIndex",
                f"{self.settings.served}: has no index yet; analyse a folder of music first",
                {"Retry-After": "5"},
            )
        return view

    def view_named(self, name: str) -> View | None:
        """Return the current version or the one before it, by its name; None for older ones."""
        return next((view for view in (self._view, self._before) if view and view.name == name), None)

    def refresh(self) -> bool:
        """Go over to the newest saved version now, and say whether there was one."""
        with self._lock:
            if self._recommender is None:
                return self._open()
            notes = self._recommender.notes
            moved = self._recommender.refresh()
            # A refresh that failed may have gone over already.
            other = self._view is None or self._view.index is not self._recommender.index.snapshot()
            if moved or other or self._recommender.notes != notes:
                self._publish(self._recommender)
            return moved

    def close(self) -> None:
        """End the thread that checks for newer versions."""
        self._ended.set()
        self._watcher.join(5)
        if self._engine is not None:
            self._engine.close()

    def files(self) -> dict[str, Path]:
        """Return the file of each track of the library; empty where an index alone is served.

        The tracks of a CUE sheet share one.
        """
        if not self.is_library:
            return {}
        with Library.open(self.settings.folder) as library:
            # A library of an older moodrec that was put in the place of another may have its revision.
            state = (library.revision, library.identity)
            known = self._files
            if known is None or known[0] != state:
                there = (record for record in library.files().values() if not record.missing)
                known = (state, {one.track_id: one.state.audio for one in there if one.track_id})
                self._files = known
        return known[1]

    def _open(self) -> bool:
        if self.settings.engine is not None:
            self._engine = self.settings.engine.open()
            self._recommender = Recommender(self._engine, model=self.settings.model)
            self._publish(self._recommender)
            if self.swaps > 1:
                log.warning("the engine of the catalogue is back")
            return True
        try:
            recommender = Recommender.open(self.settings.folder, self.settings.model)
        except NotFoundError:
            return False
        self._recommender = recommender
        self._publish(recommender)
        return True

    def _publish(self, recommender: Recommender) -> None:
        pinned = recommender.snapshot()
        most = None if self.settings.engine is None else self.settings.limits.whole
        view = View(pinned, pinned.index.saved_as or f"{os.getpid():x}-{self.swaps}", most)
        self._before, self._view, self._files = self._view, view, None
        self.swaps += 1
        self.hub.publish(Event("version", {"version": view.name, "tracks": len(view.index)}))

    def _lose_engine(self, error: MoodrecError) -> None:
        """Answer that there is no index until the engine can be opened anew, which each further check tries."""
        with self._lock:
            lost, self._engine, self._recommender = self._engine, None, None
            self._view = self._before = None
        if lost is not None:
            log.warning(
                "the engine of the catalogue is lost, and tried until it is back: %s", shown_only(str(error))
            )
            lost.close()

    def _watch(self) -> None:
        told = ""
        while not self._ended.wait(self.settings.refresh_s):
            fault = self._fault_of_refresh()
            if fault and fault != told:  # a drive that is not there would be told every other second
                log.warning(fault)
            told = fault

    def _fault_of_refresh(self) -> str:
        try:
            self.refresh()
        except MoodrecError as error:
            if self.settings.engine is not None:
                self._lose_engine(error)
                return ""
            return f"the index stays at its version: {error}"
        except OSError as error:
            return f"the index cannot be checked for a newer version: {error}"
        return ""
