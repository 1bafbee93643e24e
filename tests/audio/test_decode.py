from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from moodrec.audio.decode import Stretch, decode, probe_audio
from moodrec.config import DecodeLimits
from moodrec.errors import AudioError, MissingExtraError
from tests.audio.sounds import AV_FORMATS, SOUND_FORMATS, strongest_frequency, tone, write_any, write_sound

SUFFIXES = [*SOUND_FORMATS, *AV_FORMATS]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_tone_keeps_its_pitch_level_and_length(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"tone{suffix}", tone(1000.0, 2.0, level=0.5))
    waveform = decode(path)
    assert waveform.sample_rate == 16_000
    assert waveform.samples.dtype == np.float32
    assert waveform.duration_s == pytest.approx(2.0, abs=0.1)
    assert len(waveform.samples) == pytest.approx(32_000, abs=1_600)
    assert not waveform.truncated
    middle = waveform.samples[8_000:24_000]
    assert strongest_frequency(middle, 16_000) == pytest.approx(1000.0, abs=2.0)
    # A sine of amplitude A has an RMS of A / sqrt(2).
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


CODECS = [
    (kind, codec)
    for kind in ("WAV", "AIFF", "AU", "CAF", "W64", "RF64", "OGG", "FLAC")
    for codec in soundfile.available_subtypes(kind)
    if codec not in ("MPEG_LAYER_III", "DWVW_12")  # named, and not written in these files
]


@pytest.mark.parametrize(("kind", "codec"), CODECS)
def test_every_codec_that_libsndfile_writes(tmp_path: Path, kind: str, codec: str) -> None:
    path = tmp_path / f"x.{kind.lower()}"
    soundfile.write(path, tone(440.0, 2.0, 8_000, level=0.5), 8_000, codec, format=kind)
    for blocks in (999, 1 << 20):
        waveform = decode(path, limits=DecodeLimits(block_frames=blocks))
        assert waveform.cause is None
        assert waveform.duration_s == pytest.approx(2.0, abs=0.1)
        assert strongest_frequency(waveform.samples[8_000:24_000], 16_000) == pytest.approx(440.0, abs=2.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    try:
        found = decode(path).duration_s
    except AudioError:  # refused, as when all is in one page of an Ogg
        found = 0.0
    assert found < 1.9


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_probe_tells_what_the_header_says(tmp_path: Path, suffix: str) -> None:
    info = probe_audio(write_any(tmp_path / f"tone{suffix}", tone(440.0, 2.0)))
    assert info.sample_rate == 48_000
    assert info.channels == (2 if suffix in AV_FORMATS else 1)
    assert info.duration_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_resampling_agrees_with_a_polyphase_filter(tmp_path: Path, rate: int) -> None:
    chirp_like = sum(tone(f, 1.0, rate, 0.1) for f in (150.0, 997.0, 2_310.0, 3_100.0))
    assert isinstance(chirp_like, np.ndarray)
    path = write_sound(tmp_path / "x.flac", chirp_like.astype(np.float32), rate)
    ours = decode(path, 16_000).samples
    common = np.gcd(rate, 16_000)
    theirs = resample_poly(chirp_like, 16_000 // common, rate // common)
    assert len(ours) == 16_000
    edge = 400  # the two filters start up differently
    np.testing.assert_allclose(ours[edge:-edge], theirs[edge:-edge], atol=2e-3)


def test_what_the_new_rate_cannot_hold_is_removed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.flac", tone(12_000.0, 1.0))
    assert np.abs(decode(path, 16_000).samples[400:-400]).max() < 1e-3


def test_at_its_own_rate_nothing_is_changed(tmp_path: Path) -> None:
    samples = tone(440.0, 0.5, 16_000)
    path = write_sound(tmp_path / "x.wav", samples, 16_000)
    np.testing.assert_allclose(decode(path).samples, samples, atol=1 / 32_000)


def test_mono_is_the_mean_of_the_channels(tmp_path: Path) -> None:
    left, right = tone(440.0, 0.5, 16_000), np.full(8_000, 0.25, np.float32)
    path = write_sound(tmp_path / "x.wav", np.stack([left, right], 1), 16_000)
    np.testing.assert_allclose(decode(path).samples, (left + right) / 2, atol=1 / 16_000)


@pytest.mark.parametrize("block_frames", [100, 4_096, 1 << 20])
@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".ogg", ".opus"])
def test_the_size_of_the_blocks_does_not_matter(tmp_path: Path, suffix: str, block_frames: int) -> None:
    path = write_sound(tmp_path / f"x{suffix}", tone(440.0, 1.0))
    expected = decode(path).samples
    given = decode(path, limits=DecodeLimits(block_frames=block_frames)).samples
    np.testing.assert_allclose(given, expected, atol=1e-6)


@pytest.mark.parametrize("suffix", [".wav", ".ogg", ".m4a"])
def test_a_long_file_is_read_up_to_the_limit(tmp_path: Path, suffix: str) -> None:
    path = write_any(tmp_path / f"x{suffix}", tone(440.0, 3.0))
    waveform = decode(path, limits=DecodeLimits(max_duration_s=1.0))
    assert waveform.truncated
    assert waveform.duration_s == pytest.approx(1.0)
    assert len(waveform.samples) == 16_000


def test_a_file_as_long_as_the_limit_is_whole(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "x.wav", tone(440.0, 1.0))
    assert not decode(path, limits=DecodeLimits(max_duration_s=1.0)).truncated


def test_a_missing_decoder_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_any(tmp_path / "x.m4a", tone(440.0, 0.5))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"moodrec\[av\]"):
        decode(path)


def test_decoding_needs_neither_torch_nor_faiss() -> None:
    code = (
        "import sys, moodrec.audio.decode, moodrec.audio.probe, moodrec.audio.windows, moodrec.audio.quiet\n"
        "sys.exit(','.join({'torch', 'faiss', 'pandas', 'pyarrow', 'av'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_part_behind_the_end_is_told_as_that(tmp_path: Path) -> None:
    path = write_any(tmp_path / "short.flac", tone(440.0, 1.0))
    with pytest.raises(AudioError, match="the track begins behind the end of the file") as found:
        decode(path, section=Stretch(start_s=5.0))
    assert found.value.reason == "empty"
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros(0, np.float32), 16_000)
    with pytest.raises(AudioError, match="there is no audio in the file"):
        decode(empty)
