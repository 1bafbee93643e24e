"""The current snapshot of an index, and how the next one takes its place while searches go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import RLock, Thread
from typing import Final

from moodrec.errors import UsageError
from moodrec.index.snapshot import Snapshot

_AT_ONCE: Final = 10_000
"""Up to this many rows, the writer merges and builds anew itself; of more, a thread of its own does."""
_LONGEST_TAIL: Final = 4
"""Where the tail has reached this many times its share, the writer merges it itself, whatever the thread does."""


class Versions:
    """The snapshots of one index, of which one is current.

    Reading :attr:`current` takes no lock, and what it gives never changes. Writers wait for one another; each
    prepares the next snapshot aside and publishes it by one assignment. If it fails, the current snapshot stays.
    """

    def __init__(self, snapshot: Snapshot, read_only: bool = False) -> None:
        """Begin with a snapshot.

        Args:
            snapshot: the first one.
            read_only: whether it is to be the only one.
        """
        self.current = snapshot
        self._read_only = read_only
        self._lock = RLock()
        self._upkeep: Thread | None = None

    def change(self, make_next: Callable[[Snapshot], Snapshot]) -> None:
        """Publish what ``make_next`` makes of the current snapshot.

        Raises:
            UsageError: only one snapshot is allowed here.
            CorruptStoreError: the files that the index was opened from are damaged.
        """
        with self._lock:
            self.current = make_next(self._checked())
            self._keep_up()

    def settle(self, make_next: Callable[[Snapshot], Snapshot] = Snapshot.merged) -> Snapshot:
        """Publish the current snapshot with its tail merged, or what ``make_next`` makes of it, and return it.

        Raises:
            CorruptStoreError: the files that the index was opened from are damaged.
        """
        with self._lock:
            self.current = make_next(self._checked())
            return self.current

    def move_to(self, expected: Snapshot, snapshot: Snapshot) -> bool:
        """Publish a snapshot if ``expected`` is still the current one; return whether it was.

        Raises:
            UsageError: only one snapshot is allowed here.
        """
        self._require_writable()
        with self._lock:
            if self.current is not expected:
                return False
            self.current = snapshot
            return True

    def _checked(self) -> Snapshot:
        """Return the current snapshot when the files that it rests on have been verified."""
        self._require_writable()
        snapshot = self.current
        if snapshot.check is None:
            return snapshot
        snapshot.check.wait()
        return replace(snapshot, check=None)

    def _require_writable(self) -> None:
        if self._read_only:
            raise UsageError(
                "this index is a snapshot, which never changes: change the index it was taken from"
            )

    def _keep_up(self) -> None:
        """Merge or build anew where that is due: at once if it is quick, else aside."""
        now = self.current
        if not (now.tail_is_long or now.is_worn):
            return
        n_tail = 0 if now.catalogue.tail is None else len(now.catalogue.tail)
        if len(now.catalogue) <= _AT_ONCE or n_tail > _LONGEST_TAIL * now.most_in_tail:
            self.current = now.merged()
        elif self._upkeep is None or not self._upkeep.is_alive():
            self._upkeep = Thread(target=self._merge_aside, name="moodrec-merge")
            self._upkeep.start()

    def _merge_aside(self) -> None:
        """Prepare a merged snapshot from the current one, then carry over to it what was changed meanwhile."""
        before = self.current
        while before.tail_is_long or before.is_worn:
            prepared = before.merged()
            with self._lock:
                now = self.current
                if now is before:
                    self.current = prepared
                elif now.catalogue.base.segment is before.catalogue.base.segment:
                    self.current = now.carried_over(before, prepared)
                before = self.current
