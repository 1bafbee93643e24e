"""Running commands in this process, and the small things they are run on."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from typer.testing import CliRunner, Result

from moodrec.cli.app import app
from moodrec.model.checkpoint import save_model
from tests.small_model import small_network, small_spec

SAMPLE_RATE = 16_000


def run(*args: object, code: int | None = 0) -> Result:
    """Run ``moodrec ARGS`` and check its exit code; None takes any."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert code is None or result.exit_code == code, result.output
    return result


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run_on_terminal(width: int, *args: object) -> str:
    """Run ``moodrec ARGS`` on a terminal of some width, and return what its stdout shows, without colours."""
    screen = Terminal()
    size = {"COLUMNS": str(width), "LINES": "50", "TERM": "xterm"}
    with environment(size), redirect_stdout(screen):
        app([str(arg) for arg in args], standalone_mode=False)
    return re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment while the block runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run_json(*args: object, code: int = 0) -> Any:
    """Run ``moodrec ARGS --json``; stdout must be one JSON document and nothing else."""
    return json.loads(run(*args, "--json", code=code).stdout)


def write_tone(path: Path, frequency: float, seconds: float = 2.5, loudness: float = 0.3) -> Path:
    """A tone with overtones, so that different frequencies are different music."""
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    overtones = np.arange(1, 5)[:, None]
    wave = (np.sin(2 * np.pi * frequency * overtones * t) / overtones).sum(0)
    soundfile.write(path, (loudness * wave / 2).astype(np.float32), SAMPLE_RATE)
    return path


def write_model(folder: Path, seed: int = 0) -> Path:
    """An untrained model with the moods ``calm`` and ``blue``."""
    save_model(folder, small_network(seed), small_spec())
    return folder


def write_vectors(path: Path, ids: Sequence[str], seed: int = 0, dim: int = 8) -> Path:
    """A table of one's own: ids, titles, two artists, a mood and vectors."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(len(ids), dim)).astype(np.float32)
    columns = {
        "track_id": list(ids),
        "title": [f"Title {track_id}" for track_id in ids],
        "artist": ["Ann" if row % 2 else "Bob" for row in range(len(ids))],
        "year": pa.array([None if row % 5 == 0 else 1990 + row for row in range(len(ids))], pa.int32()),
        "calm": rng.random(len(ids)).astype(np.float32),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim),
    }
    pq.write_table(pa.table(columns), path)
    return path
