"""An analysis is planned first: which files it has to process, and how much time and disk it will take."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from moodrec.arguments import whole
from moodrec.catalog.decode_pool import DecodeFailure, DecodePool
from moodrec.catalog.model import AnalysisModel, settings_for
from moodrec.errors import AudioError
from moodrec.library.left_out import LeftOut
from moodrec.library.library import Library
from moodrec.library.records import FileRecord, FileState, Outcome
from moodrec.library.scan import scan
from moodrec.library.sections import divide, dividing, sheet_and_number
from moodrec.typing import Float32Array

# A file that failed because of a missing package or permission is tried again at every run.
_NOT_THE_FILES_FAULT: Final = frozenset({"missing_extra", "forbidden"})
# Measuring a sample takes seconds itself, which does not pay for fewer files than this.
_WORTH_MEASURING: Final = 30
_SAMPLE: Final = 3
_MOST_BY_ITSELF: Final = 8
_MOST_JOBS: Final = 1024
_UNMEASURED_S: Final = 1.0
# Measured on real tags: one row of each table with its keys, and the row's share of the index's track table.
_BYTES_A_TRACK: Final = 1_200


@dataclass(frozen=True)
class AnalysisPlan:
    """The files to analyse, and what is known about the others."""

    files: tuple[FileState, ...]
    """The files to be decoded, by path."""
    already_done: int
    """Files that have an outcome for this model and have not changed."""
    remembered_failures: tuple[FileRecord, ...]
    """Those of them that could not be analysed; they are tried again if they change or on request."""
    gone: tuple[FileState, ...]
    """Files that are in the library and no longer in these folders."""
    returned: tuple[FileState, ...]
    """Files that were gone at an earlier scan, and are back unchanged."""
    unreadable_folders: tuple[Path, ...]
    """Folders that may not be opened; the library keeps its files from there."""
    empty_folders: tuple[Path, ...]
    """Folders that were given and hold no music now, though the library has files from there. A disk that is not
    mounted has this effect, so the library keeps them.
    """
    tags_again: tuple[FileRecord, ...]
    """Files that have not changed and whose tags alone are to be read again."""
    undivided_sheets: tuple[Path, ...]
    """CUE sheets that would divide a file into tracks; with ``cue``, none is left undivided."""
    sheet_faults: tuple[str, ...]
    """What is wrong with CUE sheets that were to be used, one line each."""
    left_out: tuple[LeftOut, ...]
    """Music files and folders that the scan did not take, and why: hidden, marked, excluded, formats not decoded."""
    postponed: int
    """Number of files that are left to a later run, because of ``limit``."""
    estimated_seconds: float
    """Estimated time to decode and analyse ``files``."""
    estimated_bytes: int
    """Estimated growth of library and index on disk."""


def plan_analysis(
    folders: Sequence[Path | str],
    library: Library,
    model: AnalysisModel,
    *,
    jobs: int | None = None,
    retry_failed: bool = False,
    limit: int | None = None,
    exclude: Sequence[str] = (),
    rescan_tags: bool = False,
    cue: bool = False,
) -> AnalysisPlan:
    """Scan folders and compare them with a library; nothing is written.

    The time is estimated from the last run with this model, or, if there are enough files, from a few of them that
    are analysed for the purpose.

    Args:
        folders: folders or files of music.
        library: what is known already.
        model: the model that will analyse the files.
        jobs: number of decoding processes, for the estimate.
        retry_failed: whether to plan files that failed earlier too.
        limit: greatest number of files to plan.
        exclude: patterns of files and folders to leave out, as in :mod:`moodrec.library.globs`.
        rescan_tags: whether to read the tags of files again that have not changed.
        cue: whether tracks of CUE sheets stand in place of the files that they lie in. Sheets that have tracks in the
            library do so in any case.

    Raises:
        NotFoundError: a folder is not there.
    """
    found = scan(folders, exclude)
    known = library.files(model.fingerprint)
    used = _used_sheets(known)
    divided = divide(found.files, [sheet for sheet in found.sheets if cue or sheet in used])
    found = replace(found, files=divided.files)
    done = [known[state.path] for state in found.files if _is_done(state, known, retry_failed)]
    every = tuple(state for state in found.files if not _is_done(state, known, retry_failed))
    todo = every[:limit]
    empty = _empty(folders, found.files, known)
    seconds_each = _seconds_a_file(todo, library, model, checked_jobs(jobs))
    return AnalysisPlan(
        files=todo,
        already_done=len(done),
        remembered_failures=tuple(record for record in done if record.outcome is Outcome.FAILED),
        gone=tuple(_gone(folders, found.files, [*found.unreadable, *empty], known.values())),
        returned=tuple(record.state for record in done if record.missing),
        unreadable_folders=found.unreadable,
        empty_folders=empty,
        tags_again=tuple(record for record in done if rescan_tags and record.track_id is not None),
        undivided_sheets=() if cue else tuple(dividing(sheet for sheet in found.sheets if sheet not in used)),
        sheet_faults=divided.faults,
        left_out=found.left_out,
        postponed=len(every) - len(todo),
        estimated_seconds=len(todo) * seconds_each,
        estimated_bytes=len(todo) * _bytes_a_track(model),
    )


def checked_jobs(jobs: int | None) -> int:
    """Give the number of decoding processes: the one that was given, or the default.

    Raises:
        UsageError: it is no whole number, or out of range.
    """
    return default_jobs() if jobs is None else whole(jobs, "jobs", most=_MOST_JOBS)


def default_jobs() -> int:
    """Choose the number of decoding processes: as many as cores, because decoding takes longer than the network, and
    with a core less the network would wait for it. More than eight would only wait.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(_MOST_BY_ITSELF, cores))


def _used_sheets(known: Mapping[Path, FileRecord]) -> set[Path]:
    """Find the sheets whose tracks are entries of a library already."""
    divided = (
        path for path, record in known.items() if record.state.section is not None and not record.missing
    )
    return {sheet_and_number(path)[0] for path in divided}


def _is_done(state: FileState, known: Mapping[Path, FileRecord], retry_failed: bool) -> bool:
    record = known.get(state.path)
    if record is None or record.state != state or not record.acknowledged:
        return False
    if record.outcome is not Outcome.FAILED:
        return True
    return not retry_failed and record.reason not in _NOT_THE_FILES_FAULT


def _empty(
    folders: Iterable[Path | str], found: Sequence[FileState], known: Mapping[Path, FileRecord]
) -> tuple[Path, ...]:
    """Find the folders in which nothing was found, though files of theirs are known and not gone yet."""
    there = [record.state.path for record in known.values() if not record.missing]
    empty = []
    for place in map(os.path.realpath, folders):
        under = _Under([place])
        if not any(state.path in under for state in found) and any(path in under for path in there):
            empty.append(Path(place))
    return tuple(empty)


def _gone(
    folders: Iterable[Path | str],
    found: Iterable[FileState],
    kept: Iterable[Path],
    records: Iterable[FileRecord],
) -> Iterable[FileState]:
    there = {state.path for state in found}
    scanned, closed = _Under(map(os.path.realpath, folders)), _Under(map(str, kept))
    for record in records:
        path = record.state.path
        if path not in there and not record.missing and path in scanned and path not in closed:
            yield record.state


class _Under:
    """Tests whether a path is one of some folders, or below one."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._folders = tuple(folders)
        self._prefixes = tuple(folder.rstrip(os.sep) + os.sep for folder in self._folders)

    def __contains__(self, path: Path) -> bool:
        text = str(path)
        return text in self._folders or text.startswith(self._prefixes)


def _bytes_a_track(model: AnalysisModel) -> int:
    vectors = 4 * (model.embedding_dim + 2 * len(model.moods))
    return _BYTES_A_TRACK + 2 * vectors  # the vectors are stored in the library and in the index


def _seconds_a_file(todo: Sequence[FileState], library: Library, model: AnalysisModel, jobs: int) -> float:
    earlier = library.last_run(model.fingerprint)
    if earlier is not None and earlier.files > 0:
        return earlier.seconds / earlier.files
    if len(todo) < _WORTH_MEASURING:
        return _UNMEASURED_S
    return _measure([todo[len(todo) * i // (_SAMPLE + 1)] for i in range(1, _SAMPLE + 1)], model, jobs)


def _measure(sample: Sequence[FileState], model: AnalysisModel, jobs: int) -> float:
    """Measure the seconds that a file takes; the first file warms up and does not count."""
    seconds = []
    with DecodePool(settings_for(model), 1, timeout_s=60.0) as pool:
        for state in sample:
            started = time.perf_counter()
            decoded = next(pool.decode([state])).decoded
            finished = time.perf_counter()
            if not isinstance(decoded, DecodeFailure) and _can_be_analysed(model, decoded.windows):
                seconds.append((finished - started) / jobs + time.perf_counter() - finished)
    counted = seconds[1:]
    return sum(counted) / len(counted) if counted else _UNMEASURED_S


def _can_be_analysed(model: AnalysisModel, windows: Float32Array) -> bool:
    try:
        model.analyze_windows(windows)
    except AudioError:
        return False
    return True
