"""What a library of somebody else says of the files of this machine: no tag is written on its word alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.catalog.tag_moods import plan_mood_tags, plan_old_tags
from moodrec.errors import CorruptStoreError
from moodrec.library.library import Library
from moodrec.library.records import FileState, ModelRecord
from tests.catalog.corpus import write_song
from tests.library.tracks import MODEL, analysed, state_of


def naming(folder: Path, state: FileState, model: ModelRecord = MODEL) -> Library:
    """A library that names a file, and says that it has kept its tags."""
    library = Library.create(folder)
    with library.writer():
        library.register_model(model)
        track = library.acknowledge(model, analysed(state, model=model))
        assert track is not None
        library.back_up_tags(track, {"MOOD": ["gone"]})
    return library


def test_a_file_that_the_library_has_never_seen(tmp_path: Path) -> None:
    song = write_song(tmp_path / "mine.flac", 1)
    before = song.read_bytes()
    with naming(tmp_path / "library", FileState(song, 123, 456)) as library:
        for plan in (plan_mood_tags(library), plan_old_tags(library)):
            assert plan.changes == ()
            assert [one.reason for one in plan.left_alone] == ["changed"]
    assert song.read_bytes() == before


@pytest.mark.parametrize("content", [b"root:x:0:0", b"", bytes(4096)])
def test_a_file_that_is_no_music(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "passwd"
    place.write_bytes(content)
    with naming(tmp_path / "library", state_of(place)) as library:
        for plan in (plan_mood_tags(library), plan_old_tags(library)):
            assert plan.changes == ()
            assert [one.reason for one in plan.left_alone] in (["no_tags"], ["empty"])
    assert place.read_bytes() == content


@pytest.mark.parametrize("place", ["/dev/zero", "/proc/self/mem", "relative.flac", "../up.flac"])
def test_what_is_no_file(tmp_path: Path, place: str) -> None:
    with naming(tmp_path / "library", FileState(Path(place), 0, 0)) as library:
        assert plan_mood_tags(library).changes == ()


def test_moods_that_cannot_name_a_tag(tmp_path: Path) -> None:
    song = write_song(tmp_path / "mine.flac", 1)
    model = ModelRecord("f00d", "toy", ("calm", "X=1\nARTIST"), 4)
    with (
        naming(tmp_path / "library", state_of(song), model) as library,
        pytest.raises(CorruptStoreError, match="cannot name a tag"),
    ):
        plan_mood_tags(library)
