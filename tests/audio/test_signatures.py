"""What is taken for sound by its first bytes: never less than libsndfile would open."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moodrec.audio.decode import decode
from moodrec.audio.signatures import SOUND_KINDS, Content, content_of
from tests.audio.sounds import SOUND_FORMATS, tone, write_sound

ID3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    place = tmp_path_factory.mktemp("sounds")
    written = {suffix: write_sound(place / f"x{suffix}", tone(440.0, 0.5)) for suffix in SOUND_FORMATS}
    soundfile.write(place / "x.caf", tone(440.0, 0.5), 48_000, format="CAF")
    return {suffix: path.read_bytes() for suffix, path in written.items()} | {
        ".caf": (place / "x.caf").read_bytes()
    }


def test_every_format_is_known(sounds: dict[str, bytes]) -> None:
    for suffix, content in sounds.items():
        file = io.BytesIO(content)
        found = content_of(file)
        assert found is not None
        assert found.kind in SOUND_KINDS, suffix
        assert (found.kind == "mpeg") == (suffix == ".mp3")
        assert file.tell() == 0


def test_tags_and_junk_in_front_do_not_matter(sounds: dict[str, bytes], tmp_path: Path) -> None:
    for front in (ID3, ID3 + bytes(3000), bytes(60_000), b"junk"):
        (tmp_path / "x.mp3").write_bytes(front + sounds[".mp3"])
        assert decode(tmp_path / "x.mp3").duration_s == pytest.approx(0.5, abs=0.1)
    assert content_of(io.BytesIO(ID3 + ID3 + sounds[".mp3"])) == Content("mpeg", 40)
    assert content_of(io.BytesIO(ID3 + sounds[".flac"])) == Content("flac", 20)


@pytest.mark.parametrize(
    "content", [b"", b"#EXTM3U\n", b"ffconcat version 1.0\n", b"RIFF\0\0\0\0AVI LIST", b"\x89PNG\r\n", ID3]
)
def test_other_files_are_not(content: bytes) -> None:
    assert content_of(io.BytesIO(content)) is None
    assert content_of(io.BytesIO(content + b"some text " * 500)) is None


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SOUND_FORMATS)), st.integers(0, 15), st.binary(min_size=1, max_size=8))
def test_what_libsndfile_opens_is_never_refused(
    sounds: dict[str, bytes], suffix: str, place: int, patch: bytes
) -> None:
    content = bytearray(sounds[suffix])
    content[place : place + len(patch)] = patch
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as sound:
            opens = sound.format in {"WAV", "WAVEX", "RF64", "W64", "FLAC", "MP3", "OGG", "AIFF", "AU", "CAF"}
    except soundfile.LibsndfileError:
        opens = False
    assert content_of(io.BytesIO(content)) is not None or not opens
