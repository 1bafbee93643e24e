"""Every error moodrec raises on purpose, in one tree.

::

    MoodrecError                      exit 1
    ├── UsageError                    exit 2   the call itself is wrong
    │   ├── ConfigError                        a recipe, preset or settings file
    │   ├── FilterError                        a ``where`` condition
    │   └── AmbiguousSeedError                 a seed that several tracks match
    ├── NotFoundError                 exit 3   nothing by that name
    ├── CorruptStoreError             exit 4   a library, index or checkpoint is damaged
    ├── StoreLockedError              exit 5   another process is writing
    ├── ConflictError                 exit 5   another store or version has taken the place of what was opened
    ├── DiskFullError                          there is no room to write
    ├── AudioError                             one file cannot be analysed
    │   └── SilentAudioError                   it holds only silence
    ├── DataError                              a table or array of the user's is wrong
    │   └── DuplicateIdError                   an id that is already there
    ├── ModelMismatchError                     vectors of two models would be mixed
    ├── EngineError                            a database or cluster cannot be reached, or refuses
    ├── ExportError                            a network that ONNX cannot express
    └── MissingExtraError                      an optional dependency is not installed

The command line maps a class to its ``exit_code``; the library never exits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class MoodrecError(Exception):
    """All errors raised on purpose derive from this class; their text says what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(MoodrecError):
    """The arguments of a call contradict each other or are out of range."""

    exit_code = 2


class ConfigError(UsageError):
    """A recipe, preset or settings file has a wrong value; the message names file and field."""


class FilterError(UsageError):
    """A ``where`` condition cannot be read, or names a column that is not there."""


class AmbiguousSeedError(UsageError):
    """Several tracks match a seed; ``matches`` lists them as pairs ``(track_id, description)``."""

    def __init__(self, message: str, matches: Sequence[tuple[str, str]]) -> None:
        super().__init__(message)
        self.matches = tuple(matches)


class NotFoundError(MoodrecError):
    """A track, library, index, model or file does not exist."""

    exit_code = 3


class CorruptStoreError(MoodrecError):
    """A library, index or checkpoint fails its checksum or its schema."""

    exit_code = 4


class StoreLockedError(MoodrecError):
    """Another process holds the writer's lock; the message says which."""

    exit_code = 5


class ConflictError(MoodrecError):
    """Where a library or an index is to be written, there is another one, or a newer version, than was opened."""

    exit_code = 5


class DiskFullError(MoodrecError):
    """A disk has no room for what is to be written; the message names the disk, and the space needed and free."""


class AudioError(MoodrecError):
    """One audio file cannot be decoded; ``reason`` is one word for tables, the message one line for people."""

    def __init__(self, message: str, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


class SilentAudioError(AudioError):
    """The audio holds no sound, so it has no mood and no embedding."""

    def __init__(self, message: str = "the audio is silent") -> None:
        super().__init__(message, reason="silent")


class DataError(MoodrecError):
    """A table or array has wrong columns, shapes or values; the message names the rows."""


class DuplicateIdError(DataError):
    """Track ids that should be new exist already."""


class ModelMismatchError(MoodrecError):
    """Embeddings of two different models would be compared with each other."""


class EngineError(MoodrecError):
    """A database or cluster that holds a catalogue cannot be reached, or refuses a statement."""


class ExportError(MoodrecError):
    """A network cannot be written as an ONNX graph: it has an operation that ONNX lacks."""


class MissingExtraError(MoodrecError):
    """An optional dependency is missing; the message holds the pip line that installs it."""

    def __init__(self, what: str, extra: str, otherwise: str = "") -> None:
        line = f"{what} needs an optional dependency: pip install 'moodrec[{extra}]'"
        super().__init__(f"{line}; {otherwise}" if otherwise else line)
        self.extra = extra
