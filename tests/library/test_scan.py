from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from moodrec.errors import NotFoundError
from moodrec.library.scan import scan


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(folder: Path, *folders: Path) -> list[str]:
    found = scan(folders or [folder]).files
    return [str(state.path.relative_to(folder)) for state in found]


def test_music_is_found_by_its_suffix_at_any_depth(tmp_path: Path) -> None:
    for name in ("a.mp3", "b/c.FLAC", "b/d/e.Opus", "b/cover.jpg", "notes.txt", "f"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["a.mp3", "b/c.FLAC", "b/d/e.Opus"]


def test_state_tells_size_and_time(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.mp3")
    (state,) = scan([tmp_path]).files
    assert (state.path, state.size, state.mtime_ns) == (path, 1, path.stat().st_mtime_ns)


def test_hidden_names_are_passed_over(tmp_path: Path) -> None:
    for name in ("._a.mp3", ".trash/b.mp3", "c.mp3"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["c.mp3"]


def test_a_hidden_folder_can_be_asked_for(tmp_path: Path) -> None:
    touch(tmp_path / ".music" / "a.mp3")
    assert names(tmp_path, tmp_path / ".music") == [".music/a.mp3"]


def test_links_that_go_round_in_circles(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "b" / "x.mp3")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "a" / "self.mp3").symlink_to("self.mp3")
    assert names(tmp_path) == ["a/b/x.mp3", "a/self.mp3"]


def test_a_file_reached_twice_is_found_once_under_its_own_name(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "x.mp3")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "link.mp3").symlink_to("real/x.mp3")
    assert names(tmp_path) == ["real/x.mp3"]
    assert names(tmp_path, tmp_path / "again", tmp_path / "real", tmp_path) == ["real/x.mp3"]


def test_links_lead_out_of_the_folder(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere" / "x.mp3")
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "link").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path, tmp_path / "music") == ["elsewhere/x.mp3"]


def test_a_link_to_nowhere_is_listed(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").symlink_to("gone.mp3")
    assert names(tmp_path) == ["gone.mp3"]


def test_a_folder_named_like_music_is_searched_and_listed_if_there_is_none_in_it(tmp_path: Path) -> None:
    touch(tmp_path / "album.flac" / "a.mp3")
    (tmp_path / "x.wav").mkdir()
    assert names(tmp_path) == ["album.flac/a.mp3", "x.wav"]


def test_a_single_file_may_be_named(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp3")
    other = touch(tmp_path / "b")
    assert names(tmp_path, other) == ["b"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        scan([tmp_path / "none"])


def test_folders_that_may_not_be_opened_are_named() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        touch(folder / "b.mp3")
        closed = touch(folder / "closed" / "a.mp3").parent
        closed.chmod(0)
        user = os.geteuid()
        try:
            if user == 0:  # nothing is closed to root
                os.seteuid(65534)
            found = scan([folder])
        finally:
            os.seteuid(user)
            closed.chmod(0o755)
    assert [state.path.name for state in found.files] == ["b.mp3"]
    assert found.unreadable == (closed,)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp3")
    touch(tmp_path / name)
    assert names(tmp_path) == [name]
