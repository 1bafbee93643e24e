"""Moods are written into the tags of the files, and can be taken back: the library keeps the earlier tags."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.arguments import brief, every_of, flag, plain, share
from moodrec.audio.mood_tags import MOOD, OURS, MoodTags, read_mood_tags, write_mood_tags
from moodrec.audio.opening import printable
from moodrec.errors import AudioError, CorruptStoreError
from moodrec.given import path_of
from moodrec.library.library import Library
from moodrec.library.records import FileRecord, FileState
from moodrec.schema import TRACK_ID, is_mood_name

MODEL_FIELD: Final = f"{OURS}MODEL"
"""Field that holds the fingerprint of the model that computed a file's scores."""
# These are positions on a scale: "valence" in a list of moods would say nothing.
_SCALES: Final = frozenset({"valence", "arousal"})


@dataclass(frozen=True)
class TagChange:
    """The planned change of one file's mood fields; a field without texts is deleted."""

    track_id: str
    state: FileState
    before: MoodTags
    after: MoodTags

    @property
    def is_none(self) -> bool:
        """Say whether the file needs no change."""
        return self.before == {name: texts for name, texts in self.after.items() if texts}


@dataclass(frozen=True)
class Untaggable:
    """A file that is left unchanged, and why."""

    path: Path
    reason: str
    message: str


@dataclass(frozen=True)
class TagPlan:
    """The changes that writing tags, or taking them back, would make."""

    changes: tuple[TagChange, ...]
    already: int
    """Number of files that need no change."""
    left_alone: tuple[Untaggable, ...]
    unchanged: tuple[str, ...] = ()
    """Ids of the tracks whose files need no change."""


@dataclass(frozen=True)
class TagWriteReport:
    """What was written, and what failed."""

    written: int
    failures: tuple[Untaggable, ...]


def plan_mood_tags(
    library: Library,
    threshold: float = 0.8,
    replace_mood: bool = False,
    within: Sequence[Path | str] | None = None,
) -> TagPlan:
    """Plan the mood fields of each file; nothing is written.

    ``MOODREC_<MOOD>`` holds a score with two decimals, ``MOODREC_MODEL`` the model's fingerprint, and ``MOOD`` the
    names of the moods from ``threshold`` on, the strongest first. A ``MOOD`` that the file had of its own stays.

    Args:
        library: the library whose current model's scores are written.
        threshold: a mood score in [0, 1].
        replace_mood: whether to replace a ``MOOD`` that the file had of its own.
        within: folders or files; others are left alone. None is wherever the library says, for libraries that you
            made yourself. A file that a link leads to is left alone in any case.

    Raises:
        NotFoundError: nothing was analysed.
        UsageError: the threshold is out of range.
        CorruptStoreError: the library's moods have other names than models can give.
    """
    threshold, replace_mood = share(threshold, "threshold"), flag(replace_mood, "replace_mood")
    snapshot, backups = library.snapshot(), library.tag_backups()
    moods = list(snapshot.model.moods)
    if wrong := [mood for mood in moods if not is_mood_name(mood)]:
        raise CorruptStoreError(f"{library.path}: the library's mood {brief(wrong[0])} cannot name a tag")
    rows = zip(snapshot.frame[TRACK_ID], snapshot.frame[moods].to_numpy().tolist(), strict=True)
    scores = {str(track_id): dict(zip(moods, row, strict=True)) for track_id, row in rows}

    def new_tags(track_id: str, before: MoodTags) -> MoodTags:
        tags = _tags(scores[track_id], snapshot.model.fingerprint, threshold)
        own = backups.get(track_id, before).get(MOOD)
        return tags | {MOOD: own} if own and not replace_mood else tags

    return _plan(_files(library, scores), new_tags, within)


def plan_old_tags(library: Library, within: Sequence[Path | str] | None = None) -> TagPlan:
    """Plan to restore the tags of each file that moods were written to; nothing is written.

    Args:
        library: the library that holds the earlier tags.
        within: as for :func:`plan_mood_tags`.
    """
    backups = library.tag_backups()

    def new_tags(track_id: str, before: MoodTags) -> MoodTags:
        empty: MoodTags = {name: [] for name in before}
        return empty | backups[track_id]

    return _plan(_files(library, backups.keys()), new_tags, within)


def write_tags(
    plan: TagPlan, library: Library, on_progress: Callable[[int, int], None] | None = None
) -> TagWriteReport:
    """Write a plan of :func:`plan_mood_tags`; the library stores the files' earlier tags first.

    Args:
        plan: the changes.
        library: the library of the files.
        on_progress: called after each file with the number done and the number of all.

    Raises:
        StoreLockedError: another process is writing to the library.
    """

    def write(change: TagChange) -> None:
        # The backup comes first: killed between the two, the library knows a backup that is still correct.
        is_first = library.back_up_tags(change.track_id, change.before)
        try:
            write_mood_tags(change.state.path, change.after)
        except AudioError:
            if is_first:
                library.forget_tag_backup(change.track_id)
            raise

    return _carry_out(plan, library, write, on_progress)


def take_back_tags(
    plan: TagPlan, library: Library, on_progress: Callable[[int, int], None] | None = None
) -> TagWriteReport:
    """Write a plan of :func:`plan_old_tags`.

    Args:
        plan: the changes.
        library: the library of the files.
        on_progress: called after each file with the number done and the number of all.

    Raises:
        StoreLockedError: another process is writing to the library.
    """

    def write(change: TagChange) -> None:
        write_mood_tags(change.state.path, change.after)
        library.forget_tag_backup(change.track_id)

    report = _carry_out(plan, library, write, on_progress)
    with library.writer():
        for track_id in plan.unchanged:  # they have their old tags: nothing is to be put back any more
            library.forget_tag_backup(track_id)
    return report


def _tags(scores: dict[str, float], model_fingerprint: str, threshold: float) -> MoodTags:
    named = [mood for mood, score in scores.items() if score >= threshold and mood not in _SCALES]
    return {
        MOOD: sorted(named, key=lambda mood: -scores[mood]),
        **{OURS + mood.upper(): [f"{score:.2f}"] for mood, score in scores.items()},
        MODEL_FIELD: [model_fingerprint],
    }


def _files(library: Library, track_ids: Iterable[str]) -> list[FileRecord]:
    ids = set(track_ids)
    return [record for record in library.files().values() if not record.missing and record.track_id in ids]


def _plan(
    files: Sequence[FileRecord],
    new_tags: Callable[[str, MoodTags], MoodTags],
    within: Sequence[Path | str] | None,
) -> TagPlan:
    changes, unchanged, left_alone = [], [], []
    roots = None if within is None else [Path(os.path.realpath(place)) for place in _places(within)]
    for record in files:
        try:
            _require_inside(record.state.path, roots)
            change = _change(record, new_tags)
        except AudioError as error:
            left_alone.append(Untaggable(record.state.path, error.reason, str(error)))
            continue
        if change.is_none:
            unchanged.append(change.track_id)
        else:
            changes.append(change)
    return TagPlan(tuple(changes), len(unchanged), tuple(left_alone), tuple(unchanged))


def _places(within: Sequence[Path | str]) -> list[Path]:
    given = plain(within)
    given = [given] if isinstance(given, str | Path) or not isinstance(given, Iterable) else given
    return [path_of(place, "within") for place in every_of(given, "within")]


def _require_inside(path: Path, roots: Sequence[Path] | None) -> None:
    """Refuse a path that leads through a link, as none of a scan does, or out of the folders that were named."""
    real = os.path.realpath(path)
    if real != str(path):
        raise AudioError(
            f"{printable(path)}: leads elsewhere, through a link or upwards; analyze it again", "link"
        )
    if roots is not None and not any(path.is_relative_to(root) for root in roots):
        raise AudioError(f"{printable(path)}: lies outside the folders that were named", "outside")


def _change(record: FileRecord, new_tags: Callable[[str, MoodTags], MoodTags]) -> TagChange:
    path, track_id = record.state.path, record.track_id or ""
    if record.state.section is not None:
        raise AudioError(f"{path}: shares its file with the other tracks of its CUE sheet", "section")
    if state_of(path) != record.state:
        raise AudioError(f"{path}: has changed since it was analysed; run moodrec analyze first", "changed")
    before = read_mood_tags(path)
    return TagChange(track_id, record.state, before, new_tags(track_id, before))


def _carry_out(
    plan: TagPlan,
    library: Library,
    write: Callable[[TagChange], None],
    on_progress: Callable[[int, int], None] | None,
) -> TagWriteReport:
    failures: list[Untaggable] = []
    with library.writer():
        for done, change in enumerate(plan.changes, 1):
            try:
                _require_inside(change.state.path, None)  # again: the plan may be old
                write(change)
                library.note_new_state(state_of(change.state.path))
            except AudioError as error:
                failures.append(Untaggable(change.state.path, error.reason, str(error)))
            if on_progress is not None:
                on_progress(done, len(plan.changes))
    return TagWriteReport(len(plan.changes) - len(failures), tuple(failures))


def state_of(path: Path) -> FileState:
    """Read the current state of a file.

    Raises:
        AudioError: it is not there.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror}", "missing") from None
    return FileState(path, status.st_size, status.st_mtime_ns)
