"""The sequence of an index's snapshots, of which one is current, and how the next one takes its place.

A search reads the current snapshot once and works on it to its end. A writer makes the next snapshot beside it and
publishes it by one assignment, which Python makes atomic, so no search ever sees half a change or waits for one.
Merging a large index takes long, so a thread of its own prepares the merged snapshot aside and carries over to it
what was changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock, RLock, Thread
from typing import Final

from moodrec.errors import UsageError
from moodrec.index.snapshot import Snapshot

_AT_ONCE: Final = 10_000
"""Up to this many rows, the writer itself merges and builds anew, which is quick; beyond, a thread of its own
does.
"""
_LONGEST_TAIL: Final = 4
"""A tail this many times longer than it may be is merged by the writer, so that additions cannot outrun the
thread.
"""


class Versions:
    """The snapshots of one index, of which one is current.

    Reading :attr:`current` takes no lock, and the snapshot that it returns never changes. Writers wait for one
    another. If a change fails, the current snapshot stays.
    """

    def __init__(self, snapshot: Snapshot, read_only: bool = False) -> None:
        """Begin the sequence with a snapshot.

        Args:
            snapshot: the first one.
            read_only: whether it stays the only one; changes are then refused.
        """
        self.current = snapshot
        self._read_only = read_only
        self._lock = RLock()
        self.merging: Final = Lock()
        """Held by whoever merges aside, the thread or a save: neither makes in vain what the other makes."""
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

    def settle(self, make_next: Callable[[Snapshot], Snapshot]) -> None:
        """Publish what ``make_next`` makes of the current snapshot.

        Unlike :meth:`change`, it starts no merge afterwards: it is for compacting, which merges itself.

        Raises:
            CorruptStoreError: the files that the index was opened from are damaged.
        """
        with self._lock:
            self.current = make_next(self._checked())

    def to_save(self) -> Snapshot:
        """Return the current snapshot for a save, merged first where that is quick or it is to be built anew.

        The save holds :attr:`merging`. The tail of a large index stays as it is: it is merged while it is written
        (:func:`moodrec.index.storage.format.saver`), which takes a small part of the memory.

        Raises:
            CorruptStoreError: the files that the index was opened from are damaged.
        """
        with self._lock:
            now = self._checked()
            self.current = now.merged() if len(now.catalogue) <= _AT_ONCE or now.is_worn else now
            return self.current

    def go_over(self, before: Snapshot, prepared: Snapshot) -> None:
        """Publish a snapshot that was prepared aside, with what was changed meanwhile carried over to it.

        Where the base was replaced meanwhile, as by compacting, what was prepared is worthless and nothing happens.

        Args:
            before: the snapshot that the preparation began from.
            prepared: its rows over another base.
        """
        with self._lock:
            now = self.current
            if now is before:
                self.current = prepared
            elif now.catalogue.base.segment is before.catalogue.base.segment:
                self.current = now.carried_over(before, prepared)

    def move_to(self, expected: Snapshot, snapshot: Snapshot) -> bool:
        """Publish a snapshot that was made from another source, unless the index has changed meanwhile.

        Args:
            expected: the snapshot that must still be the current one.
            snapshot: the one to publish.

        Returns:
            Whether ``expected`` was the current snapshot, so that the other one is now.

        Raises:
            UsageError: the sequence is read-only.
        """
        self._require_writable()
        with self._lock:
            if self.current is not expected:
                return False
            self.current = snapshot
            return True

    def _checked(self) -> Snapshot:
        """Wait until the files of the current snapshot have been verified, and return the snapshot."""
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
        """Merge or build anew where that is due: at once if it is quick, else in a thread."""
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
        while True:
            with self.merging:
                before = self.current
                if not (before.tail_is_long or before.is_worn):
                    return
                self.go_over(before, before.merged())
