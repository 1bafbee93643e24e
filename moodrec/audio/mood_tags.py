"""Moods in a file's tags are read, written and restored under the names that each container format uses.

``MOOD`` is the field that Picard, beets and players know: ``TMOO`` in ID3, ``WM/Mood`` in ASF. The scores
have fields of their own, ``MOODREC_CALM`` and so on. Picard's table of names is at
https://picard-docs.musicbrainz.org, appendix B.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import mutagen
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import ID3, TMOO, TXXX
from mutagen.mp4 import MP4FreeForm, MP4Tags

from moodrec.audio.opening import open_audio_file, printable
from moodrec.audio.tag_sources import DAMAGE
from moodrec.errors import AudioError
from moodrec.files.disk import disk_full, is_disk_full
from moodrec.files.kinds import NO_LINKS
from moodrec.files.replacing import remove_quietly, temporary_beside

MOOD: Final = "MOOD"
OURS: Final = "MOODREC_"
"""Prefix of the fields that moodrec alone writes."""
MoodTags = dict[str, list[str]]
"""The texts of ``MOOD`` and of the ``MOODREC_`` fields of one file; a field that the file lacks is not a key."""

_ITUNES: Final = "----:com.apple.iTunes:"
_TXXX: Final = "TXXX:"


def read_mood_tags(path: Path) -> MoodTags:
    """Read the mood fields of a file.

    Raises:
        AudioError: the format holds no tags or they cannot be read (reason ``no_tags``), or the file cannot
            be opened.
    """
    return _read(_opened(path).tags)


def write_mood_tags(path: Path, tags: Mapping[str, Sequence[str]]) -> None:
    """Set mood fields of a file, and delete those that are given without a text; other tags stay as they are.

    A copy is written beside the file, verified, and put in its place in one step, so that a crash or a full
    disk leaves the file as it was. Permissions stay. To hard links of the old file the result is a new file.

    Args:
        path: the file.
        tags: field name to its texts; an empty list deletes the field.

    Raises:
        AudioError: reason ``no_tags`` or ``not_writable``; the file is as it was.
    """
    # Its suffix is that of the file, because mutagen chooses some formats by it.
    copy = temporary_beside(path)
    try:
        _copy(path, copy)
        _keep_owner(path, copy)
        _write(copy, tags)
        _check(copy, tags)
        _sync(copy)
        os.utime(copy)  # music servers and backups notice changes by the modification time
        copy.replace(path)
    except DAMAGE as error:
        raise _not_writable(path, error, copy) from None
    finally:
        remove_quietly(copy)


def _not_writable(path: Path, error: Exception, copy: Path) -> AudioError:
    """Make the error of a file whose copy could not be written; mutagen wraps those of the system."""
    system = next((one for one in (error, error.__context__, *error.args) if isinstance(one, OSError)), None)
    if system is None:
        reason = str(error)
    elif is_disk_full(system):
        written = copy.stat().st_size if copy.exists() else 0
        needed = path.stat().st_size if path.exists() else None
        reason = str(disk_full(path.parent, needed, written, system.errno or errno.ENOSPC))
    else:
        reason = system.strerror or str(system)
    return AudioError(f"{printable(path)}: its tags cannot be written ({reason})", "not_writable")


def _copy(path: Path, copy: Path) -> None:
    """Copy a file with its times and permissions to a file that is made for it, never through a link."""
    copy.unlink(missing_ok=True)
    descriptor = os.open(
        copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS | getattr(os, "O_BINARY", 0), 0o600
    )
    with path.open("rb") as source, os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    shutil.copystat(path, copy)


def _opened(path: Path) -> Any:
    """Open a file with mutagen; a file without tags gets empty ones."""
    try:
        with open_audio_file(path):
            file: Any = mutagen.File(path)
        if file is not None and _is_id3_23(file.tags):
            # Translating to ID3 2.4 would lose frames of the older version.
            file = type(file)(path, translate=False)
        if file is not None and file.tags is None:
            file.add_tags()  # in memory only; some formats define tags but cannot store them
    except DAMAGE as error:
        raise AudioError(f"{printable(path)}: its tags cannot be read ({error})", "no_tags") from None
    if file is None:
        raise AudioError(f"{printable(path)}: files of this kind hold no tags", "no_tags")
    return file


def _is_id3_23(tags: Any) -> bool:
    return isinstance(tags, ID3) and tags.version[:2] == (2, 3)


def _write(path: Path, tags: Mapping[str, Sequence[str]]) -> None:
    file = _opened(path)
    for name, texts in tags.items():
        _delete(file.tags, name)
        if texts:
            _set(file.tags, name, list(texts))
    if _is_id3_23(file.tags):
        file.save(v2_version=3, v23_sep=None)
    else:
        file.save()


def _check(path: Path, expected: Mapping[str, Sequence[str]]) -> None:
    found = _read(_opened(path).tags)
    if any(found.get(name, []) != list(texts) for name, texts in expected.items()):
        raise AudioError(f"{printable(path)}: what was written does not read back", "no_tags")


def _read(tags: Any) -> MoodTags:
    found: MoodTags = {}
    for key in tags.keys():  # noqa: SIM118  (some tags of mutagen iterate over pairs)
        name = _name(tags, str(key))
        if name == MOOD or name.startswith(OURS):
            found[name] = _texts(tags[key])
    return {name: texts for name, texts in found.items() if texts}


def _name(tags: Any, key: str) -> str:
    """Give the name of the field that a key of the container stands for, in capitals; "" for no field of
    ours.
    """
    if isinstance(tags, ID3):
        return MOOD if key == "TMOO" else key.removeprefix(_TXXX).upper() if key.startswith(_TXXX) else ""
    if isinstance(tags, MP4Tags):
        return key.removeprefix(_ITUNES).upper() if key.startswith(_ITUNES) else ""
    if isinstance(tags, ASFTags) and key == "WM/Mood":
        return MOOD
    return key.upper()


def _texts(value: Any) -> list[str]:
    if hasattr(value, "text"):
        return [str(text) for text in value.text]
    return [
        bytes(item).decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in value
    ]


def _key(tags: Any, name: str) -> str:
    if isinstance(tags, ID3):
        return "TMOO" if name == MOOD else _TXXX + name
    if isinstance(tags, MP4Tags):
        return _ITUNES + name
    if isinstance(tags, ASFTags):
        return "WM/Mood" if name == MOOD else name
    return "Mood" if isinstance(tags, APEv2) and name == MOOD else name


def _set(tags: Any, name: str, texts: list[str]) -> None:
    key = _key(tags, name)
    if isinstance(tags, ID3):
        tags.add(TMOO(encoding=3, text=texts) if name == MOOD else TXXX(encoding=3, desc=name, text=texts))
    elif isinstance(tags, MP4Tags):
        tags[key] = [MP4FreeForm(text.encode()) for text in texts]
    else:
        tags[key] = texts


def _delete(tags: Any, name: str) -> None:
    for key in [key for key in tags.keys() if _name(tags, str(key)) == name]:  # noqa: SIM118
        del tags[key]


def _keep_owner(path: Path, copy: Path) -> None:
    status = path.stat()
    if hasattr(os, "chown"):
        with suppress(OSError):  # only root may give files away
            os.chown(copy, status.st_uid, status.st_gid)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
