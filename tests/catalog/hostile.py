"""Files that a music folder should not hold and does: damaged ones by the thousand, known troublemakers by hand."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.audio.sounds import tone, write_any
from tests.catalog.corpus import noise

FORMATS = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a")
RATE = 48_000
Mutation = Callable[[bytearray, np.random.Generator], None]


def originals(folder: Path) -> dict[str, list[bytes]]:
    """Two sound recordings in each format."""
    folder.mkdir(parents=True, exist_ok=True)
    sounds = [0.4 * noise(1.0, 5), 0.3 * tone(220.0, 1.5) + 0.1 * noise(1.5, 6)]
    return {
        suffix: [
            write_any(folder / f"{number}{suffix}", sound).read_bytes() for number, sound in enumerate(sounds)
        ]
        for suffix in FORMATS
    }


def mutant(number: int, sources: dict[str, list[bytes]]) -> tuple[str, str, bytes]:
    """The ``number``-th damaged file: its suffix, the names of what was done to it, and its content."""
    rng = np.random.default_rng([number, 20])
    suffix = FORMATS[number % len(FORMATS)]
    content = bytearray(sources[suffix][int(rng.integers(2))])
    names = [str(name) for name in rng.choice(list(MUTATIONS), rng.integers(1, 4))]
    for name in names:
        if content:
            MUTATIONS[name](content, rng)
    return suffix, "+".join(names), bytes(content)


def _place(content: bytearray, rng: np.random.Generator) -> int:
    """Anywhere, but in half the cases in the first kilobyte, where the headers are."""
    return int(rng.integers(min(len(content), 1024) if rng.random() < 0.5 else len(content)))


def _flip(content: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 20)):
        content[_place(content, rng)] ^= 1 << int(rng.integers(8))


def _overwrite(content: bytearray, rng: np.random.Generator) -> None:
    place, length = _place(content, rng), int(rng.integers(1, 200))
    content[place : place + length] = rng.bytes(len(content[place : place + length]))


def _cut(content: bytearray, rng: np.random.Generator) -> None:
    del content[_place(content, rng) :]


def _insert(content: bytearray, rng: np.random.Generator) -> None:
    place = _place(content, rng)
    content[place:place] = rng.bytes(int(rng.integers(1, 200)))


def _leave_out(content: bytearray, rng: np.random.Generator) -> None:
    place = _place(content, rng)
    del content[place : place + int(rng.integers(1, 2000))]


def _zero(content: bytearray, rng: np.random.Generator) -> None:
    place, length = _place(content, rng), int(rng.integers(1, 4000))
    content[place : place + length] = bytes(len(content[place : place + length]))


def _repeat(content: bytearray, rng: np.random.Generator) -> None:
    place = _place(content, rng)
    content[place:place] = content[place : place + int(rng.integers(1, 4000))]


def _lie(content: bytearray, rng: np.random.Generator) -> None:
    """A huge, small or negative number where a header may keep a length or a count."""
    number = int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFF]))
    place = int(rng.integers(min(len(content), 512)))
    content[place : place + 4] = struct.pack(rng.choice(["<I", ">I"]), number)[: len(content) - place]


def _disguise(content: bytearray, rng: np.random.Generator) -> None:
    heads = (b"RIFF", b"OggS", b"fLaC", b"ID3\x04", b"\0\0\0\x20ftyp", b"FORM", b"#EXTM3U\n", b"ffconcat")
    head = heads[int(rng.integers(len(heads)))]
    content[: len(head)] = head


MUTATIONS: dict[str, Mutation] = {
    "flip": _flip,
    "overwrite": _overwrite,
    "cut": _cut,
    "insert": _insert,
    "leave out": _leave_out,
    "zero": _zero,
    "repeat": _repeat,
    "lie": _lie,
    "disguise": _disguise,
}


def write_by_hand(folder: Path) -> dict[str, str]:
    """One file for each known trouble; the outcome, and the reason if any, that each must get."""
    folder.mkdir(parents=True, exist_ok=True)
    expected: dict[str, str] = {}

    def sound(name: str, samples: object, rate: int, outcome: str, **options: str) -> None:
        soundfile.write(folder / name, samples, rate, **options)
        expected[name] = outcome

    def raw(name: str, content: bytes, outcome: str) -> None:
        (folder / name).write_bytes(content)
        expected[name] = outcome

    whole = write_any(folder / "whole.flac", noise(2.0, 1)).read_bytes()
    expected["whole.flac"] = "ok None"
    raw("empty.flac", b"", "failed empty")
    raw("random.mp3", np.random.default_rng(1).bytes(5_000), "failed not_audio")
    raw("truncated.flac", whole[: len(whole) // 2], "partial cut_off")
    raw("concat.mp3", b"ffconcat version 1.0\nfile '/etc/passwd'\n", "failed not_audio")
    raw("list.mp3", b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.mp3\n#EXT-X-ENDLIST\n", "failed not_audio")
    raw("concat.m4a", b"ffconcat version 1.0\nfile 'whole.flac'\n", "failed not_audio")
    raw("lying.flac", whole[:18] + b"\x0b\xb8\x00\xff\xff\xff\xff\xff" + whole[26:], "partial cut_off")
    (folder / "folder.mp3").mkdir()
    expected["folder.mp3"] = "failed not_a_file"
    os.mkfifo(folder / "pipe.wav")
    expected["pipe.wav"] = "failed not_a_file"
    (folder / "loop.ogg").symlink_to("loop.ogg")
    expected["loop.ogg"] = "failed unreadable"
    (folder / "up").symlink_to(folder, target_is_directory=True)
    for name, value in (("nan.wav", np.nan), ("inf.wav", np.inf), ("huge.wav", 1e30)):
        samples = tone(440.0, 0.5)
        samples[7] = value
        sound(name, samples, RATE, "failed bad_samples", subtype="FLOAT")
    sound("silence.flac", np.zeros(RATE), RATE, "silent silent")
    sound("one sample.wav", np.full(1, 0.5), RATE, "failed empty")
    sound("1 Hz.wav", np.full(10, 0.5), 1, "failed bad_sample_rate")
    sound("384 kHz.wav", tone(440.0, 0.5, 384_000), 384_000, "ok None")
    sound("64 channels.wav", np.tile(tone(440.0, 0.2), (64, 1)).T, RATE, "ok None")
    sound("65 channels.wav", np.zeros((100, 65)), RATE, "failed too_many_channels")
    with soundfile.SoundFile(folder / "24 h.flac", "w", 1_000, 1) as file:
        for _ in range(24):
            file.write(np.zeros(3_600_000, np.int16))
    expected["24 h.flac"] = "silent silent"
    write_any(folder / "x.flac", noise(1.0, 3)).rename(folder / os.fsdecode(b"caf\xe9\n.flac"))
    expected[os.fsdecode(b"caf\xe9\n.flac")] = "ok None"
    return expected
