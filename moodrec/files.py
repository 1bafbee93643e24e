"""Files are written so that a reader sees the old content or the new one, never a part of either."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

from moodrec.errors import (
    ConfigError,
    CorruptStoreError,
    DiskFullError,
    MoodrecError,
    UsageError,
)

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
"""For ``os.open``: fail where the path is a symbolic link."""


def refuse_link(path: Path) -> None:
    """Refuse a symbolic link in a place of a store where moodrec writes: it would write to another place.

    Raises:
        CorruptStoreError: ``path`` is one.
    """
    if path.is_symlink():
        raise CorruptStoreError(
            f"{path}: is a link, and inside a library or an index none is followed; put what it points to there"
        )


def refuse_device(path: Path) -> None:
    """Refuse a device, a pipe or a socket where a file is to be replaced: a rename would put a file in its place.

    A link to one is refused too; a link to a file is replaced by the new file.

    Raises:
        UsageError: ``path`` exists and is neither a file nor a folder.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # there is nothing, or what writes will say why there cannot be
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a device or a pipe, and files are replaced whole; name a file")


def make_mark(path: Path) -> None:
    """Make an empty file, unless something has the name already, which stays as it is."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o644))


TEMPORARY: Final = ".moodrec-"
"""Names of temporary files begin so; the dot hides them from scans."""
UNFINISHED: Final = ".writing-"
"""Names of unfinished versions of an index begin so."""
_LONGEST_SUFFIX: Final = 16
_MB_FROM: Final = 100_000
_MOST_OF_TOML: Final = 1 << 20
_DEEPEST_TOML: Final = 32
_LONG_KEY: Final = re.compile(
    rf"""(?<![\w-])(?>(?>[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_DEEPEST_TOML}}}"""
)
_AT_ONCE: Final = 1 << 26
"""Bytes that are written at a time."""
_MOST_ROWS: Final = 1 << 48
_BEFORE_TEXT: Final = 10
"""Bytes of a ``.npy`` file before the text that describes its array."""
_LARGE: Final = 1 << 20
"""Bytes from which on there must be room before a write begins; smaller writes try."""


def remove_quietly(path: Path) -> None:
    """Remove a file where that works: cleaning up after an error must not raise another one over it."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """Give a short hidden name in a file's folder that is always the same for the file, so that what a killed run
    left is replaced; the suffix stays.
    """
    digest = hashlib.blake2b(os.fsencode(path.name), digest_size=8).hexdigest()
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    return path.with_name(f"{TEMPORARY}{digest}{suffix}")


_FULL: Final = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)
)
_FULL_WORDS: Final = re.compile("No space left on device|Disk quota exceeded|File too large")
_SHORT_WRITE: Final = re.compile(r"(\d+) requested and (\d+) written")


def disk_full(
    place: Path, needed: int | None = None, at_least: int = 0, why: int = errno.ENOSPC
) -> DiskFullError:
    """Make the error that says that a disk is full.

    Args:
        place: where was to be written.
        needed: bytes, where that is known.
        at_least: bytes that were written before the disk was full; the caller removes them again.
        why: the number of the system's error.
    """
    free = _amount(_free(place) + at_least)
    if needed is not None:
        room = f"{_amount(needed)} are needed"
    elif at_least:
        room = f"more than {_amount(at_least)} are needed"
    else:
        room = "there is no room for what is to be written"
    if why == errno.EFBIG:
        return DiskFullError(f"{place}: the disk takes no file of this size: {room}, and {free} are free")
    if why == getattr(errno, "EDQUOT", None):
        return DiskFullError(f"{place}: your share of the disk is full: {room}, and {free} are free in all")
    return DiskFullError(f"{place}: the disk is full: {room}, and {free} are free")


def is_disk_full(error: OSError) -> bool:
    """Say whether an error of the system, or one that Arrow or NumPy made of it, means that a disk is full."""
    return error.errno in _FULL or _FULL_WORDS.search(str(error)) is not None


def explained(error: OSError) -> MoodrecError:
    """Make one of moodrec's errors of an error of the system: a full disk, or the file and what is wrong with it."""
    place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    if is_disk_full(error):
        return disk_full(Path(place or os.curdir), why=_reason(error))
    reason = error.strerror or str(error)
    if error.errno == errno.ENOENT and not place and not _working_folder_is_there():
        reason = "the working directory is gone; change to one that is there"
    return MoodrecError(f"{place}: {reason}" if place else reason)


def _working_folder_is_there() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def require_room(place: Path, needed: int) -> None:
    """Refuse to begin a large write where there is no room for it.

    Args:
        place: where it will be written; it need not exist yet.
        needed: bytes.

    Raises:
        DiskFullError: fewer are free.
    """
    if _free(place) < needed:
        raise disk_full(place, needed)


@contextmanager
def disk_errors(place: Path, needed: int | None = None, written: Path | None = None) -> Iterator[None]:
    """Translate what the system, NumPy and Arrow say of a full disk into one error, and name the place in others.

    Args:
        place: where the block writes.
        needed: bytes that it writes, where that is known.
        written: the unfinished file, where there is one; its size is the least that is needed.

    Raises:
        DiskFullError: the disk is full.
        MoodrecError: NumPy wrote a part of an array, for another reason.
        OSError: any other error of the system; it names a file.
    """
    try:
        yield
    except OSError as error:
        at_least = 0 if written is None else _size(written)
        if is_disk_full(error):
            raise disk_full(place, needed, at_least, _reason(error)) from error
        if short := _SHORT_WRITE.search(str(error)):  # NumPy does not say why
            missing = int(short[1]) - int(short[2])
            if _free(place) < max(missing, 1 << 20) * 16:
                raise disk_full(place, needed, at_least) from error
            raise MoodrecError(f"{place}: the disk cannot be written to ({error})") from error
        if error.errno is not None and (error.filename is None or _is_temporary(error.filename)):
            raise OSError(error.errno, error.strerror, str(place)) from error
        raise


def _is_temporary(name: object) -> bool:
    """Say whether a name is that of an unfinished file or folder, which says nothing to users."""
    if not isinstance(name, str | bytes):
        return False
    return Path(os.fsdecode(name)).name.startswith((TEMPORARY, UNFINISHED))


def _reason(error: OSError) -> int:
    """The number of an error; Arrow's have it in their words alone."""
    if error.errno in _FULL:
        return int(error.errno or 0)
    words = {"quota": "EDQUOT", "too large": "EFBIG"}
    named = (number for word, number in words.items() if word in str(error))
    return int(getattr(errno, next(named, "ENOSPC"), errno.ENOSPC))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _free(place: Path) -> int:
    there = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _amount(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= _MB_FROM else f"{size / 1e3:,.1f} kB"


@contextmanager
def replacing(path: Path, needed: int | None = None, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary path beside ``path``, and rename it to ``path`` when the block ends without an error.

    The temporary file is synced to disk before it is renamed. If the block raises, it is removed and ``path``
    stays as it was.

    Args:
        path: the file to replace; its folder is made if it does not exist.
        needed: bytes that the block writes, where that is known: without room for them, it does not begin.
        mode: who may read and write the file.

    Raises:
        DiskFullError: the disk is full.
        UsageError: ``path`` is a device, a pipe or a socket.
        OSError: it cannot be written to.
    """
    if needed is not None and needed >= _LARGE:
        require_room(path, needed)
    with _beside(path, needed) as temporary, disk_errors(path, needed, temporary):
        yield temporary
        _finish(temporary, mode)
        temporary.replace(path)


@contextmanager
def _beside(path: Path, needed: int | None = None) -> Iterator[Path]:
    """Make an empty file beside another one, and remove it in the end if it is still there."""
    refuse_device(path)
    with disk_errors(path, needed):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because only a rename within one file system is atomic. The name is a short one of its
        # own: that of the file may be as long as a name can be. The suffix stays, because some writers go by it.
        suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=suffix, dir=path.parent)
    temporary = Path(name)
    try:
        with disk_errors(path, needed):
            os.close(handle)
        yield temporary
    finally:
        remove_quietly(temporary)


def _finish(temporary: Path, mode: int) -> None:
    """Bring a file to the disk; mkstemp makes files that only their owner may read."""
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.chmod(mode)


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace the content of a file in one step.

    Args:
        path: the file; its folder is made if it does not exist.
        data: the new content.
        mode: who may read and write the file.

    Raises:
        DiskFullError, OSError: the file cannot be written; it stays as it was.
    """
    with replacing(path, len(data), mode) as temporary:
        temporary.write_bytes(data)


def write_array(path: Path, *parts: NDArray[Any]) -> None:
    """Write a ``.npy`` file, byte for byte as NumPy does, which does not notice that a disk is full.

    Args:
        path: the file.
        parts: one array, or several of one type and row length that follow one another in the file: of numbers, truth
            values or texts of a fixed length.

    Raises:
        OSError: the file cannot be written.
    """
    import numpy as np

    first = np.ascontiguousarray(parts[0])
    shape = (sum(map(len, parts)), *first.shape[1:]) if len(parts) > 1 else first.shape
    with path.open("wb", buffering=0) as file:
        _write_whole(file, memoryview(_header_of(first.dtype, shape)))
        for part in parts:
            _write_whole(file, np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)


class RowWriter:
    """Writes the rows of a matrix to a ``.npy`` file as they come, without knowing how many there will be."""

    def __init__(self, path: Path, dtype: DTypeLike, length: int) -> None:
        """Open the file, with room for its header.

        Args:
            path: the file, which is an array when the ``with`` block has ended.
            dtype: the type of the numbers.
            length: how many a row has.
        """
        import numpy as np

        self._dtype, self._length, self._rows = np.dtype(dtype), length, 0
        self._file = path.open("wb", buffering=0)
        self._room = len(_header_of(self._dtype, (_MOST_ROWS, length)))
        self._file.write(bytes(self._room))

    def append(self, rows: NDArray[Any]) -> None:
        """Write (m, length) rows after those before them.

        Raises:
            OSError: the file cannot be written.
        """
        import numpy as np

        whole = np.ascontiguousarray(rows, self._dtype).reshape(-1, self._length)
        _write_whole(self._file, whole.reshape(-1).view(np.uint8).data)
        self._rows += len(whole)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Write how many rows there are, without which the file is no array, and close it."""
        self._file.seek(0)
        self._file.write(_header_of(self._dtype, (self._rows, self._length), self._room))
        self._file.close()


def _header_of(dtype: Any, shape: tuple[int, ...], room: int = 0) -> bytes:
    """Make the beginning of a ``.npy`` file, ``room`` bytes long if that is not 0."""
    from numpy.lib import format as npy

    header = io.BytesIO()
    facts = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(header, facts)
    text = header.getvalue()
    if not room:
        return text
    # The length of the text stands before it in two bytes, and blanks fill it up to its last line break.
    body = text[_BEFORE_TEXT:].rstrip().ljust(room - _BEFORE_TEXT - 1) + b"\n"
    return text[: _BEFORE_TEXT - 2] + len(body).to_bytes(2, "little") + body


def _write_whole(file: IO[bytes], content: memoryview) -> None:
    """Write all of some bytes; the system may take fewer at a time."""
    while len(content):
        content = content[file.write(content[:_AT_ONCE]) :]


def write_together(contents: Sequence[tuple[Path, bytes]]) -> None:
    """Replace several files of one folder, none before all of the new ones are on the disk.

    Args:
        contents: files and their contents, in the order in which they are replaced; one may come several times.

    Raises:
        DiskFullError, OSError: one cannot be written; all stay as they were.
    """
    require_room(contents[0][0], sum(len(data) for _, data in contents))
    with ExitStack() as afterwards:
        fresh = []
        for path, data in contents:
            temporary = afterwards.enter_context(_beside(path, len(data)))
            fresh.append((temporary, path))
            with disk_errors(path, len(data), temporary):
                temporary.write_bytes(data)
                _finish(temporary, 0o644)
        for temporary, path in fresh:
            with disk_errors(path):
                temporary.replace(path)


def read_toml_table(path: Path) -> dict[str, Any]:
    """Read a TOML file of settings, which may be somebody else's: its size and depth are limited.

    Raises:
        FileNotFoundError: there is none.
        ConfigError: it cannot be read, is too large or too deep, or is not TOML.
    """
    import tomllib

    try:
        text = read_regular(path, _MOST_OF_TOML).decode()
        if _LONG_KEY.search(text):  # the parser takes hours over a key of many thousand parts
            raise ConfigError(f"{path}: a key has more than {_DEEPEST_TOML} parts")
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = "tables or lists lie too deep in one another" if isinstance(error, RecursionError) else error
        raise ConfigError(f"{path}: not valid TOML: {reason}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not text in UTF-8") from None
    except CorruptStoreError as error:
        raise ConfigError(str(error)) from None
    except (OSError, ValueError) as error:  # numbers of thousands of digits
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    level: list[Any] = [table]
    for _ in range(_DEEPEST_TOML):
        level = [one for each in level for one in (each.values() if isinstance(each, dict) else each)]
        level = [one for one in level if isinstance(one, dict | list)]
    if level:
        raise ConfigError(f"{path}: tables or lists lie too deep in one another")
    return table


def read_regular(path: Path, most: int) -> bytes:
    """Read a file that may be a stranger's: pipes and devices, which may never end, are refused.

    Args:
        path: the file, or a link to one.
        most: the greatest size that it may have, in bytes.

    Raises:
        FileNotFoundError: there is none.
        CorruptStoreError: it is no regular file, or larger.
    """
    if path.exists() and not path.is_file():
        raise CorruptStoreError(f"{path}: is no regular file")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise CorruptStoreError(f"{path}: is larger than {most >> 20:,} MiB, which none is")
    return content
