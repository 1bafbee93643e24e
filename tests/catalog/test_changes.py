"""A folder that changes at random between analyses: ids follow the sound, and no sound is analysed twice."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.catalog.analyze import analyze
from moodrec.library.library import Library
from tests.catalog.corpus import retag, write_song
from tests.catalog.toy import ToyModel

SOUNDS = 3
CHANGES = st.tuples(st.sampled_from(["move", "copy", "delete", "retag", "swap"]), st.integers(0, 99))
ROUNDS = st.lists(st.lists(CHANGES, min_size=1, max_size=4), min_size=2, max_size=3)


class Folder:
    """Music files, and which sound each of them holds."""

    def __init__(self, root: Path) -> None:
        self.root, self.count = root, SOUNDS
        self.sounds = {write_song(root / f"{i}.flac", i, 0.6): i for i in range(SOUNDS)}

    def change(self, kind: str, number: int) -> None:
        if not self.sounds:
            return
        path = sorted(self.sounds)[number % len(self.sounds)]
        other = self.root / f"folder {number % 3}" / f"{self.count}.flac"
        other.parent.mkdir(exist_ok=True)
        self.count += 1
        if kind == "move":
            path.rename(other)
            self.sounds[other] = self.sounds.pop(path)
        elif kind == "copy":
            shutil.copy(path, other)
            self.sounds[other] = self.sounds[path]
        elif kind == "delete" and len(self.sounds) > 1:  # an empty folder is another story
            path.unlink()
            del self.sounds[path]
        elif kind == "retag":
            retag(path, title=f"Title {number} {self.count}")
        elif kind == "swap":
            self._swap(path, sorted(self.sounds)[(number + 1) % len(self.sounds)], other)

    def _swap(self, one: Path, two: Path, between: Path) -> None:
        if one != two:
            one.rename(between)
            two.rename(one)
            between.rename(two)
            self.sounds[one], self.sounds[two] = self.sounds[two], self.sounds[one]


@settings(max_examples=6)
@given(ROUNDS)
def test_ids_follow_the_sound_and_no_sound_is_analysed_twice(rounds: list[list[tuple[str, int]]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        music, journal = Folder(Path(place) / "music"), Path(place) / "journal"
        model = ToyModel(journal=journal)
        with Library.create(Path(place) / "library") as library:
            analyze([music.root], library, model)
            sound_of = {track: sound for path, (track, sound) in tracks(library, music).items()}
            for changes in rounds:
                for kind, number in changes:
                    music.change(kind, number)
                analyze([music.root], library, model)
                now = tracks(library, music)
                assert set(now) == set(music.sounds), "every file that is there is a track, and no other"
                for track, sound in now.values():
                    assert sound_of.setdefault(track, sound) == sound, "an id went to another sound"
                assert len({track for track, _ in now.values()}) == len(now)
                originals = library.frame()["duplicate_of"].isna().sum()
                assert originals >= len(set(music.sounds.values()))
        assert len(journal.read_text().splitlines()) == SOUNDS


def tracks(library: Library, music: Folder) -> dict[Path, tuple[str, int]]:
    """By path: the id that the library has for it, and the sound that it really holds."""
    frame = library.frame()
    pairs = zip(map(Path, frame["path"]), frame["track_id"], strict=True)
    return {path: (track, music.sounds[path]) for path, track in pairs}
