"""What copies of a track do to its embedding: gain, low-rate encodings, band limits, tilts, silence.

    MOODREC_DATA=... python -m benchmarks.models.copies [--tracks 40] [--only SYSTEM ...]

For each system and kind of copy, this gives the cosine between the embeddings of a copy and its original (median and
least), and how many copies find their original first among all tracks of open_game_music. All embeddings are
standardised on that collection, so that what all music has in common flatters nobody.

Writes benchmarks/results/ear/copies.json after each kind of copy, and goes on where it was stopped. MP3 and
Opus copies are made by PyAV (the extra ``av``), Vorbis by libsndfile, and read back as any file is.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from benchmarks.machine import machine_report
from benchmarks.models.compare import RESULTS
from benchmarks.models.features import LEVELS, TRUNKS
from moodrec.audio.decode import decode
from moodrec.audio.level import level_track
from moodrec.data.sources import load_source
from moodrec.embedding.mood_model import MoodModel
from moodrec.errors import SilentAudioError
from moodrec.files.replacing import write_atomically

OUT = RESULTS / "copies.json"
RATE = 16_000
TILT_DB = 3.0
TILT_HZ = 1_000.0

Floats = NDArray[np.float32]
Copy = Callable[[Floats], Floats]


class Embedder(Protocol):
    """A system."""

    def __call__(self, waveform: Floats) -> NDArray[np.float64]:
        """(samples,) at 16 kHz to a vector."""


def main() -> None:
    """Embed the collection, copy, compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tracks", type=int, default=40)
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    options = parser.parse_args()
    waveforms = collection()
    step = max(1, len(waveforms) // options.tracks)
    chosen = list(range(0, len(waveforms), step))[: options.tracks]
    document = started(len(chosen), len(waveforms))
    for name in options.only:
        if set(document["systems"].get(name, {})) == set(COPIES):
            continue
        embed = SYSTEMS[name]()
        vectors = np.stack([embed(waveform) for waveform in waveforms])
        for kind, copy in COPIES.items():
            if kind not in document["systems"].setdefault(name, {}):
                copies = np.stack([embed(copy(waveforms[place])) for place in chosen])
                document["systems"][name][kind] = compared(vectors, copies, chosen)
                write_atomically(OUT, (json.dumps(document, indent=1) + "\n").encode())
                print(name, kind, document["systems"][name][kind], flush=True)


def compared(
    vectors: NDArray[np.float64], copies: NDArray[np.float64], chosen: list[int]
) -> dict[str, float]:
    """How far copies lie from their originals, and how many find them first among all ``vectors``."""
    mean, spread = vectors.mean(0), vectors.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    units, mine = (_unit((part - mean) / spread) for part in (vectors, copies))
    cosines = mine @ units.T
    own = cosines[np.arange(len(chosen)), chosen]
    return {
        "median": round(float(np.median(own)), 5),
        "least": round(float(own.min()), 5),
        "first": int((cosines.argmax(1) == chosen).sum()),
    }


def collection() -> list[Floats]:
    """Every track of open_game_music that is not silent, at 16 kHz."""
    table = load_source("open_game_music", Path(os.environ["MOODREC_DATA"]) / "open_game_music")
    waveforms = [decode(audio, RATE).samples for audio in table.tracks["audio"]]
    return [waveform for waveform in waveforms if np.abs(waveform).max() > 1e-3]


def started(tracks: int, among: int) -> dict[str, Any]:
    """The results so far, if they are about as many tracks."""
    if OUT.exists():
        document: dict[str, Any] = json.loads(OUT.read_text())
        if (document["tracks"], document["among"]) == (tracks, among):
            return document
    return {"tracks": tracks, "among": among, "machine": machine_report("torch", "av"), "systems": {}}


# Copies


def gain(decibels: float) -> Copy:
    """Louder or quieter, without clipping."""
    return lambda waveform: (waveform * np.float32(10 ** (decibels / 20))).astype(np.float32)


def encoded(codec: str, suffix: str, kilobits: int) -> Copy:
    """Through an encoder at a constant rate and back, as a file."""

    def copy(waveform: Floats) -> Floats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"copy.{suffix}"
            encode(path, waveform, codec, kilobits)
            return decode(path, RATE).samples

    return copy


def encode(path: Path, waveform: Floats, codec: str, kilobits: int) -> None:
    """Write mono music at 48 kHz, as players get it."""
    at_48 = np.asarray(soxr.resample(waveform, RATE, 48_000), np.float32)
    pcm = np.clip(np.rint(at_48 * 32_767), -32_768, 32_767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = 1000 * kilobits
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        resampler = av.AudioResampler(stream.format, "mono", 48_000, stream.codec_context.frame_size or 1024)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def vorbis(waveform: Floats) -> Floats:
    """Through a Vorbis file of the lowest quality that libsndfile writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.ogg"
        at_48 = np.clip(soxr.resample(waveform, RATE, 48_000), -1, 1)
        soundfile.write(path, at_48, 48_000, format="OGG", subtype="VORBIS", compression_level=1.0)
        return decode(path, RATE).samples


def low_passed(hertz: float) -> Copy:
    """Without what lies above a frequency, by a Butterworth filter of order 8."""
    sections = butter(8, hertz, fs=RATE, output="sos")
    return lambda waveform: sosfilt(sections, waveform).astype(np.float32)


def tilted(decibels: float) -> Copy:
    """A straight tilt of so many decibels from 100 Hz to 8 kHz, around 1 kHz, in the spectrum."""

    def copy(waveform: Floats) -> Floats:
        frequencies = np.maximum(np.fft.rfftfreq(len(waveform), 1 / RATE), 50.0)
        octaves = np.log2(frequencies / TILT_HZ) / np.log2(8_000.0 / TILT_HZ)
        spectrum = np.fft.rfft(waveform) * 10 ** (decibels * octaves / 20)
        return np.fft.irfft(spectrum, len(waveform)).astype(np.float32)

    return copy


def followed_by(quiet: Copy) -> Copy:
    """With as much again, twenty times over, of something else behind it."""
    return lambda waveform: np.concatenate([waveform, *[quiet(waveform) for _ in range(20)]])


def noise(dbfs: float) -> Copy:
    """White noise in place of the music."""

    def copy(waveform: Floats) -> Floats:
        found = np.random.default_rng(0).standard_normal(len(waveform))
        return (10 ** (dbfs / 20) * found).astype(np.float32)

    return copy


def in_24_bits(waveform: Floats) -> Floats:
    """Through a FLAC file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.flac"
        soundfile.write(path, np.clip(waveform, -1, 1), RATE, subtype="PCM_24")
        return decode(path, RATE).samples


COPIES: Mapping[str, Copy] = {
    "gain -20 dB": gain(-20),
    "gain -15 dB": gain(-15),
    "gain -6 dB": gain(-6),
    "gain +6 dB": gain(6),
    "FLAC": in_24_bits,
    "MP3 128 kbit/s": encoded("libmp3lame", "mp3", 128),
    "MP3 64 kbit/s": encoded("libmp3lame", "mp3", 64),
    "MP3 32 kbit/s": encoded("libmp3lame", "mp3", 32),
    "Opus 96 kbit/s": encoded("libopus", "opus", 96),
    "Opus 24 kbit/s": encoded("libopus", "opus", 24),
    "Vorbis, least quality": vorbis,
    "low-pass 4 kHz": low_passed(4_000),
    "tilt +3 dB": tilted(TILT_DB),
    "tilt -3 dB": tilted(-TILT_DB),
    "silence behind": followed_by(np.zeros_like),
    "noise at -65 dBFS behind": followed_by(noise(-65)),
}


# Systems


def packaged(name: str) -> Callable[[], Embedder]:
    """A model inside the package."""

    def make() -> Embedder:
        model = MoodModel.load(name, device="cpu")

        def embed(waveform: Floats) -> NDArray[np.float64]:
            try:
                return model.embed(waveform, RATE).astype(np.float64)
            except SilentAudioError:
                return np.zeros(model.embedding_dim)

        return embed

    return make


def frozen(trunk: str, level: str) -> Callable[[], Embedder]:
    """The mean over windows of a frozen network's penultimate features."""

    def make() -> Embedder:
        def embed(waveform: Floats) -> NDArray[np.float64]:
            pooled = TRUNKS[trunk].of(level_track(waveform, RATE, *LEVELS[level]))
            return np.asarray(TRUNKS[trunk].neck(pooled).mean(0), np.float64)

        return embed

    return make


SYSTEMS: Mapping[str, Callable[[], Embedder]] = {
    "moodrec-2": packaged("default"),
    "moodrec-1": packaged("moodrec-1"),
    "frozen MusiCNN as it is": frozen("musicnn", "as-it-is"),
    "frozen MusiCNN, one level": frozen("musicnn", "one"),
    "frozen mn as it is": frozen("mn", "as-it-is"),
    "frozen mn, one level": frozen("mn", "one"),
}


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), np.float64)


if __name__ == "__main__":
    main()
