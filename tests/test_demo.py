"""Where the demo's music comes from: real packages built here, a real dpkg, a real or a refusing apt."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from moodrec.demo import debian
from moodrec.demo.credits import Credit, read_credits
from moodrec.demo.debian import FetchError, MusicPackage
from moodrec.demo.music import choose_music
from moodrec.errors import NotFoundError

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs Debian's dpkg-deb")

MACHINE_READABLE = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2001 Game Author <game@example.org>
License: GPL-2+

Files: music/a*.ogg
       music/b.ogg
Copyright: 2001-2004, Ann Composer <ann@example.org>
           Bob Player
License: CC-BY-SA-3.0
 The text of the licence.

Files: sounds/*
Copyright: Noise Maker
License: CC0-1.0
"""


def build_package(folder: Path, name: str, files: dict[str, bytes]) -> None:
    """Write ``folder/<name>_1_all.deb`` with these files and a copyright file."""
    root = folder / f"{name}.build"
    control = (
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: x\n"
    )
    contents = {
        "DEBIAN/control": control.encode(),
        f"usr/share/doc/{name}/copyright": MACHINE_READABLE.encode(),
        **files,
    }
    for place, data in contents.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(data)
    deb = folder / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(root), str(deb)], check=True, capture_output=True)


@needs_dpkg
def test_only_the_music_folder_is_taken(tmp_path: Path) -> None:
    files = {
        "usr/share/g/music/a.ogg": b"a",
        "usr/share/g/music/win/b.ogg": b"b",
        "usr/share/g/sounds/c.ogg": b"c",
    }
    build_package(tmp_path, "g-music", files | {"usr/share/g/music/thunder.ogg": b"t"})
    music = debian.unpack(tmp_path, MusicPackage("g-music", "usr/share/g/music", not_music=("thunder.ogg",)))
    assert {path.relative_to(music).as_posix() for path in music.rglob("*") if path.is_file()} == {
        "a.ogg",
        "win/b.ogg",
        "copyright",
    }


@needs_dpkg
def test_music_inside_an_archive_lands_in_one_folder(tmp_path: Path) -> None:
    archive = tmp_path / "music.pk3"
    with zipfile.ZipFile(archive, "w") as entries:
        for name in (
            "sound/cd/a.ogg",
            "sound/cd/deeper/x.ogg",
            "sound/hit.ogg",
            "../../evil.ogg",
            "sound/cd/../y.ogg",
        ):
            entries.writestr(name, name)
    build_package(tmp_path, "z-music", {"usr/share/z/music.pk3": archive.read_bytes()})
    music = debian.unpack(tmp_path, MusicPackage("z-music", "usr/share/z/music.pk3", inside_zip="sound/cd"))
    assert sorted(path.name for path in music.iterdir()) == ["a.ogg", "copyright"]
    assert not list(tmp_path.parent.glob("evil.ogg"))


def test_a_package_that_did_not_come(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="brought no g-music"):
        debian.unpack(tmp_path, MusicPackage("g-music", "usr"))


def test_credits_name_the_makers_of_the_music_alone(tmp_path: Path) -> None:
    place = tmp_path / "copyright"
    place.write_text(MACHINE_READABLE)
    makers = (Credit("Ann Composer", "CC-BY-SA-3.0"), Credit("Bob Player", "CC-BY-SA-3.0"))
    assert read_credits(place, ["a1.ogg", "b.ogg"]) == makers
    assert read_credits(place, ["c.ogg"]) == (Credit("Game Author", "GPL-2+"),)
    assert read_credits(place, []) == ()


@pytest.mark.parametrize(
    ("text", "credit"),
    [
        (
            "Copyright (C) 2007-2008,2012 Max\n\nLicence: Attribution, ShareAlike",
            Credit("Max", "CC BY-SA 3.0"),
        ),
        ("Game is © 2002 - 2009 A, B <b@c.org>\nGNU General Public License", Credit("A, B", "GPL")),
        ("(C) nobody said under what", None),
    ],
)
def test_credits_from_prose(tmp_path: Path, text: str, credit: Credit | None) -> None:
    place = tmp_path / "copyright"
    place.write_text(text)
    assert read_credits(place, ["a.ogg"]) == ((credit,) if credit else ())


def test_ones_own_music_comes_first(tmp_path: Path) -> None:
    assert choose_music(tmp_path, pytest.fail, tmp_path / "home").folders == (tmp_path,)
    with pytest.raises(NotFoundError, match="gone"):
        choose_music(tmp_path / "gone", pytest.fail)


def test_what_was_fetched_once_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for package in debian.PACKAGES:
        (tmp_path / package.name).mkdir()
    music = choose_music(None, pytest.fail, tmp_path)
    assert music.fetched
    assert [folder.name for folder in music.folders] == [package.name for package in debian.PACKAGES]


def test_without_apt_there_is_no_music_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    music = choose_music(None, pytest.fail, tmp_path / "home")
    assert music.folders == ()
    assert "Debian" in music.why_none


@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="needs Debian")
def test_when_apt_fails_its_last_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("apt-get", "dpkg"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'W: noise' >&2\necho 'E: no network today' >&2\nexit 100\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    notes: list[str] = []
    music = choose_music(None, notes.append, tmp_path / "home")
    assert (music.folders, music.why_none) == ((), "apt-get: E: no network today")
    assert "200 MB" in notes[0]
    assert list((tmp_path / "home").iterdir()) == [], "nothing half-fetched stays"
