"""Every path that this processor can run, against NumPy and exact searches."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import UsageError
from moodrec.filters.columns import ColumnTable, select
from moodrec.filters.conditions import And, Condition, Not
from moodrec.filters.parse import parse
from moodrec.filters.selection import row_mask
from moodrec.index.kernel import binding as kernel
from moodrec.index.kernel.program import Program
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.rows.unit_vectors import unit_rows
from moodrec.ranking import blend, mood_affinity
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import IndexContract, recall
from tests.filters.generated import as_table, random_condition, random_rows

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")

SAMPLE = sample_catalogue(4000, 48)
QUERIES = unit_rows(SAMPLE.vectors[::80] + SAMPLE.vectors[::-80])
SEARCHES: tuple[dict[str, Any], ...] = (
    {},
    {"where": "calm >= 0.5"},
    {"where": "happy < 0.1"},
    {"mood": {"calm": 1.0}, "mood_weight": 0.3},
)


@pytest.fixture(scope="class", params=kernel.paths())
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """A path; whatever asks for it runs on every one."""
    with kernel.running(request.param):
        yield request.param


@pytest.mark.usefixtures("name")
class TestIvf(IndexContract):
    preset = "ivf"


@pytest.mark.usefixtures("name")
class TestIvfSq8(IndexContract):
    preset = "ivf-sq8"


@pytest.mark.usefixtures("name")
def test_masks_are_those_of_numpy() -> None:
    for seed in range(12):
        rng = random.Random(seed)
        rows = random_rows(rng, 2500 if seed < 2 else 50)  # beyond one block of rows, and within
        columns = ColumnTable(as_table(rows))
        for _ in range(100):
            condition = random_condition(rng)
            selection = select(condition, columns)
            mask, passed = Program(selection).mask(len(rows))
            np.testing.assert_array_equal(mask, row_mask(selection, len(rows)), str(condition))
            assert passed == np.count_nonzero(mask)


@pytest.mark.usefixtures("name")
def test_a_deep_condition_needs_a_deep_stack() -> None:
    rng = random.Random(3)
    rows = random_rows(rng, 300)
    columns = ColumnTable(as_table(rows))
    condition: Condition = random_condition(rng, 0)
    for _ in range(60):
        condition = Not(And((random_condition(rng, 1), condition)))
    selection = select(condition, columns)
    program = Program(selection)
    assert program.height > 30
    np.testing.assert_array_equal(program.mask(300)[0], row_mask(selection, 300))


@pytest.mark.usefixtures("name")
@pytest.mark.parametrize("dim", [1, 3, 16, 100, 130])
def test_scores_in_double_precision(dim: int) -> None:
    rng = np.random.default_rng(dim)
    vectors, query = rng.standard_normal((50, dim), np.float32), rng.standard_normal(dim, np.float32)
    moods, targets = rng.random((2, 50), np.float32), np.array([0.2, 0.9], np.float32)
    moods[0, 7] = np.nan
    in_memory, wanted = kernel.Rows.of(vectors, None), np.append(rng.integers(8, 50, 20), 7)
    cosine = vectors[wanted].astype(np.float64) @ query.astype(np.float64)
    plain = kernel.scores(in_memory, kernel.Query(kernel.address(query)), wanted)
    np.testing.assert_array_equal(plain, cosine.astype(np.float32))
    asked = kernel.Query.blended(kernel.address(query), 0.3, list(moods), kernel.address(targets))
    affinity = mood_affinity(moods.T[wanted].astype(np.float64), targets)
    expected = blend(cosine, affinity, 0.3).astype(np.float32)
    np.testing.assert_allclose(kernel.scores(in_memory, asked, wanted), expected, rtol=2e-7)
    assert np.isnan(expected[-1])


@pytest.mark.usefixtures("name")
@pytest.mark.parametrize("dim", [2, 63, 64, 65, 200])
def test_bytes_are_multiplied_to_the_last_one(dim: int) -> None:
    """Whatever of a row's bytes is left beyond a whole word of the processor counts as well."""
    vectors = unit_rows(np.random.default_rng(dim).standard_normal((900, dim), np.float32))
    table = pa.table({"track_id": [f"t{row}" for row in range(900)]})
    everything = load_preset("ivf-sq8").model_copy(update={"first_lists": 10_000})
    index = MoodIndex.build(vectors, table, (), everything)
    assert recall(index.search(vectors[:50], 5), index.search(vectors[:50], 5, exact=True)) == 1


@pytest.mark.usefixtures("name")
@pytest.mark.parametrize("n_genres", [3, 40, 70, 300])
def test_tables_of_any_length_are_looked_up(n_genres: int) -> None:
    rng = np.random.default_rng(n_genres)
    genres = [None if number == 0 else f"genre {number}" for number in rng.integers(0, n_genres + 1, 4000)]
    columns = ColumnTable(pa.table({"genre": genres}))
    for where in (
        "genre LIKE '%2%'",
        "NOT genre LIKE '%2%'",
        "genre IN ('genre 1', 'genre 3')",
        "genre <> 'genre 1'",
    ):
        selection = select(parse(where), columns)
        np.testing.assert_array_equal(Program(selection).mask(4000)[0], row_mask(selection, 4000))


@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
def test_searches_find_what_exact_searches_do(preset: str, name: str) -> None:
    """There are sketches here, which the plainest path leaves alone."""
    few_lists = load_preset(preset).model_copy(update={"nlist": 40})
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, few_lists)
    for conditions in SEARCHES:
        found = index.search(QUERIES, 10, **conditions)
        exact = index.search(QUERIES, 10, exact=True, **conditions)
        assert found.explanation.kernel == name
        assert recall(found, exact) > 0.97
        same = found.track_ids == exact.track_ids
        np.testing.assert_allclose(found.scores[same], exact.scores[same], atol=2e-7)


def searches_in_a_process(**variables: str) -> subprocess.CompletedProcess[str]:
    """A fresh process that searches, with some environment variables set."""
    script = (
        "import numpy as np, pyarrow as pa\n"
        "from moodrec import MoodIndex\n"
        "tracks = pa.table({'track_id': ['a', 'b', 'c']})\n"
        "index = MoodIndex.build(np.eye(3, dtype=np.float32), tracks, preset='ivf')\n"
        "print(index.search(np.ones(3), 1).explanation.kernel)\n"
    )
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment
    )


def test_the_environment_forces_a_path(name: str) -> None:
    done = searches_in_a_process(MOODREC_KERNEL_ISA=name)
    assert done.stdout.split() == [name], done.stderr


@pytest.mark.parametrize("word", ["AVX2", "avx3", "portable,avx2"])
def test_a_word_that_is_no_path_is_refused(word: str) -> None:
    done = searches_in_a_process(MOODREC_KERNEL_ISA=word)
    assert done.returncode != 0
    assert f"{word!r} is not a path of the search kernel" in done.stderr
    assert ", ".join(kernel.PATHS) in done.stderr


def test_a_path_that_the_processor_lacks_is_refused() -> None:
    lacking = next(other for other in kernel.PATHS if other not in kernel.paths())
    there, before = ", ".join(kernel.paths()), kernel.path()
    with (
        pytest.raises(UsageError, match=f"cannot run .* {lacking}; it can run {there}"),
        kernel.running(lacking),
    ):
        pass
    assert kernel.path() == before
    done = searches_in_a_process(MOODREC_KERNEL_ISA=lacking)
    assert f"cannot run the search kernel's path {lacking}" in done.stderr


def test_no_path_is_needed_where_the_kernel_is_switched_off() -> None:
    done = searches_in_a_process(MOODREC_KERNEL_ISA="portable", MOODREC_KERNEL="0")
    assert done.stdout.split() == ["None"], done.stderr


@pytest.mark.parametrize("other", [name for name in kernel.PATHS if name not in kernel.paths()])
def test_paths_of_other_processors(other: str) -> None:
    pytest.skip(f"{other}: not tested, this processor cannot run it")
