"""The music of some folders is analysed into a library; this can be stopped at any time and started again."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from moodrec.arguments import finite, whole
from moodrec.audio.cue import cue_track, section_tags
from moodrec.audio.probe import Tags, tags_of
from moodrec.audio.stream import Cause
from moodrec.catalog.decode_pool import DecodeFailure, DecodePool, DecodeResult
from moodrec.catalog.decoding import DecodedFile
from moodrec.catalog.interim import EVERY_TRACKS, InterimIndex
from moodrec.catalog.model import AnalysisModel, Moods, record_of, settings_for
from moodrec.catalog.plan import AnalysisPlan, checked_jobs, plan_analysis
from moodrec.catalog.time_left import TimeLeft
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError, DataError, SilentAudioError, UsageError
from moodrec.library.library import Library
from moodrec.library.notes import RunState, note_run
from moodrec.library.records import FileResult, FileState, ModelRecord, Outcome, TrackAnalysis
from moodrec.library.sections import sheet_and_number

__all__ = ["AnalysisPlan", "AnalysisProgress", "AnalysisReport", "analyze", "plan_analysis", "run_analysis"]

# In a run with fewer files, the start-up time would distort the estimate for the next run.
_WORTH_RECORDING: Final = 5
_NOTED_EVERY_S: Final = 2.0
"""Seconds between two notes on the disk of how far the run is."""


@dataclass(frozen=True)
class AnalysisProgress:
    """The state of a run after a file was acknowledged."""

    done: int
    total: int
    counts: Mapping[Outcome, int]
    """Files of this run by outcome; every outcome is a key."""
    last: FileResult
    """The file just acknowledged."""
    seconds_left: float = 0.0
    """Estimated time to the end of the run."""
    searchable: int = 0
    """Number of tracks in the newest interim index of this run; 0 before the first."""


@dataclass(frozen=True)
class AnalysisReport:
    """What a run did, file by file and in sum."""

    counts: Mapping[Outcome, int]
    """Files of this run by outcome; every outcome is a key."""
    failures: tuple[FileResult, ...]
    """The files of this run that could not be analysed, with reason and message."""
    plan: AnalysisPlan
    """The plan of the run: files already done, remembered failures, files gone and returned."""
    seconds: float
    recognised: int
    """Files of this run whose audio the model had analysed before (moved, copied or tagged again); also in
    ``counts``.
    """
    retagged: int
    """Tracks whose tags were read again, and had changed."""
    switched: bool
    """Whether search uses this model from now on, and used another before."""
    waiting: int
    """Tracks that this model has yet to analyse before search uses it."""


OnProgress = Callable[[AnalysisProgress], None]
"""Receives the state of the run after every file."""


def analyze(
    folders: Sequence[Path | str],
    library: Library,
    model: AnalysisModel,
    *,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> AnalysisReport:
    """Plan and run an analysis in one call; see :func:`plan_analysis` and :func:`run_analysis`.

    Args:
        folders: folders or files of music.
        library: the library to write to.
        model: the model that analyses.
        jobs: number of decoding processes; by default as many as cores, at most eight.
        on_progress: called after every file.

    Raises:
        NotFoundError: a folder is not there.
        StoreLockedError: another process is writing to the library.
    """
    return run_analysis(plan_analysis(folders, library, model, jobs=jobs), library, model, jobs, on_progress)


def run_analysis(
    plan: AnalysisPlan,
    library: Library,
    model: AnalysisModel,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
    *,
    limits: DecodeLimits | None = None,
    timeout_s: float = 300.0,
    interim_tracks: int = EVERY_TRACKS,
) -> AnalysisReport:
    """Carry out a plan: each file ends with one outcome, written before the next file is begun.

    Files are decoded by ``jobs`` processes and analysed by the model in this one, so the result does not depend on
    ``jobs``. A file that crashes its decoder, or takes it longer than ``timeout_s`` seconds, fails alone. Whatever
    stops the run (Ctrl-C, a kill), acknowledged files stay.

    Audio that the model has analysed before, in a file of another name or with other tags, is not analysed again.
    Where the library holds the analyses of another model, those are kept, and search uses them until this model has
    analysed every track that they cover.

    While it runs, the index is brought up to date every minute or every 500 tracks, and the library's folder says how
    far the run is (:func:`moodrec.library.notes.latest_run`).

    Args:
        plan: the files to analyse.
        library: the library to write to.
        model: the model that analyses.
        jobs: number of decoding processes; by default as many as cores, at most eight.
        on_progress: called after every file.
        limits: what decoding one file may cost.
        timeout_s: greatest time that decoding one file may take, in seconds.
        interim_tracks: number of new tracks after which the index is brought up to date before its minute is over.

    Raises:
        StoreLockedError: another process is writing to the library.
        UsageError: a number is out of range.
    """
    processes = checked_jobs(jobs)
    if finite(timeout_s, "timeout_s") <= 0:
        raise UsageError(f"timeout_s is {timeout_s}; it must be more than 0 seconds")
    whole(interim_tracks, "interim_tracks")
    started = time.perf_counter()
    record = record_of(model)
    with library.writer():
        library.register_model(record)
        interim = InterimIndex(library, record.fingerprint, every_tracks=interim_tracks)
        tally = _Tally(plan, library, interim, on_progress)
        library.mark_missing(plan.gone)
        library.mark_present(plan.returned)
        retagged = _retag(plan, library)
        with tally, DecodePool(settings_for(model, limits), processes, timeout_s) as pool:
            for item in pool.decode(plan.files):
                known = _known(item, library, record)
                result = _result(item, model) if known is None else known
                tally.add(_acknowledge(library, record, result), known is not None)
        seconds = time.perf_counter() - started
        if len(plan.files) >= _WORTH_RECORDING:
            library.record_run(record, len(plan.files), seconds)
        waiting = library.waiting(record.fingerprint)
        switched = waiting == 0 and library.promote(record.fingerprint)
    return AnalysisReport(
        tally.by_outcome(),
        tuple(tally.failures),
        plan,
        seconds,
        tally.recognised,
        retagged,
        switched,
        waiting,
    )


def _retag(plan: AnalysisPlan, library: Library) -> int:
    """Read tags again without decoding anything; a file that cannot be opened keeps what is known of it."""
    changed = 0
    for record in plan.tags_again:
        tags = _tags_now(record.state)
        if tags is not None and record.track_id is not None:
            changed += library.retag(record.track_id, tags)
    return changed


def _tags_now(state: FileState) -> Tags | None:
    if state.section is None:
        return tags_of(state.path)
    try:
        return section_tags(cue_track(*sheet_and_number(state.path)))
    except AudioError:
        return None


class _Tally:
    """Counts outcomes, notes on the disk how far the run is, and passes both on to the caller."""

    def __init__(
        self, plan: AnalysisPlan, library: Library, interim: InterimIndex, on_progress: OnProgress | None
    ) -> None:
        self.failures: list[FileResult] = []
        self.recognised = 0
        self._counts: Counter[Outcome] = Counter()
        self._library, self._interim, self._on_progress = library, interim, on_progress
        self._time = TimeLeft(plan)
        self._state = RunState(len(plan.files), postponed=plan.postponed, seconds_left=plan.estimated_seconds)
        self._noted_at = -math.inf

    def __enter__(self) -> None:
        if self._state.total:
            self._note()

    def __exit__(self, *error: object) -> None:
        self._state = replace(self._state, ended=True)
        self._note()

    def add(self, result: FileResult, recognised: bool) -> None:
        self.recognised += recognised
        self._counts[result.outcome] += 1
        if result.outcome is Outcome.FAILED:
            self.failures.append(result)
        self._interim.count(result.track is not None)
        done, left = self._counts.total(), self._time.after(result.state)
        self._state = replace(self._state, done=done, seconds_left=left)
        if time.monotonic() - self._noted_at > _NOTED_EVERY_S:
            self._note()
        if self._on_progress is not None:
            self._on_progress(
                AnalysisProgress(
                    done, self._state.total, self.by_outcome(), result, left, self._interim.searchable
                )
            )

    def _note(self) -> None:
        note_run(self._library.path, self._state)
        self._noted_at = time.monotonic()

    def by_outcome(self) -> dict[Outcome, int]:
        return {outcome: self._counts[outcome] for outcome in Outcome}


def _acknowledge(library: Library, model: ModelRecord, result: FileResult) -> FileResult:
    try:
        library.acknowledge(model, result)
    except DataError as error:  # the model gave NaN for this audio: the file fails, the run goes on
        result = FileResult(result.state, Outcome.FAILED, "bad_embedding", str(error))
        library.acknowledge(model, result)
    return result


def _known(item: DecodeResult, library: Library, model: ModelRecord) -> FileResult | None:
    """Make the outcome of a file whose audio the model has analysed before; None for new audio."""
    if isinstance(item.decoded, DecodeFailure):
        return None
    vectors = library.find_vectors(model.fingerprint, item.decoded.audio_fingerprint)
    return None if vectors is None else _analysed(item.state, item.decoded, vectors)


def _result(item: DecodeResult, model: AnalysisModel) -> FileResult:
    """Let the model analyse a decoded file."""
    state, decoded = item.state, item.decoded
    if isinstance(decoded, DecodeFailure):
        return FileResult(state, Outcome.FAILED, decoded.reason, decoded.message)
    try:
        return _analysed(state, decoded, model.analyze_windows(decoded.windows))
    except SilentAudioError as error:
        return FileResult(state, Outcome.SILENT, error.reason, str(error))
    except AudioError as error:
        return FileResult(state, Outcome.FAILED, error.reason, str(error))


def _analysed(state: FileState, decoded: DecodedFile, moods: Moods) -> FileResult:
    track = TrackAnalysis(
        decoded.audio_fingerprint,
        decoded.tags,
        decoded.duration_s,
        moods.embedding,
        moods.mood_scores,
        moods.probabilities,
    )
    if decoded.cause is None:
        return FileResult(state, Outcome.OK, track=track)
    return FileResult(state, Outcome.PARTIAL, decoded.cause, _partial(decoded), track)


def _partial(decoded: DecodedFile) -> str:
    read = f"{decoded.read_s:,.0f} s"
    if decoded.cause == Cause.CUT_OFF:
        return f"the file is cut off: its first {read} were analysed"
    if decoded.cause == Cause.DAMAGED:
        return f"the file is damaged at {decoded.read_s:,.1f} s: what is before that was analysed"
    return f"the file is over the limit: its first {read} of {decoded.duration_s:,.0f} s were analysed"
