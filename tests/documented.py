"""What the documentation tells its readers to type, and a place where all of it works."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from moodrec.cli.app import app
from moodrec.demo.sample import find_sample_index
from moodrec.index.mood_index import MoodIndex
from tests.cli.commands import write_model, write_tone
from tests.cli.sample_library import write_sample_library

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "recipes/README.md", "indexes/README.md", "examples/README.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"(?:Example: |^ {0,8})(moodrec [^\n]+)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


def blocks(language: str) -> list[Block]:
    """The fenced blocks of a language, in the order of the pages."""
    return [
        Block(str(page.relative_to(ROOT)), found[1], found[2])
        for page in PAGES
        for found in FENCED.finditer(page.read_text(encoding="utf-8"))
        if found[1] == language
    ]


SAVED = re.compile(r"`([\w./-]+\.(?:py|toml))`[^`]*?:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


def save_files(page: str, place: Path) -> list[Path]:
    """Write the blocks of a page that it tells its readers to save: `` `name`...: `` and a block below."""
    found = SAVED.findall((ROOT / page).read_text(encoding="utf-8"))
    for name, text in found:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return [place / name for name, _ in found]


def commands() -> dict[str, list[str]]:
    """The commands of each page and of each command's help, without their comments."""
    found = {
        str(page.relative_to(ROOT)): [_typed(line) for line in _lines(page.read_text(encoding="utf-8"))]
        for page in PAGES
    }
    found["--help"] = list(dict.fromkeys(_examples(typer.main.get_command(app))))
    return {place: typed for place, typed in found.items() if typed}


def _lines(text: str) -> Iterator[str]:
    """The lines of indented and fenced blocks that begin with ``moodrec``; a backslash continues a line."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        if re.match(r"(    |\t|\$ )?(\$ )?moodrec [a-z]", line) and (line[0] in " \t$" or "```" in text):
            if line.startswith("moodrec") and not _is_fenced(joined, line):
                continue
            yield line.strip().removeprefix("$ ")


def _is_fenced(text: str, line: str) -> bool:
    return any(line in found[2].splitlines() for found in FENCED.finditer(text))


def _typed(line: str) -> str:
    return shlex.join(shlex.split(line, comments=True))


def _examples(command: Any) -> Iterator[str]:
    for inner in getattr(command, "commands", {}).values():
        yield from _examples(inner)
    if not hasattr(command, "commands"):
        yield from (_typed(line) for line in EXAMPLE.findall(command.help or ""))


def make_place(place: Path) -> Path:
    """Fill a home folder with a library, music, tables and a model, as the documentation assumes them."""
    tone = write_tone(place / "tone.flac", 220, seconds=2.0).read_bytes()
    library = write_sample_library(place / "data" / "moodrec", True, tone, moved=False, folder="library")
    write_tone(place / "home" / "Music" / "new.wav", 330)
    (place / "home" / "backups").mkdir()
    work = place / "work"
    write_model(work / "runs" / "own" / "model")
    (work / "demo-output").mkdir()
    (work / "demo-output" / "library").symlink_to(library)
    shutil.copy(place / "tone.flac", work / "track.flac")
    for name in ("indexes", "recipes", "benchmarks"):
        (work / name).symlink_to(ROOT / name)
    (work / "music").mkdir()
    for name in ("one.flac", "two.mp3"):
        shutil.copy(place / "tone.flac", work / "music" / name)
    catalogue = {"track_id": ["one", "two"], "path": ["music/one.flac", "music/two.mp3"]}
    pq.write_table(pa.table(catalogue), work / "catalogue.parquet")
    plays = pd.DataFrame({"title": ["Teardrop", "Angel", "gone"], "played_at": ["2024-01-01"] * 3})
    plays.to_csv(work / "plays.csv", index=False)
    pd.DataFrame({"track": ["Teardrop"], "calm": [1]}).to_csv(work / "labels.csv", index=False)
    _write_vectors(work / "vectors.parquet", 0)
    _write_vectors(work / "new.parquet", 30)
    _write_vectors(work / "changed.parquet", 15)
    _write_vectors(work / "my-tracks.parquet", 0, 60, "track-")
    _write_predictions(work)
    _write_index(work / "path" / "to" / "library-or-index")
    return work


def _write_vectors(path: Path, first: int, n: int = 30, called: str = "t") -> None:
    rng = np.random.default_rng(first)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=n * 8).astype(np.float32)), 8)
    moods = {name: rng.random(n).astype(np.float32) for name in ("calm", "happy")}
    pq.write_table(
        pa.table(
            {"track_id": [f"{called}{i}" for i in range(first, first + n)], **moods, "embedding": vectors}
        ),
        path,
    )


def _write_predictions(work: Path) -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((150, 3)) < 0.3).astype(np.float32)
    scores = np.clip(labels * 0.3 + rng.random((150, 3)) * 0.7, 0, 1).astype(np.float32)
    for name in ("P", "other", "predictions"):
        np.save(work / f"{name}.npy", scores)
    for name in ("Y", "groundtruth"):
        np.save(work / f"{name}.npy", labels)
    tracks = {
        "artist": [f"artist {i % 30}" for i in range(150)],
        "genre": ["rock"] * 150,
        "year": [2000] * 150,
    }
    pq.write_table(pa.table(tracks), work / "tracks.parquet")


def _write_index(place: Path) -> None:
    """An index with the ids that the documentation uses, with paths and durations."""
    sample = MoodIndex.open(find_sample_index())
    table, n = sample.table, len(sample)
    vectors = sample.vectors(sample.track_ids)
    ids = ["track-id", "a", "b", "c", *sample.track_ids[4:]]
    table = table.set_column(table.column_names.index("track_id"), "track_id", pa.array(ids))
    table = table.append_column("path", pa.array([f"/music/{i}.flac" for i in range(n)]))
    table = table.append_column("duration", pa.array(np.linspace(100, 300, n)))
    MoodIndex.build(vectors, table, sample.moods).save(place)
