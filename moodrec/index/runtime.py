"""FAISS and its settings while moodrec calls it. Every module of this package imports FAISS from here.

FAISS's settings belong to the process, which may use FAISS for its own ends. So moodrec changes them only while one
of its calls runs, and puts them back.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar

import faiss as _faiss

from moodrec.errors import UsageError

THREADS_VARIABLE: Final = "MOODREC_THREADS"
_SHARED_FROM: Final = 32
"""From this many tasks on, threads share them; fewer are done before the threads have started."""
_MATRIX_PRODUCT_FROM: Final = 20
"""From this many queries on, FAISS compares by matrix product, which is five times faster on batches than its
default.
"""

Result = TypeVar("Result")

faiss: Any = _faiss  # its own annotations cover a part of it, and not rightly

__all__ = ["faiss", "give_back", "map_over", "max_threads", "threads_for"]


@cache
def max_threads() -> int:
    """Return the number of threads that FAISS may use: ``MOODREC_THREADS``, else one for each core.

    Raises:
        UsageError: the variable holds no positive whole number.
    """
    text = os.environ.get(THREADS_VARIABLE)
    if text is None:
        available = getattr(os, "sched_getaffinity", None)
        return len(available(0)) if available else os.cpu_count() or 1
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"{THREADS_VARIABLE}={text!r} is not a number of threads, such as 4")
    return int(text)


def give_back() -> None:
    """Give memory that is free back to the system, between steps that take much of it.

    The C library of most Linux systems keeps some 64 MB after arrays of tens of MB were freed; other systems do not
    need this, and nothing happens there.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], object] | None:
    if sys.platform != "linux":
        return None
    found: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found


def map_over(task: Callable[[int], Result], n: int) -> list[Result]:
    """Call ``task`` with each number from 0 to n - 1, in threads where there are many.

    Args:
        task: what to call; threads pay where it releases Python's lock.
        n: the number of calls.

    Returns:
        The n results in order.
    """
    if n == 1:
        return [task(0)]
    if n < _SHARED_FROM or max_threads() == 1:
        return [task(i) for i in range(n)]
    with ThreadPoolExecutor(max_threads()) as pool:
        return list(pool.map(task, range(n)))


class _MatrixProducts:
    """FAISS's threshold for matrix products, set for as long as any thread is in a call.

    The first one in keeps the process's own value, and the last one out puts it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = faiss.cvar.distance_compute_blas_threshold
                faiss.cvar.distance_compute_blas_threshold = _MATRIX_PRODUCT_FROM
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                faiss.cvar.distance_compute_blas_threshold = self._before


_matrix_products: Final = _MatrixProducts()


@contextmanager
def threads_for(tasks: int) -> Iterator[None]:
    """Let FAISS use one thread for each independent task, as far as there are cores, and matrix products for batches.

    Both settings are put back afterwards.

    One query gets one thread: it is done before threads have agreed to share it, and on a busy machine they wait
    for each other ten times longer than it takes.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(max(1, min(tasks, max_threads())))
    try:
        with _matrix_products:
            yield
    finally:
        faiss.omp_set_num_threads(before)
