"""Freely licensed music is fetched from Debian's packages, without root and without changing the system.

apt keeps its state and cache in a private folder; it still checks every package against the archive's signed lists.
Nothing is installed: the packages are unpacked, their music kept, and the rest deleted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moodrec.errors import MoodrecError

COPYRIGHT: Final = "copyright"
"""Name of a package's copyright file, kept beside its music."""
TIMEOUT_S: Final = 900
"""Greatest duration of one command, in seconds."""


class FetchError(MoodrecError):
    """The music could not be fetched; the message is apt's own last line."""


@dataclass(frozen=True)
class MusicPackage:
    """A Debian package and the place of its music; everything else in it is ignored."""

    name: str
    place: str
    """Folder of the music inside the package, or a zip archive that holds it."""
    inside_zip: str = ""
    """Folder inside the archive."""
    not_music: tuple[str, ...] = ()
    """Files of the folder that are sound effects."""


PACKAGES: Final = (
    MusicPackage("singularity-music", "usr/share/games/singularity/music"),
    MusicPackage("hyperrogue-music", "usr/share/hyperrogue/music"),
    MusicPackage(
        "nexuiz-music", "usr/share/games/nexuiz/data/music.pk3", "sound/cdtracks", not_music=("thunder.ogg",)
    ),
)


def apt_is_here() -> bool:
    """Say whether this is a Debian or Ubuntu whose packages an ordinary user can fetch."""
    return Path("/etc/debian_version").exists() and all(map(shutil.which, ("apt-get", "dpkg")))


def music_is_here(home: Path) -> bool:
    """Say whether a folder holds the music of every package already."""
    return all((home / package.name).is_dir() for package in PACKAGES)


def fetch_music(home: Path, note: Callable[[str], None]) -> None:
    """Put the music of every package into ``home/<package>``, unless it is there.

    Args:
        home: folder of the music.
        note: receives a sentence on what is about to happen.

    Raises:
        FetchError: there is no network, or the packages are not available here.
    """
    home.mkdir(parents=True, exist_ok=True)
    missing = [package for package in PACKAGES if not (home / package.name).is_dir()]
    if not missing:
        return
    names = [package.name for package in missing]
    note(f"fetching {', '.join(names)} from Debian (about 200 MB, once) into {home}")
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=home) as scratch:
        _download(Path(scratch), names)
        for package in missing:
            unpack(Path(scratch), package).rename(home / package.name)


def unpack(scratch: Path, package: MusicPackage) -> Path:
    """Unpack ``scratch/<package>_*.deb``.

    Args:
        scratch: folder of the package file.
        package: what to unpack.

    Returns:
        A folder with its music and its copyright file.

    Raises:
        FetchError: there is no such file, or dpkg fails.
    """
    root, music = scratch / f"{package.name}.root", scratch / package.name
    deb = next(scratch.glob(f"{package.name}_*.deb"), None)
    if deb is None:
        raise FetchError(f"apt-get brought no {package.name}")
    _call(["dpkg", "-x", str(deb), str(root)])
    if package.inside_zip:
        _unzip(root / package.place, package.inside_zip, music)
    else:
        shutil.copytree(root / package.place, music)
    for name in package.not_music:
        (music / name).unlink(missing_ok=True)
    shutil.copy(root / "usr/share/doc" / package.name / COPYRIGHT, music / COPYRIGHT)
    return music


def _unzip(archive: Path, folder: str, target: Path) -> None:
    """Extract the files directly in ``folder``, each by its bare name, so that none can be written elsewhere."""
    target.mkdir()
    with zipfile.ZipFile(archive) as entries:
        for entry in entries.infolist():
            parent, _, name = entry.filename.rpartition("/")
            if parent == folder and name and not entry.is_dir():
                (target / name).write_bytes(entries.read(entry))


def _download(scratch: Path, names: Sequence[str]) -> None:
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    options = [
        f"Dir::State={scratch}/state",
        f"Dir::Cache={scratch}/cache",
        "Debug::NoLocking=1",  # the folder is private, and locking needs root
        "Acquire::Languages=none",
        "Acquire::Retries=1",
        "Acquire::http::Timeout=20",
        "APT::Update::Error-Mode=any",  # without network, update would only warn
        "APT::Sandbox::User=root",  # the usual helper user cannot write into a private folder
    ]
    apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
    _call([*apt, "update"], scratch)
    _call([*apt, "download", *names], scratch)


def _call(command: Sequence[str], folder: Path | None = None) -> None:
    environment = os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"{command[0]} took longer than {TIMEOUT_S} s") from None
    except OSError as error:
        raise FetchError(f"{command[0]} does not run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise FetchError(f"{command[0]}: {said[-1]}")
