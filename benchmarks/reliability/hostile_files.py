"""Ten thousand damaged files in six formats, and known troublemakers, through ``moodrec analyze``.

    python -m benchmarks.reliability.hostile_files [--files 10000] [--batch 500]

Batch by batch: a folder of damaged files with some whole ones among them is analysed by the packaged model. Every
file must end with one outcome, the whole ones with the vectors that they have when they are analysed alone, to the
bit, and this process must stay below a limit of memory. Writes benchmarks/results/reliability/hostile-files.json
after each batch; started again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from moodrec.catalog.analyze import analyze
from moodrec.embedding.mood_model import MoodModel
from moodrec.files.replacing import write_atomically
from moodrec.library.library import Library
from tests.catalog.corpus import write_songs
from tests.catalog.hostile import mutant, originals, write_by_hand

RESULT = RESULTS / "reliability" / "hostile-files.json"
WHOLE = 8
PARENT_LIMIT_MIB = 1536


def main() -> None:
    """Go on where the result file ends, and print what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    report = json.loads(options.out.read_text()) if options.out.exists() else {"batches": {}}
    model = MoodModel.load(device="cpu")
    if "by hand" not in report:
        report["by hand"] = by_hand(model)
        save(report, options.out)
    for start in range(0, options.files, options.batch):
        if str(start) not in report["batches"]:
            report["batches"][str(start)] = batch(
                model, range(start, min(start + options.batch, options.files))
            )
            save(report, options.out)
    save(report, options.out)
    print(json.dumps({"by hand": report["by hand"], "summary": report["summary"]}, indent=1))


def by_hand(model: MoodModel) -> dict[str, Any]:
    """The known troublemakers, each with the outcome that it must have."""
    with tempfile.TemporaryDirectory() as folder, Library.create(Path(folder) / "library") as library:
        expected = write_by_hand(Path(folder) / "music")
        analyze([Path(folder) / "music"], library, model)
        found = {path.name: f"{file.outcome} {file.reason}" for path, file in library.files().items()}
    wrong = {ascii(name): found.get(name) for name in expected if found.get(name) != expected[name]}
    return {"files": len(expected), "as expected": len(expected) - len(wrong), "wrong": wrong}


def batch(model: MoodModel, numbers: range) -> dict[str, Any]:
    """Analyse some damaged files with whole ones among them."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        songs = write_songs(folder / "music", WHOLE, ".wav")
        alone = vectors(folder / "music", folder / "alone", model)
        sources, kinds = originals(folder / "originals"), {}
        for number in numbers:
            suffix, kind, content = mutant(number, sources)
            # Between the whole ones, in the order of the names.
            name = f"{number % WHOLE:03}.{number}{suffix}"
            (folder / "music" / name).write_bytes(content)
            kinds[name] = (suffix, kind)
        with Library.create(folder / "library") as library:
            analyze([folder / "music"], library, model)
            files, frame, found = library.files(), library.frame(), library.embeddings()
    rows = dict(zip(frame["path"], found, strict=True))
    outcomes: Counter[str] = Counter()
    for path, file in files.items():
        if path.name in kinds:
            outcomes[f"{kinds[path.name][0]} {file.outcome}{f' {file.reason}' if file.reason else ''}"] += 1
    return {
        "files": len(kinds),
        "with one outcome": sum(outcomes.values()),
        "outcomes": dict(sorted(outcomes.items())),
        "whole files": len(songs),
        "whole files bit-identical": sum(rows[str(song)].tobytes() == alone[song.name] for song in songs),
        "vectors": len(found),
        "vectors finite and of unit length": int(
            (np.abs(np.linalg.norm(found.astype(np.float64), axis=1) - 1) < 1e-5).sum()
        ),
        "crashed or hung": sorted(
            f"{path.name}: {kinds[path.name][1]}: {file.message}"
            for path, file in files.items()
            if file.reason in ("crashed", "timeout")
        ),
        "peak of this process, MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def vectors(music: Path, place: Path, model: MoodModel) -> dict[str, bytes]:
    """The vectors of whole files that nothing disturbs, by name."""
    with Library.create(place) as library:
        analyze([music], library, model)
        paths = library.frame()["path"]
        return {Path(path).name: row.tobytes() for path, row in zip(paths, library.embeddings(), strict=True)}


def save(report: dict[str, Any], out: Path) -> None:
    """Write the result with its sums."""
    batches = list(report["batches"].values())
    sums = ("files", "with one outcome", "whole files", "whole files bit-identical", "vectors")
    outcomes: Counter[str] = Counter()
    for done in batches:
        for name, count in done["outcomes"].items():
            outcomes[name.split(" ", 1)[1]] += count
    peak = max((done["peak of this process, MiB"] for done in batches), default=0)
    report["summary"] = {
        **{name: sum(done[name] for done in batches) for name in sums},
        "vectors finite and of unit length": sum(
            done["vectors finite and of unit length"] for done in batches
        ),
        "outcomes": dict(outcomes.most_common()),
        "crashed or hung": sum(len(done["crashed or hung"]) for done in batches),
        "peak of this process, MiB": peak,
        "its limit, MiB": PARENT_LIMIT_MIB,
        "below its limit": peak < PARENT_LIMIT_MIB,
        "seconds": round(sum(done["seconds"] for done in batches)),
    }
    report["machine"] = machine_report("torch", "soundfile", "av", "mutagen", "soxr")
    write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
