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


def test_a_link_to_nowhere_is_listed_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").symlink_to("gone.mp3")
    (tmp_path / "y.mp3").symlink_to(tmp_path / "no folder" / "z.mp3")
    assert names(tmp_path) == ["x.mp3", "y.mp3"]
    touch(tmp_path / "gone.mp3")
    assert names(tmp_path) == ["gone.mp3", "y.mp3"]


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


def reasons(folder: Path, *exclude: str) -> dict[str, str]:
    """What a scan left out, and why."""
    return {str(one.path.relative_to(folder)): str(one.why) for one in scan([folder], exclude).left_out}


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir",
        "@EADIR",
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN",
        "lost+found",
        "System Volume Information",
        "RECYCLER",
        "__MACOSX",
        "Temporary Items",
        "#snapshot",
        "@Recently-Snapshot",
    ],
)
def test_folders_of_the_system_are_left_out_and_counted(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name / "a.flac" / "SYNOINDEX_MEDIA_INFO")
    touch(tmp_path / "album" / name / "b.mp3")
    touch(tmp_path / "album" / "c.mp3")
    assert names(tmp_path) == ["album/c.mp3"]
    assert reasons(tmp_path) == {name: "system", f"album/{name}": "system"}


@pytest.mark.parametrize("name", [".Trash-1000", ".AppleDouble", ".Spotlight-V100", ".stversions"])
def test_hidden_folders_are_counted(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name / "a.mp3")
    touch(tmp_path / "._b.mp3")
    touch(tmp_path / ".hidden.txt")
    assert names(tmp_path) == []
    assert reasons(tmp_path) == {name: "hidden", "._b.mp3": "hidden"}


def test_names_that_an_album_may_have_are_searched(tmp_path: Path) -> None:
    found = ["#1 Record/a.mp3", "@home/b.mp3", "Lost and Found/c.mp3", "Recycled/d.mp3", "Trash/e.mp3"]
    for name in found:
        touch(tmp_path / name)
    assert names(tmp_path) == found


@pytest.mark.parametrize("mark", [".ndignore", ".nomedia", ".notmusic"])
def test_a_mark_leaves_out_its_folder_and_those_below(tmp_path: Path, mark: str) -> None:
    touch(tmp_path / "a" / "b" / "x.mp3")
    touch(tmp_path / "a" / "y.mp3")
    touch(tmp_path / "z.mp3")
    (tmp_path / "a" / mark).touch()
    assert names(tmp_path) == ["z.mp3"]
    assert reasons(tmp_path) == {"a": "marked"}
    (tmp_path / "a" / mark).rename(tmp_path / mark)
    assert names(tmp_path) == []


def test_a_mark_may_hold_patterns(tmp_path: Path) -> None:
    for name in ("a/x.mp3", "a/x.wav", "a/b/y.WAV", "a/b/y.mp3", "a/talk/z.mp3", "c.wav"):
        touch(tmp_path / name)
    (tmp_path / "a" / ".ndignore").write_text("# drafts\n*.wav\n/talk/\n!y.wav\n")
    assert names(tmp_path) == ["a/b/y.WAV", "a/b/y.mp3", "a/x.mp3", "c.wav"]
    assert reasons(tmp_path) == {"a/x.wav": "marked", "a/talk": "marked"}


EXCLUDED = {
    "Podcasts": ["Podcasts", "Rock/Podcasts"],
    "podcasts/": ["Podcasts", "Rock/Podcasts"],
    "/Podcasts": ["Podcasts"],
    "*.wav": ["Rock/a.wav"],
    "Rock/*.mp3": [],
    "Rock/*/*.mp3": ["Rock/Air/b.mp3", "Rock/Podcasts/e.mp3"],
    "Rock/**": ["Rock/Air", "Rock/Podcasts", "Rock/a.wav"],
    "**/Air": ["Rock/Air"],
    "Rock/**/b.mp3": ["Rock/Air/b.mp3"],
    "[PQ]odcasts": ["Podcasts", "Rock/Podcasts"],
    "[!PQ]odcasts": [],
    "./Rock/Air/": ["Rock/Air"],
    "?.mp3": ["Rock/Air/b.mp3", "Podcasts/d.mp3", "Rock/Podcasts/e.mp3"],
    "Bj\u00f6rk": ["Bjo\u0308rk"],
    "# Rock": [],
    "": [],
}


@pytest.mark.parametrize("pattern", EXCLUDED)
def test_patterns_leave_out_files_and_folders(tmp_path: Path, pattern: str) -> None:
    for name in (
        "Rock/a.wav",
        "Rock/Air/b.mp3",
        "Bjo\u0308rk/c.ogg",
        "Podcasts/d.mp3",
        "Rock/Podcasts/e.mp3",
    ):
        touch(tmp_path / name)
    assert reasons(tmp_path, pattern) == dict.fromkeys(EXCLUDED[pattern], "excluded")


def test_patterns_may_be_absolute_and_lead_over_a_link(tmp_path: Path) -> None:
    touch(tmp_path / "mnt" / "talk" / "a.mp3")
    touch(tmp_path / "mnt" / "b.mp3")
    (tmp_path / "music").symlink_to("mnt")
    for start in ("mnt", "music"):
        found = scan([tmp_path / "music"], [str(tmp_path / start / "talk")])
        assert [state.path.name for state in found.files] == ["b.mp3"]


def test_what_is_given_is_searched_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path / "@eaDir" / "a.mp3")
    assert names(tmp_path, tmp_path / "@eaDir") == ["@eaDir/a.mp3"]


def test_formats_that_are_not_decoded_are_counted(tmp_path: Path) -> None:
    for name in ("a.dsf", "b.DFF", "c.mpc", "d.mp2", "e.mp3", "cover.jpg"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["e.mp3"]
    assert reasons(tmp_path) == dict.fromkeys(["a.dsf", "b.DFF", "c.mpc", "d.mp2"], "unsupported")


def test_a_name_that_is_too_long_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        scan([tmp_path / ("x" * 300)])
