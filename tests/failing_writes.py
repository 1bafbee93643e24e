"""Every write on a disk whose calls fail, in a process that has ``failing_disk.c`` loaded; prints what came of each.

python -m tests.failing_writes FOLDER CALL ERROR
"""

from __future__ import annotations

import ctypes
import errno
import json
import sys
from pathlib import Path

import pytest

from moodrec.errors import MoodrecError
from tests.writers import WRITERS, Write, content


def main(folder: Path, call: str, error: str) -> None:
    """Try each write while the call fails, and once more after that."""
    shim = ctypes.CDLL(None)
    shim.fail_under(str(folder).encode())
    found = {}
    for name, prepare in WRITERS.items():
        place = folder / name.replace(" ", "_")
        place.mkdir()
        try:
            write = prepare(place)
        except pytest.skip.Exception:
            continue
        before = content(place)
        shim.fail_call(call.encode(), getattr(errno, error))
        told = _told(write)
        shim.fail_call(b"", 0)
        after = content(place)
        left = [one.name for one in place.rglob("*") if one.name.startswith((".moodrec-", ".writing-"))]
        found[name] = {
            "told": told,
            "changed": sorted(
                one for one in before.keys() | after.keys() if before.get(one) != after.get(one)
            ),
            "left": left,
            "again": _told(write),
        }
    print(json.dumps(found))


def _told(write: Write) -> str:
    try:
        write()
    except MoodrecError as fault:
        return f"{type(fault).__name__}: {fault}"
    except OSError as fault:
        return f"{type(fault).__name__}: {fault}" if fault.filename else f"{fault!r} names no file"
    except Exception as fault:  # noqa: BLE001  # it is what the test looks for
        return f"{type(fault).__name__}, which is none of moodrec's: {fault}"
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
