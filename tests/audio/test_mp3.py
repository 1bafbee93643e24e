"""MP3 files without a length, or with a wrong one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.id3 import APIC, ID3

from moodrec.audio.decode import decode, probe_audio
from moodrec.config import DecodeLimits

SECONDS = 6.0


def write_mp3(path: Path, rate: int = 44_100, channels: int = 2, mode: str = "VARIABLE") -> Path:
    """Loud noise that gives way to near silence, so that the first frames say little of the others."""
    noise = np.random.default_rng(0).standard_normal((round(SECONDS * rate), channels))
    noise *= np.linspace(1, 0, len(noise))[:, None] ** 4 * 0.3
    soundfile.write(path, noise, rate, format="MP3", bitrate_mode=mode, compression_level=0.5)
    return path


def without_length(path: Path) -> Path:
    """Cut off the first frame, which holds the length header."""
    content = path.read_bytes()
    start = max(content.find(b"Xing", 0, 200), content.find(b"Info", 0, 200))
    assert start > 0
    table_and_lame_tag = 192
    path.write_bytes(content[content.index(content[:2], start + table_and_lame_tag) :])
    return path


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (48_000, 1), (22_050, 2), (8_000, 1)])
def test_a_file_without_a_length_is_read_to_its_end(
    tmp_path: Path, rate: int, channels: int, mode: str
) -> None:
    path = write_mp3(tmp_path / "x.mp3", rate, channels, mode)
    whole = decode(path)
    path = without_length(path)
    waveform = decode(path)
    assert not waveform.truncated
    assert waveform.duration_s == pytest.approx(SECONDS, abs=0.2)
    assert probe_audio(path).duration_s == pytest.approx(SECONDS, abs=0.2)
    level = [np.abs(part.samples[16_000:32_000]).mean() for part in (whole, waveform)]
    assert level[1] == pytest.approx(level[0], rel=0.2)  # it is later by the encoder's delay


def test_soundfile_alone_stops_early(tmp_path: Path) -> None:
    path = without_length(write_mp3(tmp_path / "x.mp3"))
    assert soundfile.info(path).duration < SECONDS / 2, "libsndfile now counts frames itself: mp3.py may go"


def test_joined_files_are_read_to_their_end(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "x.mp3")
    path.write_bytes(path.read_bytes() * 3)
    waveform = decode(path)
    assert not waveform.truncated
    assert waveform.duration_s == pytest.approx(3 * SECONDS, abs=0.5)


def test_tags_with_a_picture_are_no_audio(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "x.mp3")
    expected = decode(path)
    tags = ID3()
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="", data=b"\xff\xfb\x90\x00" * 300_000))
    tags.save(path)
    waveform = decode(path)
    assert not waveform.truncated
    np.testing.assert_array_equal(waveform.samples, expected.samples)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    np.testing.assert_array_equal(decode(path).samples, expected.samples)


def test_damage_and_junk_are_stepped_over(tmp_path: Path) -> None:
    path = without_length(write_mp3(tmp_path / "x.mp3"))
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(700) + content[middle:])
    assert decode(path).duration_s == pytest.approx(SECONDS, abs=0.5)


def test_the_limit_holds_without_a_length(tmp_path: Path) -> None:
    path = without_length(write_mp3(tmp_path / "x.mp3"))
    waveform = decode(path, limits=DecodeLimits(max_duration_s=2.0))
    assert (waveform.truncated, waveform.duration_s) == (True, 2.0)


def test_a_length_that_is_there_is_believed(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "x.mp3")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert decode(path).truncated
