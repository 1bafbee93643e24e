"""A library's files may be a stranger's: SQLite reads and writes its own files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moodrec.errors import CorruptStoreError
from moodrec.files.kinds import refuse_link
from moodrec.library.checks import REMEDY

_JOURNAL_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")
"""What ends a rollback journal that names a file which several databases share."""


def require_own_files(path: Path) -> None:
    """Refuse what SQLite would follow or delete in the places of a database and of its log and journals.

    Args:
        path: the database, which need not exist.

    Raises:
        CorruptStoreError: there is a link, a pipe, a device, a folder, or a journal that names another file.
    """
    for name in (path.name, *(f"{path.name}-{kind}" for kind in ("wal", "shm", "journal"))):
        place = path.with_name(name)
        refuse_link(place)
        if place.exists() and not place.is_file():
            raise CorruptStoreError(f"{place}: is no regular file; {REMEDY}")
    _require_own_journal(path.with_name(f"{path.name}-journal"))


def _require_own_journal(journal: Path) -> None:
    """Refuse a journal that names another file, which SQLite would delete; moodrec's transactions have one file."""
    if journal.exists():
        with journal.open("rb") as file:
            file.seek(max(0, journal.stat().st_size - len(_JOURNAL_MAGIC)))
            if file.read() == _JOURNAL_MAGIC:
                raise CorruptStoreError(f"{journal}: names another file; remove it")
