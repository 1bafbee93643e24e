"""Files at addresses are fetched and decoded in processes of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from moodrec.addresses import fetched, is_local, local_path
from moodrec.catalog.decode_pool import DecodeFailure, DecodePool
from moodrec.catalog.decoding import DecodedFile, DecodeSettings
from moodrec.library.records import FileState

_LONGEST: Final = 500
"""Characters of a message."""


class Decoder:
    """Decodes files by their addresses; several threads may use it. A context manager, which ends its processes."""

    def __init__(self, settings: DecodeSettings, processes: int, timeout_s: float) -> None:
        """Prepare the processes, which start when they are needed.

        Args:
            settings: how files are decoded and cut.
            processes: how many there are at most.
            timeout_s: the greatest time that one file may take, in seconds.
        """
        self._pool = DecodePool(settings, processes, timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def decode(self, address: str | None) -> DecodedFile | DecodeFailure:
        """Decode one file; whatever is wrong with it is in the answer.

        Args:
            address: a path, or an address that fsspec opens; None where the manifest has none.
        """
        if not address:
            return DecodeFailure("no_path", "the manifest has no path here")
        if is_local(address):
            return self._decode(local_path(address))
        with ExitStack() as stack, ThreadPoolExecutor(1) as thread:
            # File systems raise errors of their own kinds, which a future holds without naming them.
            fetching = thread.submit(stack.enter_context, fetched(address))
            if (error := fetching.exception()) is not None:
                words = f"fetching it failed ({type(error).__name__}: {error})"
                return DecodeFailure("unreadable", words[:_LONGEST])
            return self._decode(fetching.result())

    def _decode(self, path: Path) -> DecodedFile | DecodeFailure:
        try:
            state = FileState(path.absolute(), path.stat().st_size, 0)
        except (OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError)
            return DecodeFailure(
                "missing" if missing else "unreadable", "no such file" if missing else str(error)
            )
        return next(self._pool.decode([state])).decoded
