"""This process decodes one file to 16-bit stereo samples for its parent, from any frame on.

A file that crashes a decoder costs only this process. The arguments are the path and the first frame; the answer is a
line of JSON (``rate``, ``seconds``, or ``error``), then little-endian samples until the parent has enough.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from moodrec.audio.decode import open_stream
from moodrec.audio.stream import CutShortError
from moodrec.catalog.limits import give_way, limit_memory
from moodrec.config import DecodeLimits
from moodrec.errors import MoodrecError

_OTHERS: Final = 0.7
"""How loud channels beyond the first two are in both."""
_NICE: Final = 5


def main() -> None:
    """Decode the file of the arguments."""
    path, first = sys.argv[1:]
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a C library prints is no sample
    limits = DecodeLimits()
    limit_memory(limits.max_memory_mb)
    give_way(_NICE)
    try:
        with open_stream(path, limits) as stream:
            info = stream.info
            _say(out, {"rate": info.sample_rate, "seconds": info.duration_s})
            skip = int(first)
            for block in stream.blocks:
                part = block[min(skip, len(block)) :]
                skip -= len(block) - len(part)
                out.write(as_stereo(part).tobytes())
    except CutShortError:
        pass  # what there is has been written
    except BrokenPipeError:
        return
    except MoodrecError as error:
        _say(out, {"error": type(error).__name__, "message": str(error)})
    out.flush()


def as_stereo(block: NDArray[np.float32]) -> NDArray[np.int16]:
    """Mix channels to two, and round them to 16 bits.

    Args:
        block: (frames, channels) samples in [-1, 1].

    Returns:
        (frames, 2) little-endian numbers.
    """
    both = np.repeat(block[:, :1], 2, axis=1) if block.shape[1] == 1 else block[:, :2].copy()
    if block.shape[1] > 2:
        both += _OTHERS * block[:, 2:].mean(axis=1, keepdims=True)
    scaled = np.nan_to_num(both.clip(-1, 1)) * 32_767
    rounded: NDArray[np.int16] = np.rint(scaled).astype("<i2")
    return rounded


def _say(out: BinaryIO, document: dict[str, Any]) -> None:
    out.write(json.dumps(document).encode() + b"\n")
    out.flush()
