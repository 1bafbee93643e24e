"""What is whole is called whole, and what is not says why, with the length of the file that it was."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.apev2 import APEv2
from numpy.typing import NDArray

from moodrec.audio.decode import Cause, Waveform, decode, probe_audio
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError, MissingExtraError
from tests.audio.sounds import tone, write_any, write_av, write_sound

RATE = 16_000
SECONDS = 3.0
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, round(SECONDS * RATE)).astype(np.float32)
ID3V1 = b"TAG" + b"x" * 125
LYRICS = b"LYRICSBEGININD0000200EAL00003abc"
LYRICS += b"%06dLYRICS200" % len(LYRICS)


def ape(tmp_path: Path) -> bytes:
    place = tmp_path / "tag"
    place.touch()
    tags = APEv2()
    tags["Title"] = "Song"
    tags.save(place)
    return place.read_bytes()


def id3(length: int, plain: bool = False) -> bytes:
    safe = bytes([length >> 21 & 127, length >> 14 & 127, length >> 7 & 127, length & 127])
    return b"ID3\3\0\0" + (struct.pack(">I", length) if plain else safe) + bytes(length)


def of_unknown_length(flac: bytes) -> bytes:
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


TAILS: dict[str, Callable[[Path], bytes]] = {
    "ID3v1": lambda place: ID3V1,
    "APEv2": ape,
    "Lyrics3": lambda place: LYRICS + ID3V1,
    "both": lambda place: ape(place) + ID3V1,
    "twice": lambda place: ID3V1 * 2,
    "filled up": lambda place: bytes(5_000),
    "none": lambda place: b"",
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("front", [b"", id3(300), id3(200, plain=True)])
def test_flac_with_tags_around_it_is_whole(tmp_path: Path, tail: str, known: bool, front: bytes) -> None:
    path = write_sound(tmp_path / "x.flac", NOISE, RATE)
    expected, flac = decode(path), path.read_bytes()
    path.write_bytes(front + (flac if known else of_unknown_length(flac)) + TAILS[tail](tmp_path))
    found = decode(path)
    assert found.cause is None
    assert found.file_duration_s == found.duration_s == SECONDS
    np.testing.assert_array_equal(found.samples, expected.samples)


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".aiff", ".ogg", ".opus"])
@pytest.mark.parametrize("tail", ["ID3v1", "APEv2", "both"])
def test_tags_behind_other_formats_are_no_damage(tmp_path: Path, suffix: str, tail: str) -> None:
    path = write_sound(tmp_path / f"x{suffix}", NOISE, RATE)
    path.write_bytes(path.read_bytes() + TAILS[tail](tmp_path))
    assert decode(path).cause is None


@pytest.mark.parametrize("codec", ["mp3", "mp2", "pcm_s32le", "pcm_f64le", "pcm_alaw", "adpcm_ima_wav"])
def test_wav_with_other_codecs_is_whole(tmp_path: Path, codec: str) -> None:
    path = write_av(tmp_path / "x.wav", tone(440.0, SECONDS), layout="mono", kind=("wav", codec))
    found = decode(path)
    assert found.cause is None
    assert found.duration_s == pytest.approx(SECONDS, abs=0.1)


def test_flac_of_32_bits_is_decoded_by_pyav(tmp_path: Path) -> None:
    path = write_av(
        tmp_path / "x.flac", tone(440.0, 1.0), kind=("flac", "flac"), sample_format="s32", strict="-2"
    )
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.info(path)
    found = decode(path)
    assert (found.cause, found.duration_s) == (None, 1.0)
    assert np.abs(found.samples).max() == pytest.approx(0.5, abs=0.01)


def test_without_pyav_the_refusal_says_what_may_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_av(
        tmp_path / "x.flac", tone(440.0, 0.5), kind=("flac", "flac"), sample_format="s32", strict="-2"
    )
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r"no audio in it.*pip install 'moodrec\[av\]'"):
        decode(path)


def test_without_pyav_a_wrong_suffix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_any(tmp_path / "x.m4a", tone(440.0, 0.5)).rename(tmp_path / "y.mp3")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"called \.mp3 and holds MP4 \(m4a\).*moodrec\[av\]"):
        decode(path)
    write_any(tmp_path / "x.mp3", tone(440.0, 0.5)).rename(tmp_path / "z.m4a")
    assert decode(tmp_path / "z.m4a").duration_s == pytest.approx(0.5, abs=0.1)


def test_a_cut_file_says_so_and_lasts_as_long_as_it_plays(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.flac", NOISE, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = decode(path)
    assert found.cause is Cause.CUT_OFF
    assert found.file_duration_s == found.duration_s == pytest.approx(SECONDS / 2, abs=0.3)


def test_damage_within_a_file_says_so_and_keeps_its_length(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.flac", np.tile(NOISE, 3), RATE)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40_000] = bytes(40_000)
    path.write_bytes(content)
    found = decode(path)
    assert found.cause is Cause.DAMAGED
    assert found.duration_s < 2 * SECONDS
    assert found.file_duration_s == 3 * SECONDS


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a", ".wma", ".mka"])
def test_the_length_of_a_long_file_is_its_own(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", tone(440.0, SECONDS))
    found = decode(path, limits=DecodeLimits(max_duration_s=1.0))
    assert (found.cause, found.duration_s) == (Cause.OVER_LIMIT, 1.0)
    assert found.file_duration_s == pytest.approx(SECONDS, abs=0.15)


def test_a_length_that_cannot_be_is_not_believed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.flac", NOISE, RATE)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    found = decode(path, limits=DecodeLimits(max_duration_s=1.0))
    assert (found.cause, found.file_duration_s) == (Cause.OVER_LIMIT, 1.0)


def crc(page: bytes) -> int:
    """Checksum of an Ogg page: RFC 3533, section 6, field 7."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
    return value


def without_end_mark(ogg: bytes) -> bytes:
    """As a recording of a stream ends: no page says that it is the last."""
    last = ogg.rfind(b"OggS")
    page = bytearray(ogg[last:])
    page[5] &= ~4
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", crc(bytes(page)))
    return ogg[:last] + bytes(page)


@pytest.mark.parametrize("suffix", [".ogg", ".opus"])
def test_ogg_without_an_end_mark_is_whole_where_its_last_page_is(tmp_path: Path, suffix: str) -> None:
    path = write_sound(tmp_path / f"x{suffix}", NOISE, RATE)
    ogg = without_end_mark(path.read_bytes())
    path.write_bytes(ogg)
    assert decode(path).cause is None
    path.write_bytes(ogg[:-100])
    assert decode(path).cause is Cause.CUT_OFF


def test_less_than_a_tenth_of_a_second_is_not_missed(tmp_path: Path) -> None:
    path = write_av(tmp_path / "x.ogg", tone(440.0, SECONDS), kind=("ogg", "libopus"), page_duration="40000")
    ogg = path.read_bytes()
    assert decode(path).cause is None
    path.write_bytes(ogg[:-3])
    found = decode(path)
    assert found.cause is None
    assert found.duration_s == pytest.approx(SECONDS, abs=0.1)
    path.write_bytes(ogg[: len(ogg) * 3 // 4])
    assert decode(path).cause is Cause.CUT_OFF


def chained(tmp_path: Path, *parts: tuple[str, float, int], suffix: str = ".ogg") -> Waveform:
    content = b""
    for place, (codec, frequency, rate) in enumerate(parts):
        part = write_sound(tmp_path / f"{place}{codec}", tone(frequency, 1.0, rate), rate)
        content += part.read_bytes()
    path = tmp_path / f"chain{suffix}"
    path.write_bytes(content)
    assert probe_audio(path).duration_s == pytest.approx(len(parts), abs=0.05)
    return decode(path)


@pytest.mark.parametrize("suffix", [".ogg", ".oga", ".opus"])
@pytest.mark.parametrize(
    "parts",
    [
        ((".ogg", 440.0, RATE), (".ogg", 880.0, RATE)),
        ((".opus", 440.0, RATE), (".opus", 880.0, RATE), (".opus", 660.0, RATE)),
        ((".ogg", 440.0, RATE), (".opus", 880.0, 48_000)),
        ((".ogg", 440.0, 22_050), (".ogg", 880.0, 44_100)),
    ],
)
def test_chained_streams_are_decoded_to_the_end(
    tmp_path: Path, suffix: str, parts: tuple[tuple[str, float, int], ...]
) -> None:
    found = chained(tmp_path, *parts, suffix=suffix)
    assert found.cause is None
    assert found.duration_s == pytest.approx(len(parts), abs=0.05)
    for place, (_, frequency, _) in enumerate(parts):
        second = found.samples[place * RATE + 2_000 : place * RATE + 14_000]
        assert peak(second) == pytest.approx(frequency, abs=3.0)


def peak(samples: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * RATE / len(samples)


def test_a_chain_that_is_cut_says_so(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.ogg", NOISE, RATE)
    ogg = path.read_bytes()
    path.write_bytes(ogg + ogg[: len(ogg) // 2])
    found = decode(path)
    assert found.cause is Cause.CUT_OFF
    assert SECONDS < found.duration_s < 2 * SECONDS


@pytest.mark.parametrize(
    "picture", [bytes(300_000), bytes(range(255)) * 1_200, b"\xff\xfb\x90\x00" * 100_000]
)
@pytest.mark.parametrize("said", ["standard", "plain", "short", "long"])
def test_mp3_behind_large_pictures(tmp_path: Path, picture: bytes, said: str) -> None:
    path = write_sound(tmp_path / "x.mp3", NOISE, RATE)
    expected, mp3 = decode(path), path.read_bytes()
    size = {"standard": len(picture), "plain": len(picture), "short": 50, "long": 200_000_000}[said]
    front = id3(size)[:10] if said != "plain" else id3(size, plain=True)[:10]
    path.write_bytes(front + picture + mp3)
    if said in ("standard", "plain"):
        found = decode(path)
        assert found.cause is None
        np.testing.assert_array_equal(found.samples, expected.samples)
    elif picture[:2] != b"\xff\xfb":  # what looks like frames is taken for frames
        assert decode(path).duration_s == pytest.approx(SECONDS, abs=0.2)


@pytest.mark.parametrize("kind", ["DSD ", "FRM8", "MPCK", "MP+\x07"])
def test_formats_that_are_not_decoded_are_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x.flac").write_bytes(kind.encode() + bytes(5_000))
    with pytest.raises(AudioError, match=r"holds (DSD|Musepack), which is not decoded"):
        decode(tmp_path / "x.flac")
