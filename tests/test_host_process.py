"""A program that imports and uses moodrec finds its own settings of FAISS, PyTorch and Python as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.index.runtime import faiss, threads_for
from tests.cli.commands import write_model, write_tone

SETTINGS = """
import json, os, signal, sys, warnings
import faiss, numpy, torch

def settings():
    return {
        "faiss threshold for matrix products": faiss.cvar.distance_compute_blas_threshold,
        "faiss threads": faiss.omp_get_max_threads(),
        "torch threads": torch.get_num_threads(),
        "torch threads between operations": torch.get_num_interop_threads(),
        "torch gradients": torch.is_grad_enabled(),
        "torch precision": [str(torch.get_default_dtype()), torch.get_float32_matmul_precision()],
        "torch determinism": torch.are_deterministic_algorithms_enabled(),
        "torch random numbers": torch.get_rng_state().sum().item(),
        "numpy random numbers": int(numpy.random.get_state()[1].sum()),
        "numpy errors": numpy.geterr(),
        "warnings": len(warnings.filters),
        "interrupts": str(signal.getsignal(signal.SIGINT)),
        "environment": dict(os.environ),
    }

faiss.cvar.distance_compute_blas_threshold = 777
torch.set_num_threads(3)
settings()  # asking for some of them loads what belongs to them
"""
IMPORTING = """
before = settings()
import moodrec
from moodrec import MoodIndex, MoodModel, Recommender
import moodrec.catalog.analyze, moodrec.recommend.recommender
import moodrec.evaluation.experiment.train, moodrec.training.run
print(json.dumps([before, settings()]))
"""
USING = """
before = settings()
import numpy as np, pyarrow as pa
from moodrec import MoodIndex, MoodModel
vectors = np.random.default_rng(0).standard_normal((3000, 16))
tracks = pa.table({"track_id": [f"t{row}" for row in range(3000)], "x": np.arange(3000)})
for preset in ("flat", "hnsw", "ivf", "ivf-sq8", "ivf-pq"):
    index = MoodIndex.build(vectors, tracks, preset=preset)
    index.search(vectors[:40], 5)
    index.search(vectors[:40], 5, exact=True)
    index.search(vectors[0], 5, where="x < 700")
MoodModel.load(sys.argv[1]).analyze(sys.argv[2])
print(json.dumps([before, settings()]))
"""


def before_and_after(script: str, *arguments: Path) -> tuple[dict[str, object], dict[str, object]]:
    """The settings of a fresh process, before and after a script has run in it."""
    done = subprocess.run(
        [sys.executable, "-c", SETTINGS + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    return before, after


def test_importing_changes_nothing() -> None:
    before, after = before_and_after(IMPORTING)
    assert after == before
    assert before["faiss threshold for matrix products"] == 777


def test_searching_and_analysing_change_nothing(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 220)
    before, after = before_and_after(USING, write_model(tmp_path / "model"), tmp_path / "a.wav")
    assert after == before
    assert before["torch threads"] == 3


def test_a_call_sets_what_it_needs_and_puts_it_back() -> None:
    own = faiss.cvar.distance_compute_blas_threshold
    with threads_for(4):
        assert faiss.cvar.distance_compute_blas_threshold == 20
        with threads_for(1):
            assert faiss.omp_get_max_threads() == 1
        assert faiss.cvar.distance_compute_blas_threshold == 20
    assert faiss.cvar.distance_compute_blas_threshold == own

    def fails() -> None:
        with threads_for(4):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fails()
    assert faiss.cvar.distance_compute_blas_threshold == own


def test_calls_of_many_threads_put_it_back() -> None:
    own = faiss.cvar.distance_compute_blas_threshold
    vectors = np.random.default_rng(0).standard_normal((500, 8))
    index = MoodIndex.build(vectors, pa.table({"track_id": [f"t{row}" for row in range(500)]}), preset="flat")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda start: index.search(vectors[start : start + 30], 3), range(200)))
    assert len(found) == 200
    assert faiss.cvar.distance_compute_blas_threshold == own
