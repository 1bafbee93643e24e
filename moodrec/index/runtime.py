"""FAISS, set up once: every module of this package takes it from here."""

from __future__ import annotations

import os
from typing import Any, Final

import faiss as _faiss

from moodrec.errors import UsageError

THREADS_VARIABLE: Final = "MOODREC_THREADS"


faiss: Any = _faiss  # its own annotations cover a part of it, and not rightly


def _threads() -> int:
    """Threads that FAISS may use: ``MOODREC_THREADS``, else one for each core this process may run on."""
    text = os.environ.get(THREADS_VARIABLE)
    if text is None:
        available = getattr(os, "sched_getaffinity", None)
        return len(available(0)) if available else os.cpu_count() or 1
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"{THREADS_VARIABLE}={text!r} is not a number of threads, such as 4")
    return int(text)


faiss.omp_set_num_threads(_threads())
# From this many queries on, FAISS compares by matrix product: five times faster on batches than its default.
faiss.cvar.distance_compute_blas_threshold = 20

__all__ = ["faiss"]
