"""This process decodes files for its parent, so that a file that crashes a decoder costs only itself.

It reads a line of JSON for each file from its standard input and answers with a line of JSON, followed by the
windows as raw float32. It ends when its input does, so it cannot outlive its parent for long. It imports neither
torch nor FAISS.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

from moodrec.catalog.decoding import DecodedFile, DecodeSettings, decode_file
from moodrec.catalog.limits import limit_memory
from moodrec.errors import AudioError, MissingExtraError

READY: Final = b"ready\n"
"""The first line that a worker writes."""


def main() -> None:
    """Decode files until the input ends; ``sys.argv[1]`` holds the settings as JSON."""
    settings = DecodeSettings.model_validate_json(sys.argv[1])
    replies = _take_over_stdout()
    sys.excepthook = _report_crash(replies)
    limit_memory(settings.limits.max_memory_mb)
    replies.write(READY)
    replies.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _answer(Path(request["path"]), request.get("number"), settings, replies)


def _answer(path: Path, number: int | None, settings: DecodeSettings, replies: BinaryIO) -> None:
    try:
        decoded = decode_file(path, settings, number)
    except AudioError as error:
        _send(replies, {"reason": error.reason, "message": str(error)})
    except MissingExtraError as error:
        _send(replies, {"reason": "missing_extra", "message": str(error)})
    except MemoryError:
        limit = f"{settings.limits.max_memory_mb} MiB"
        _send(replies, {"reason": "too_large", "message": f"decoding it takes more memory than {limit}"})
    except OSError as error:
        _send(replies, {"reason": "unreadable", "message": f"reading failed ({error.strerror or error})"})
    else:
        _send(replies, _header(decoded), decoded.windows.astype("<f4", copy=False).data)


def _header(decoded: DecodedFile) -> dict[str, Any]:
    return {
        "shape": decoded.windows.shape,
        "audio_fingerprint": decoded.audio_fingerprint,
        "tags": asdict(decoded.tags),
        "duration_s": decoded.duration_s,
        "read_s": decoded.read_s,
        "cause": decoded.cause,
    }


def _send(replies: BinaryIO, header: dict[str, Any], payload: memoryview | bytes = b"") -> None:
    replies.write(json.dumps(header).encode() + b"\n")
    replies.write(payload)
    replies.flush()


def _take_over_stdout() -> BinaryIO:
    """Reserve standard output for replies: what a C library prints there is discarded."""
    replies = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    return replies


def _report_crash(replies: BinaryIO) -> Any:
    def tell(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        _send(replies, {"reason": "crashed", "message": f"the decoder failed: {kind.__name__}: {error}"})

    return tell
