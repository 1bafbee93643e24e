"""One folder of all that real collections hold: each file ends with one outcome, and nothing stops the run."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from mutagen.apev2 import APEv2
from numpy.typing import NDArray

from moodrec.library.library import Library
from tests.audio.sounds import tone, write_any, write_av, write_sound
from tests.audio.test_cue import SHEET
from tests.audio.test_tag_readers import chunk, frame, tag, with_chunk
from tests.audio.test_whole import ID3V1, id3, of_unknown_length
from tests.catalog.corpus import write_broken
from tests.cli.commands import run, run_json, write_model

RATE = 16_000
LONG = "\u00f6" * 122 + ".flac"


def sound(pitch: float, seconds: float = 1.2) -> NDArray[np.float32]:
    """A tone with overtones of its own for each pitch."""
    parts = sum(tone(pitch * k, seconds, RATE, 0.2) / k for k in (1, 2, 3))
    assert isinstance(parts, np.ndarray)
    return parts.astype(np.float32)


def fill(folder: Path) -> dict[str, str]:
    """Write the files, and give the outcome that each must have."""
    pitches = iter(110.0 * 1.06**step for step in range(100))

    def write(name: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_any(path, sound(next(pitches)), RATE)

    def wrap(name: str, front: bytes = b"", behind: bytes = b"") -> None:
        path = write(name)
        path.write_bytes(front + path.read_bytes() + behind)

    broken = write_broken(folder / "broken")
    expected = {f"broken/{name}": outcome for name, outcome in broken.items()}
    ok = [
        "plain.ogg",
        unicodedata.normalize("NFD", "Bj\u00f6rk.flac"),
        "line\nbreak\x1b[31m.wav",
        "a.aiff",
        "b.opus",
    ]
    for name in ok:
        write(name)
    (folder / "long").mkdir()
    write("short.flac").rename(folder / "long" / LONG)
    ok.append(f"long/{LONG}")
    # Not what they are called.
    for real, called in ((".m4a", "m4a.mp3"), (".mp3", "mp3.m4a"), (".ogg", "ogg.flac"), (".wma", "wma.wav")):
        write(f"x{real}").rename(folder / called)
        ok.append(called)
    # Whole, whatever stands around the audio.
    wrap("id3v1.flac", behind=ID3V1)
    path = write("unknown.flac")
    path.write_bytes(of_unknown_length(path.read_bytes()))
    wrap("art.mp3", front=id3(300_000, plain=True))
    wrap("junk.mp3", front=bytes(70_000) + tag(3, frame(b"TIT2", b"\0Behind junk")))
    wrap("chain.oga", behind=write("link.ogg").read_bytes())
    bits = folder / "bits.flac"
    write_av(bits, sound(next(pitches)), RATE, kind=("flac", "flac"), sample_format="s32", strict="-2")
    write_av(folder / "mp3-in.wav", sound(next(pitches)), RATE, kind=("wav", "mp3"), layout="mono")
    with_chunk(write("info.wav"), chunk(b"LIST", b"INFO" + chunk(b"INAM", b"In a chunk\0")))
    tags = APEv2()
    tags["Title"] = "In APE"
    tags.save(write("ape.mp3"))
    ok += [
        "id3v1.flac",
        "unknown.flac",
        "art.mp3",
        "junk.mp3",
        "chain.oga",
        "link.ogg",
        "bits.flac",
        "mp3-in.wav",
    ]
    ok += ["info.wav", "ape.mp3"]
    # Channels that cancel out.
    x = sound(next(pitches))
    write_sound(folder / "inverted.flac", np.stack([x, -x], 1), RATE)
    write_sound(folder / "surround.wav", np.stack([x, -x, 0 * x, 0 * x, x / 2, -x / 2], 1), RATE)
    # Mostly silence.
    write_sound(folder / "hidden.flac", np.concatenate([x, np.zeros(30 * RATE, np.float32), x]), RATE)
    ok += ["inverted.flac", "surround.wav", "hidden.flac"]
    # An album in one file.
    (folder / "album").mkdir()
    album = np.concatenate([sound(pitch, 1.5) for pitch in (333.0, 222.0)])
    write_any(folder / "album" / "cd.flac", album, RATE)
    (folder / "album" / "cd.cue").write_text(SHEET.format(file="cd.wav"))
    ok += [f"album/cd.cue#{number}" for number in (1, 2, 3)]
    # No music.
    for name in (
        "@eaDir/plain.ogg/SYNOINDEX",
        "#recycle/a.mp3",
        "._plain.ogg",
        "secret/.nomedia",
        "secret/b.mp3",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    for name in ("c.dsf", "d.mpc", "e.mp2", "talk.mp3"):
        (folder / name).write_bytes(b"x")
    return expected | dict.fromkeys(ok, "ok None")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], Path]:
    """The folder, the outcomes, and the library that they were analysed into."""
    place = tmp_path_factory.mktemp("collection")
    (place / "music").mkdir()
    expected = fill(place / "music")
    model = write_model(place / "model")
    command = ("analyze", place / "music", "--library", place / "lib", "--model", model, "--jobs", 2, "--cue")
    found = run_json(*command, "--exclude", "talk.*", code=6)
    assert sum(found["outcomes"].values()) == len(expected)
    assert found["left_out"] == {"hidden": 1, "system": 2, "marked": 1, "excluded": 1, "unsupported": 3}
    again = run_json(*command, "--exclude", "talk.*")
    assert (again["to_analyse"], sum(again["outcomes"].values())) == (0, 0)
    return place / "music", expected, place / "lib"


def test_each_file_ends_with_its_outcome(collection: tuple[Path, dict[str, str], Path]) -> None:
    music, expected, library = collection
    with Library.open(library) as store:
        records = store.files().values()
    found = {os.path.relpath(r.state.path, music): f"{r.outcome} {r.reason}" for r in records}
    assert found == expected


def test_tags_and_lengths_are_those_of_the_files(collection: tuple[Path, dict[str, str], Path]) -> None:
    music, _, library = collection
    with Library.open(library) as store:
        frame = store.frame()
    titles = dict(zip(frame["path"], frame["title"], strict=True))
    assert titles[str(music / "junk.mp3")] == "Behind junk"
    assert titles[str(music / "info.wav")] == "In a chunk"
    assert titles[str(music / "ape.mp3")] == "In APE"
    lengths = dict(zip(frame["path"], frame["duration"], strict=True))
    assert lengths[str(music / "chain.oga")] == pytest.approx(2.4, abs=0.05)
    assert lengths[str(music / "hidden.flac")] == pytest.approx(32.4, abs=0.01)


def test_tags_are_written_and_taken_back(collection: tuple[Path, dict[str, str], Path]) -> None:
    music, _, library = collection
    written = run_json("library", "write-tags", "--library", library, "--apply")
    assert written["written"] > 15
    assert str(music / "long" / LONG) not in {file["path"] for file in written["left_alone"]}
    assert (
        run_json("library", "restore-tags", "--library", library, "--apply")["written"] == written["written"]
    )


def test_what_is_exported_and_listed_can_be_read(
    collection: tuple[Path, dict[str, str], Path], tmp_path: Path
) -> None:
    _, expected, library = collection
    run("export", tmp_path / "out.parquet", "--library", library)
    tracks = sum(not outcome.startswith(("failed", "silent")) for outcome in expected.values())
    assert pq.read_table(tmp_path / "out.parquet").num_rows == tracks
    assert len(run_json("list", "--library", library, "--where", "path LIKE '%Bj\u00f6rk%'")["tracks"]) == 1
    run("list", "--library", library)
    made = run_json(
        "playlist", "radio", "In APE", "--library", library, "--n", "5", "--out", tmp_path / "x.m3u8"
    )
    assert len(made["tracks"]) == 5
    assert (tmp_path / "x.m3u8").read_text().startswith("#EXTM3U")
