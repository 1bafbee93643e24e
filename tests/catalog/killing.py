"""Analysis and index updates in processes that are killed at random moments, and what must hold afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from moodrec.errors import NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from tests.catalog.corpus import write_songs

ROOT = Path(__file__).parents[2]
_START = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
from pathlib import Path
from moodrec.catalog.analyze import plan_analysis, run_analysis
from moodrec.catalog.refresh import refresh_index
from moodrec.library.library import Library
from tests.catalog.toy import ToyModel
folder, place = map(Path, sys.argv[1:])
model = ToyModel()
def acknowledged(progress):
    state = progress.last.state
    print("track", state.path.name, library.files()[state.path].track_id, flush=True)
print("ready", flush=True)
"""
ANALYSIS = f"""{_START}
with Library.open_or_create(place) as library:
    run_analysis(plan_analysis([folder], library, model, jobs=2), library, model, 2, acknowledged)
    print("index", refresh_index(library).library_revision, flush=True)
"""
INDEX_UPDATES = f"""{_START}
with Library.open(place) as library, library.writer():
    states = [record.state for record in library.files().values()]
    for turn in range(10_000):
        library.mark_missing(states[turn % len(states):][:3])
        print("index", refresh_index(library, ("flat", "ivf", "hnsw")[turn % 3]).library_revision, flush=True)
        library.mark_present(states)
"""
PROGRAMS = {"analysis": ANALYSIS, "index updates": INDEX_UPDATES}


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it had told until then."""

    code: int
    tracks: dict[str, str]
    """Id by name of the files that it had acknowledged."""
    revision: int
    """Of the last index that it had finished; -1 if none."""
    errors: str
    seconds: float
    """From when it was ready to its end."""


@dataclass
class Victim:
    """A library that is worked on by processes which do not live long."""

    root: Path
    songs: int = 24
    tracks: dict[str, str] = field(default_factory=dict)
    """Everything that was ever acknowledged."""
    revision: int = -1

    def __post_init__(self) -> None:
        self.music, self.place = self.root / "music", self.root / "library"
        if not self.music.exists():
            write_songs(self.music, self.songs, ".wav")

    def run(self, kind: str, seconds: float | None, prefix: Sequence[str] = (), lines: int = 1) -> Ended:
        """Run a program, killed so many seconds after its first lines; None lets it end by itself.

        The first line says that it is ready, each further one that something was acknowledged.
        """
        command = [*prefix, sys.executable, "-c", PROGRAMS[kind], str(self.music), str(self.place)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = [process.stdout.readline() for _ in range(lines)]
            begun = time.perf_counter()
            if seconds is not None:
                time.sleep(seconds)
                process.kill()
            told, errors = process.communicate(timeout=120)
            told = "".join(first) + told
            lasted = time.perf_counter() - begun
        words = [line.split() for line in told.splitlines() if line.endswith(tuple("0123456789abcdef"))]
        tracks = {line[1]: line[2] for line in words if line[0] == "track" and len(line) == 3}
        revisions = [int(line[1]) for line in words if line[0] == "index"]
        ended = Ended(process.returncode, tracks, max(revisions, default=-1), errors, lasted)
        self.tracks |= ended.tracks
        self.revision = max(self.revision, ended.revision)
        return ended

    def check(self) -> dict[str, int]:
        """What must hold whenever a process was killed; figures for a report.

        Raises:
            AssertionError: a track is lost, or something does not open.
        """
        acknowledged = 0
        if (self.place / "library.sqlite").exists() or self.tracks:
            with Library.open_or_create(self.place) as library:
                ids = {path.name: record.track_id for path, record in library.files().items()}
                assert {name: ids.get(name) for name in self.tracks} == self.tracks, "a track is lost"
                assert library.damaged() == []
                acknowledged = len(ids)
        return {"acknowledged": acknowledged, "indexed": self._check_index(set(self.tracks.values()))}

    def _check_index(self, told: set[str]) -> int:
        index = None
        with suppress(NotFoundError):
            index = MoodIndex.open(self.place / "index")
        assert index is not None or self.revision < 0, "an index is lost"
        if index is None:
            return 0
        index.verify()
        assert index.library_revision is not None
        assert index.library_revision >= self.revision, "an index went back"
        assert set(index.track_ids) <= told or len(told) < self.songs
        hits = index.similar_to(index.track_ids[:1], 3)
        assert int(hits.counts[0]) == min(3, len(index) - 1)
        return len(index)

    def same_as_undisturbed(self, other: Victim) -> None:
        """Raises AssertionError where the outcome differs from that of a library that nothing befell."""
        with Library.open(self.place) as mine, Library.open(other.place) as theirs:
            frames = [library.frame().sort_values("path") for library in (mine, theirs)]
            names = [[Path(path).name for path in frame["path"]] for frame in frames]
            assert names[0] == names[1]
            rows = [frame.index.to_numpy() for frame in frames]
            np.testing.assert_array_equal(mine.embeddings()[rows[0]], theirs.embeddings()[rows[1]])
