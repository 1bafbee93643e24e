"""Random searches through a build of the kernel that checks every access and every sum.

``benchmarks/reliability/kernel_fuzz.py`` is the long form.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.index.kernel import sanitized

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sanitized.why_not() != "", reason=sanitized.why_not())]
SEARCHES = 150


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sanitized.build(tmp_path_factory.mktemp("kernel"))


def test_random_searches_touch_only_what_is_theirs(kernel: Path) -> None:
    done = sanitized.fuzz(kernel, SEARCHES, seed=0)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["searches"] >= SEARCHES


def test_an_access_beyond_an_array_is_seen(kernel: Path) -> None:
    """Scores of a row that is not there."""
    script = (
        "import numpy as np, sys\n"
        "from types import SimpleNamespace\n"
        "from moodrec.index.kernel import binding as kernel\n"
        "kernel.find_spec = lambda name: SimpleNamespace(origin=sys.argv[1])\n"
        "rows = kernel.Rows.of(np.ones((4, 1000), np.float32), None)\n"
        "query = np.ones(1000, np.float32)\n"
        "print(kernel.scores(rows, kernel.Query(kernel.address(query)), np.array([int(sys.argv[2])])))\n"
    )
    assert sanitized.run(kernel, "-c", script, kernel, 3).returncode == 0
    beyond = sanitized.run(kernel, "-c", script, kernel, 4)
    assert beyond.returncode != 0
    assert "heap-buffer-overflow" in beyond.stderr
