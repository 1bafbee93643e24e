"""Files that are not what they claim; each must end in one clear line or in the part that is good."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from moodrec.audio.decode import Cause, decode, probe_audio
from moodrec.audio.formats import AV_FORMATS
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError
from tests.audio.sounds import tone, write_any, write_av, write_sound


def refusal(path: Path) -> AudioError:
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert "\n" not in str(caught.value)
    return caught.value


def float_wav(path: Path, value: float) -> Path:
    samples = tone(440.0, 1.0)
    samples[30_000] = value
    soundfile.write(path, samples, 48_000, subtype="FLOAT")
    return path


def test_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path / "x.wav").reason == "missing"


def test_a_link_to_nowhere_says_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "x.wav").symlink_to("no\nwhere.wav")
    found = refusal(tmp_path / "x.wav")
    assert found.reason == "missing"
    assert str(found).endswith("x.wav: leads to no?where.wav, and there is no such file")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").touch()
    assert refusal(tmp_path / "x.mp3").reason == "empty"


def test_a_header_without_samples(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", np.zeros(0, np.float32))
    assert refusal(path).reason == "empty"


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
def test_a_folder(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").mkdir()
    assert refusal(tmp_path / f"x{suffix}").reason == "not_a_file"


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.wav")
    assert refusal(tmp_path / "x.wav").reason == "not_a_file"


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", tone(440.0, 0.1))
    path.chmod(0)
    if os.geteuid() == 0:  # nothing is forbidden to root
        os.seteuid(65534)
        try:
            assert refusal(path).reason == "forbidden"
        finally:
            os.seteuid(0)
    else:
        assert refusal(path).reason == "forbidden"


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".opus", *AV_FORMATS])
@pytest.mark.parametrize("content", [b"Just some text.\n" * 400, bytes(9_000), b"\xff" * 9_000])
def test_something_else_renamed(tmp_path: Path, suffix: str, content: bytes) -> None:
    (tmp_path / f"x{suffix}").write_bytes(content)
    assert refusal(tmp_path / f"x{suffix}").reason in {"not_audio", "truncated", "empty"}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_sound(tmp_path: Path, value: float) -> None:
    assert refusal(float_wav(tmp_path / "x.wav", value)).reason == "bad_samples"


def test_too_many_channels(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", np.zeros((100, 70), np.float32))
    assert refusal(path).reason == "too_many_channels"


@pytest.mark.parametrize("rate", [1, 4_000_000])
def test_a_rate_no_music_has(tmp_path: Path, rate: int) -> None:
    path = write_sound(tmp_path / "x.wav", tone(440.0, 0.1), rate)
    assert refusal(path).reason == "bad_sample_rate"


def cut(path: Path, part: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


@pytest.mark.parametrize(
    "suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".au", ".w64", ".rf64"]
)
def test_what_precedes_a_cut_is_kept(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000 * 6).astype(np.float32)
    waveform = decode(cut(write_sound(tmp_path / f"x{suffix}", noise), 0.5))
    assert waveform.truncated
    assert 1.0 < waveform.duration_s < 4.0


def test_what_precedes_a_cut_is_kept_in_m4a(tmp_path: Path) -> None:
    path = write_av(tmp_path / "x.m4a", tone(440.0, 6.0), movflags="faststart")
    waveform = decode(cut(path, 0.6))
    assert waveform.cause is Cause.CUT_OFF
    assert 1.0 < waveform.duration_s < 5.0


def test_a_cut_before_the_first_sample(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000).astype(np.float32)
    path = write_sound(tmp_path / "x.flac", noise)
    path.write_bytes(path.read_bytes()[:2_000])
    assert refusal(path).reason == "truncated"


def test_a_wav_of_unknown_length_is_not_a_cut_one(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", tone(440.0, 1.0))
    content = path.read_bytes().replace(b"data" + struct.pack("<I", 96_000), b"data\xff\xff\xff\xff")
    path.write_bytes(content)
    waveform = decode(path)
    assert (waveform.truncated, waveform.duration_s) == (False, 1.0)


def lying_flac(path: Path) -> Path:
    """One second of FLAC whose header claims 2**36 - 1 samples: 256 GiB of float32."""
    content = bytearray(write_sound(path, tone(440.0, 1.0)).read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    return path


def test_a_lying_header_costs_no_memory(tmp_path: Path) -> None:
    path = lying_flac(tmp_path / "x.flac")
    assert probe_audio(path).duration_s > 1e6
    limit = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, limit[1]))
    try:
        waveform = decode(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)
    assert waveform.truncated
    assert waveform.duration_s == pytest.approx(1.0, abs=0.2)


def test_hours_in_a_small_file_stop_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.ogg"
    with soundfile.SoundFile(path, "w", 8_000, 1, "VORBIS") as file:
        for _ in range(900):  # libsndfile's Vorbis encoder crashes when given it all at once
            file.write(np.zeros(8_000, np.float32))
    assert path.stat().st_size < 100_000
    waveform = decode(path, limits=DecodeLimits(max_duration_s=5.0))
    assert (waveform.truncated, waveform.duration_s) == (True, 5.0)


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("suffix", sorted(AV_FORMATS))
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlists_are_not_followed(
    tmp_path: Path, suffix: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = write_any(tmp_path / "target.m4a", tone(440.0, 1.0))
    path = tmp_path / f"x{suffix}"
    for name in (target, target.name, "/etc/hostname"):
        path.write_text(PLAYLISTS[kind].format(target=name))
        assert refusal(path).reason == "not_audio"


@pytest.mark.parametrize("real", [".mka", ".m4a", ".aac", ".wma", ".mp3", ".flac", ".ogg", ".wav", ".aiff"])
@pytest.mark.parametrize("called", [".m4a", ".mp3", ".flac", ".ogg", ".aac", ".wma", ".wv", ".unknown", ""])
def test_the_content_decides_and_not_the_suffix(tmp_path: Path, real: str, called: str) -> None:
    path = write_any(tmp_path / f"x{real}", tone(440.0, 0.5)).rename(tmp_path / f"y{called}")
    assert decode(path).duration_s == pytest.approx(0.5, abs=0.1)


def test_a_name_that_is_not_utf8_and_has_a_newline(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n.wav")
    path = write_sound(tmp_path / "x.wav", tone(440.0, 0.5)).rename(tmp_path / name)
    assert decode(path).duration_s == 0.5
    path.write_bytes(b"text")
    assert "caf??.wav" in str(refusal(path))


PATCHES = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=64)), min_size=1, max_size=8)


def patched(content: bytes, patches: list[tuple[float, bytes]], reach: int | None = None) -> bytes:
    """Overwrite places, given as parts of the first ``reach`` bytes."""
    result = bytearray(content)
    for place, patch in patches:
        start = int(place * (min(len(content), reach or len(content)) - 1))
        result[start : start + len(patch)] = patch
    return bytes(result)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATCHES, st.sampled_from([".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"]))
@example([(0.0007059627878949205, bytes(2))], ".ogg")  # no page is marked as the first
def test_damage_ends_in_audio_or_in_an_audio_error(
    tmp_path: Path, originals: Callable[[str], bytes], patches: list[tuple[float, bytes]], suffix: str
) -> None:
    content = patched(originals(suffix), patches)
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    try:
        waveform = decode(path, limits=DecodeLimits(max_duration_s=20.0))
    except AudioError:
        return
    assert np.isfinite(waveform.samples).all()
    assert 0 < waveform.duration_s <= 20.0


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    folder = tmp_path_factory.mktemp("originals")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 12_000).astype(np.float32)
    suffixes = [".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"]
    written = {suffix: write_any(folder / f"x{suffix}", noise).read_bytes() for suffix in suffixes}
    return lambda suffix: written[
        suffix
    ]  # hypothesis writes a bound method of a dictionary with all that it holds


NOISY = """
import sys
from contextlib import nullcontext
from moodrec.audio.decode import decode
from moodrec.audio.quiet import quiet_c_libraries
with quiet_c_libraries() if sys.argv[2] == "quiet" else nullcontext():
    decode(sys.argv[1])
print("python's own", file=sys.stderr)
"""


def test_c_libraries_can_be_kept_quiet(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000 * 4).astype(np.float32)
    path = cut(write_sound(tmp_path / "x.mp3", noise), 0.5)
    printed = {
        how: subprocess.run(
            [sys.executable, "-c", NOISY, str(path), how], capture_output=True, text=True, check=True
        ).stderr
        for how in ("loud", "quiet")
    }
    assert printed["quiet"] == "python's own\n"
    assert "python's own\n" in printed["loud"]
    assert len(printed["loud"]) > len(printed["quiet"]), "the decoder no longer prints: quiet.py may go"
