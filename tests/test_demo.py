"""The demo: where its music comes from (real packages, dpkg, a refusing apt), and what it does with it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodrec.catalog.analyze import AnalysisPlan, AnalysisProgress
from moodrec.demo import debian
from moodrec.demo.credits import Credit, read_credits
from moodrec.demo.debian import FetchError, MusicPackage
from moodrec.demo.music import choose_music
from moodrec.demo.questions import ContrastingMoods, choose_moods, choose_seeds, threshold
from moodrec.demo.run import DemoReport, run_demo
from moodrec.demo.sample import PLACES, find_sample_index
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.model.checkpoint import save_model
from moodrec.model.describe import describe_model
from tests.cli.commands import run, run_json, write_tone, write_vectors
from tests.small_model import small_network, small_spec

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


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of fetched music: three packages of three tones each, one file broken."""
    home = tmp_path_factory.mktemp("home")
    for number, package in enumerate(debian.PACKAGES):
        for step in range(3):
            write_tone(home / package.name / f"{package.name} {step}.wav", 110 * 1.3 ** (3 * number + step))
        (home / package.name / "copyright").write_text("Copyright (C) 2001 Ann\n\nGNU General Public License")
    (home / debian.PACKAGES[0].name / "broken.ogg").write_text("no music")
    return home


def run_quietly(out: Path, home: Path | None = None, own: Path | None = None) -> tuple[DemoReport, Listener]:
    listener = Listener()
    save_model(out.parent / "model", small_network(), small_spec(), graph=False)
    loaded = MoodModel.load(out.parent / "model", device="cpu")
    return run_demo(out, listener, own, loaded, 1, home), listener


class Listener:
    """Remembers what the demo told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.plans: list[AnalysisPlan] = []
        self.done: list[AnalysisProgress] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def planned(self, plan: AnalysisPlan) -> None:
        self.plans.append(plan)

    def analysed(self, progress: AnalysisProgress) -> None:
        self.done.append(progress)


def test_the_demo_analyses_asks_and_draws_and_then_has_nothing_to_do(music: Path, tmp_path: Path) -> None:
    report, listener = run_quietly(tmp_path, music)
    assert report.tracks == 9
    assert report.credits == (Credit("Ann", "GPL"),)
    assert len(listener.done) == len(listener.plans[0].files) == 10
    assert report.picture is not None
    assert report.picture.read_bytes().startswith(b"\x89PNG")
    assert len({result.seed.track_id for result in report.results}) == 3
    for result in report.results:
        for answer in result.answers:
            assert 0 < len(answer.tracks) <= 5
            assert result.seed.track_id not in set(answer.tracks["track_id"])

    again, listener = run_quietly(tmp_path, music)
    assert listener.plans[0].files == ()
    assert listener.done == []
    assert [result.seed for result in again.results] == [result.seed for result in report.results]


def test_the_commands_that_the_demo_names_work(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report, _ = run_quietly(Path("out put"), music)
    for result in report.results:
        for answer in result.answers:
            program, *args = shlex.split(answer.command)
            found = run_json(*args)
            assert program == "moodrec"
            assert [t["track_id"] for t in found["tracks"]] == list(answer.tracks["track_id"])


def test_ones_own_music_is_kept_apart_and_credits_nobody(music: Path, tmp_path: Path) -> None:
    report, _ = run_quietly(tmp_path, own=music / debian.PACKAGES[1].name)
    assert report.catalogue == tmp_path / "own-library"
    assert (report.tracks, report.credits) == (3, ())


def test_music_that_cannot_be_decoded(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "x.mp3").write_text("no music")
    with pytest.raises(NotFoundError, match="no music that can be analysed"):
        run_quietly(tmp_path / "out", own=tmp_path / "music")


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample index in place of the one that comes with moodrec, and no apt."""
    table = write_vectors(tmp_path / "v.parquet", [f"t{i}" for i in range(12)])
    run("index", "build", "--table", table, "--moods", "calm", "--out", tmp_path / "sample")
    monkeypatch.setattr("moodrec.demo.sample.PLACES", (tmp_path / "none", tmp_path / "sample"))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSIC", raising=False)
    return tmp_path / "sample"


def test_without_music_the_sample_index_is_asked(sample: Path, tmp_path: Path) -> None:
    report = run_json("demo", "--out", tmp_path / "out")
    assert (report["catalogue"], report["tracks"], report["analysed"]) == (str(sample), 12, None)
    assert "apt-get" in report["why_sample"]
    assert len(report["seeds"]) == 3
    assert Path(report["picture"]).stat().st_size > 10_000
    text = run("demo", "--out", tmp_path / "out").stdout
    assert "No music was fetched" in text
    assert "moodrec demo --music" in text


def test_without_music_and_sample_it_says_what_to_give(
    sample: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("moodrec.demo.sample.PLACES", ())
    said = run("demo", "--out", tmp_path / "out", code=3).stderr
    assert "apt-get" in said
    assert "--music FOLDER" in said


def test_seeds_are_the_quietest_the_liveliest_and_one_between() -> None:
    frame = pd.DataFrame(
        {
            "track_id": list("abcde"),
            "calm": [0.1, 0.9, 0.5, 1.0, 1.0],
            "prob_calm": [0.1, 0.6, 0.3, 0.8, 0.7],
            "energetic": [0.9, 0.1, 0.5, 0.2, 0.3],
        }
    )
    contrast = choose_moods(["sad", "calm", "energetic", "happy"])
    assert contrast == ContrastingMoods("calm", "energetic", "happy")
    assert [seed.track_id for seed in choose_seeds(frame, contrast)] == ["d", "a", "e"]
    assert [seed.track_id for seed in choose_seeds(frame.head(2), contrast)] == ["b", "a"]


@pytest.mark.parametrize(
    ("moods", "contrast"),
    [
        (["blue", "calm"], ContrastingMoods("calm", "blue", "blue")),
        (["calm"], ContrastingMoods("calm", "calm", "calm")),
        (["x", "y", "z", "happy"], ContrastingMoods("x", "y", "happy")),
    ],
)
def test_contrasting_moods_are_chosen_from_whatever_there_is(
    moods: list[str], contrast: ContrastingMoods
) -> None:
    assert choose_moods(moods) == contrast


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_threshold_is_round_and_passes_enough(scores: list[float]) -> None:
    values = np.array(scores)
    found = threshold(values)
    assert found == round(found, 1)
    assert np.count_nonzero(values >= found) >= min(len(scores), 6)


@pytest.mark.parametrize("place", PLACES)
def test_the_sample_index_is_in_both_places_and_of_the_packages_model(place: Path) -> None:
    assert find_sample_index() == PLACES[0]
    index = MoodIndex.open(place)
    assert len(index) > 600
    assert index.model_fingerprint == describe_model().fingerprint, (
        "build it anew: tools/build_sample_index.py"
    )
