"""FAISS and its threads, set up in one place: every module of this package takes FAISS from here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar

import faiss as _faiss

from moodrec.errors import UsageError

THREADS_VARIABLE: Final = "MOODREC_THREADS"
_SHARED_FROM: Final = 32

Result = TypeVar("Result")

faiss: Any = _faiss  # its own annotations cover a part of it, and not rightly
# From this many queries on, FAISS compares by matrix product: five times faster on batches than its default.
faiss.cvar.distance_compute_blas_threshold = 20

__all__ = ["faiss", "map_over", "max_threads", "threads_for"]


@cache
def max_threads() -> int:
    """Threads that FAISS may use: ``MOODREC_THREADS``, else one for each core that this process may run on.

    Raises:
        UsageError: the variable holds no such number.
    """
    text = os.environ.get(THREADS_VARIABLE)
    if text is None:
        available = getattr(os, "sched_getaffinity", None)
        return len(available(0)) if available else os.cpu_count() or 1
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"{THREADS_VARIABLE}={text!r} is not a number of threads, such as 4")
    return int(text)


def map_over(task: Callable[[int], Result], n: int) -> list[Result]:
    """What ``task`` makes of 0 to n - 1; many tasks are shared among threads, which pays where they leave Python."""
    if n == 1:
        return [task(0)]
    if n < _SHARED_FROM or max_threads() == 1:
        return [task(i) for i in range(n)]
    with ThreadPoolExecutor(max_threads()) as pool:
        return list(pool.map(task, range(n)))


@contextmanager
def threads_for(tasks: int) -> Iterator[None]:
    """Let FAISS use a thread for each of some independent tasks, so far as there are cores.

    One query gets one thread: it is done before threads have agreed to share it, and on a busy machine they wait
    for each other ten times longer than it takes.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(max(1, min(tasks, max_threads())))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
