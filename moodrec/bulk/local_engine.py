"""Manifests are embedded on this machine: files are decoded by some processes, and the model runs in this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from moodrec.bulk.decoding import Decoder
from moodrec.bulk.manifest import Manifest
from moodrec.bulk.outcomes import RowResult, analysed, result_table
from moodrec.bulk.plan import Work
from moodrec.catalog.decode_pool import DecodeFailure
from moodrec.catalog.decoding import DecodedFile
from moodrec.catalog.plan import default_jobs
from moodrec.embedding.mood_model import MoodModel
from moodrec.schema import PATH

_TABLE_ROWS = 50
"""Rows of a table of results at most: after so many, or at the end of a part, progress is seen."""


def local_results(work: Work, manifest: Manifest, model: MoodModel) -> Iterator[pa.Table]:
    """Embed the rows of all missing parts, in order, and give tables of results.

    Args:
        work: what is to be done.
        manifest: the manifest.
        model: the model.
    """
    processes = work.jobs or default_jobs()
    done: list[RowResult] = []
    with (
        Decoder(work.settings, processes, work.timeout_s) as decoder,
        ThreadPoolExecutor(processes) as threads,
    ):
        for row, decoded in _decoded(work, manifest, decoder, threads, 2 * processes):
            done.append(analysed(row, decoded, model))
            if len(done) == _TABLE_ROWS or (row + 1) % work.about.rows_per_part == 0:
                yield result_table(done, model)
                done = []
    if done:
        yield result_table(done, model)


def _decoded(
    work: Work, manifest: Manifest, decoder: Decoder, threads: ThreadPoolExecutor, most: int
) -> Iterator[tuple[int, DecodedFile | DecodeFailure]]:
    """Decode with a bounded number of files under way."""
    waiting: deque[tuple[int, Future[DecodedFile | DecodeFailure]]] = deque()
    for row, address in _rows(work, manifest):
        waiting.append((row, threads.submit(decoder.decode, address)))
        if len(waiting) >= most:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


def _rows(work: Work, manifest: Manifest) -> Iterator[tuple[int, str | None]]:
    for number in work.missing:
        part = work.part(number)
        paths = manifest.slice(part.start, part.rows)[PATH].to_pylist()
        yield from enumerate(paths, part.start)
