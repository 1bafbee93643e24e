"""How long a new track takes to change the scores of its artist and album, in a library of 100,000 tracks.

    python -m benchmarks.library_context                 # writes benchmarks/results/library-context.json
    python -m benchmarks.library_context --tracks 10000 --out -

The library is made up: artists of 20 tracks on two albums, genres and years, 16 moods, the context of the tests.
Measured is, for tracks of artists that are there already: acknowledging one (a transaction that is synced to the
disk), reading the scores in context of all tracks of its artist and album, and labelling one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.machine import machine_report
from moodrec.audio.probe import Tags
from moodrec.library.library import Library
from moodrec.library.records import FileResult, FileState, ModelRecord, Outcome, TrackAnalysis
from tests.library.contexts import made_context

MOODS = tuple(f"mood_{i}" for i in range(16))
MODEL = ModelRecord("benchmark", "made up", MOODS, 128, context=made_context(MOODS).model_dump_json())
OUT = Path(__file__).parent / "results" / "library-context.json"
PER_ARTIST, PER_ALBUM, REPEATS = 20, 10, 50
GENRES = ("Ambient", "Metal", "Rock", "Jazz", "Folk", "Hip Hop")


def made_track(number: int, rng: np.random.Generator) -> FileResult:
    """Make the outcome of a file; every twenty belong to an artist, every ten to an album."""
    artist, album = number // PER_ARTIST, number // PER_ALBUM
    tags = Tags(
        title=f"Title {number}",
        artist=f"Artist {artist}",
        album=f"Album {album}",
        year=1960 + artist % 60,
        genre=(GENRES[artist % len(GENRES)],),
    )
    scores = rng.random(len(MOODS), np.float32)
    track = TrackAnalysis(f"audio-{number}", tags, 200.0, rng.random(128, np.float32), scores, scores)
    return FileResult(FileState(Path(f"/music/{number}.flac"), 1, 1), Outcome.OK, track=track)


def fill(library: Library, tracks: int, rng: np.random.Generator) -> None:
    """Write the tracks; whether each is synced to the disk does not matter here."""
    connection = library._connection
    connection.execute("PRAGMA synchronous = OFF")
    for number in range(tracks):
        library.acknowledge(MODEL, made_track(number, rng))
    connection.execute("PRAGMA synchronous = FULL")


def times(action: Callable[[int], object]) -> dict[str, float]:
    """Run an action some times and give quantiles of its times, and its mean time on the processor, in ms."""
    taken, before = [], time.process_time()
    for repeat in range(REPEATS):
        start = time.perf_counter()
        action(repeat)
        taken.append(1000 * (time.perf_counter() - start))
    processor = 1000 * (time.process_time() - before) / REPEATS
    quantiles = {"median_ms": 0.5, "p95_ms": 0.95}
    return {name: round(float(np.quantile(taken, q)), 2) for name, q in quantiles.items()} | {
        "processor_ms": round(processor, 2)
    }


def measure(tracks: int, folder: Path) -> dict[str, object]:
    """Fill a library and measure; the library is left in the folder."""
    rng = np.random.default_rng(0)
    with Library.create(folder / "library") as library, library.writer():
        library.register_model(MODEL)
        fill(library, tracks, rng)
        artists = rng.permutation(tracks // PER_ARTIST)[:REPEATS].tolist()
        new = [made_track(PER_ARTIST * artist, rng) for artist in artists]
        added: list[str] = []

        def add(repeat: int) -> None:
            result = new[repeat]
            assert result.track is not None
            fresh = TrackAnalysis(**{**vars(result.track), "audio_fingerprint": f"new-{repeat}"})
            state = FileState(Path(f"/music/new-{repeat}.flac"), 1, 1)
            added.append(str(library.acknowledge(MODEL, FileResult(state, Outcome.OK, track=fresh))))

        ids = library.snapshot().table["track_id"].to_pylist()
        groups = [ids[PER_ARTIST * artist : PER_ARTIST * (artist + 1)] for artist in artists]
        found = {
            "acknowledge": times(add),
            "scores_of_its_artist": times(lambda i: library.snapshot(only=[*groups[i], added[i]])),
            "label": times(lambda i: library.label({MOODS[0]: 1}, track=groups[i][0], by="benchmark")),
        }
        start = time.perf_counter()
        library.snapshot()
        return {"tracks": tracks, **found, "whole_snapshot_s": round(time.perf_counter() - start, 2)}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--out", default=str(OUT), help="- prints alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(given.tracks, Path(folder)) | {"machine": machine_report("numpy")}
    text = json.dumps(result, indent=1, default=str) + "\n"
    print(text)
    if given.out != "-":
        Path(given.out).write_text(text)


if __name__ == "__main__":
    main()
