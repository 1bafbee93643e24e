"""CUE sheets divide long files into tracks; each is an entry of the library then, in place of the file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from moodrec.audio.cue import CueTrack, read_cue
from moodrec.audio.opening import printable
from moodrec.errors import AudioError
from moodrec.library.records import FileState, Section


@dataclass(frozen=True)
class Divided:
    """The files of a scan, in which tracks of sheets stand in place of the files that they lie in."""

    files: tuple[FileState, ...]
    faults: tuple[str, ...]
    """What is wrong with sheets that could not be used, one line each."""


def sheet_and_number(path: Path) -> tuple[Path, int]:
    """Read the sheet, and the number of the track in it, out of the path of a track of a sheet."""
    sheet, _, number = str(path).rpartition("#")
    return Path(sheet), int(number)


def divide(files: Sequence[FileState], sheets: Iterable[Path]) -> Divided:
    """Put the tracks of sheets in place of the files that they lie in.

    Where several sheets tell of one file, the first counts. A file that was not found is not divided.

    Args:
        files: the files that a scan found.
        sheets: the sheets to go by.
    """
    states = {state.path: state for state in files}
    entries: list[FileState] = []
    divided: set[Path] = set()
    faults: list[str] = []
    for sheet in sheets:
        try:
            tracks, changed_ns = read_cue(sheet), sheet.stat().st_mtime_ns
        except AudioError as error:
            faults.append(str(error))
            continue
        except OSError as error:  # the sheet has gone since it was read
            faults.append(f"{printable(sheet)}: cannot be read ({error.strerror})")
            continue
        of_sheet = [(Path(os.path.realpath(track.audio)), track) for track in tracks]
        found = [(audio, track) for audio, track in of_sheet if audio in states and audio not in divided]
        divided.update(audio for audio, _ in found)
        entries += [_entry(sheet, changed_ns, states[audio], track) for audio, track in found]
    kept = [state for state in files if state.path not in divided]
    return Divided(tuple(sorted([*kept, *entries], key=lambda state: str(state.path))), tuple(faults))


def dividing(sheets: Iterable[Path]) -> list[Path]:
    """List the sheets that would divide a file that is there."""
    found = []
    for sheet in sheets:
        try:
            if read_cue(sheet):
                found.append(sheet)
        except AudioError:
            continue
    return found


def _entry(sheet: Path, changed_ns: int, audio: FileState, track: CueTrack) -> FileState:
    latest = max(audio.mtime_ns, changed_ns)
    path = Path(f"{sheet}#{track.number}")
    return FileState(path, audio.size, latest, Section(audio.path, track.start_s))
