"""What searches on a GPU: PyTorch's part on the CPU, where it is the same code; FAISS's where there is a GPU.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.errors import MissingExtraError, UsageError
from moodrec.index.backends.gpu.backend import require_gpu
from moodrec.index.backends.gpu.scan import GpuScan
from moodrec.index.mood_index import MoodIndex
from moodrec.index.presets import load_preset
from moodrec.index.search.options import SearchOptions
from moodrec.index.search.resolve import resolve
from tests.catalogues import MOODS, sample_catalogue
from tests.contracts import SEARCHES, IndexContract, recall

SAMPLE = sample_catalogue()


@pytest.fixture(scope="module")
def gpu() -> None:
    try:
        require_gpu()
    except (MissingExtraError, UsageError) as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("conditions", SEARCHES, ids=str)
def test_the_exact_scan_by_pytorch(conditions: dict, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[type-arg]
    index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, "flat")
    catalogue = index._catalogue
    asked = {name: value for name, value in conditions.items() if name != "max_per_artist"}
    request = resolve(SearchOptions(**asked), 5, catalogue, SAMPLE.vectors[:20])
    monkeypatch.setattr("moodrec.index.backends.gpu.scan._SCORES_AT_ONCE", 3000)  # several rounds
    segment = catalogue.base.segment
    found = GpuScan(segment.vectors, "cpu").find(segment, request, 5 + request.skipped.shape[1])
    truth = index.search(SAMPLE.vectors[:20], 5, exact=True, **asked)
    for rows, ids in zip(found, truth.track_ids, strict=True):
        assert {*ids} - {None} <= {f"t{row}" for row in rows}


@pytest.mark.gpu
@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("preset", ["ivf", "ivf-sq8"])
class TestListsOnAGpu:
    def test_files_of_the_cpu_open_there_and_back(self, preset: str, tmp_path: Path) -> None:
        index = MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, preset)
        index.save(tmp_path / "cpu")
        on_gpu = MoodIndex.open(tmp_path / "cpu", device="cuda")
        on_gpu.save(tmp_path / "gpu")
        back = MoodIndex.open(tmp_path / "gpu", device="cpu")
        for conditions in SEARCHES:
            truth = index.search(SAMPLE.vectors[:30], exact=True, **conditions)
            for opened in (on_gpu, back):
                assert recall(opened.search(SAMPLE.vectors[:30], **conditions), truth) >= 0.95


def test_a_graph_cannot_be_had_on_a_gpu(tmp_path: Path) -> None:
    MoodIndex.build(SAMPLE.vectors, SAMPLE.table, MOODS, "hnsw").save(tmp_path / "index")
    with pytest.raises(UsageError, match="searched on a CPU"):
        MoodIndex.open(tmp_path / "index", device="cuda")


@pytest.mark.gpu
@pytest.mark.usefixtures("gpu")
class TestIvfOnAGpu(IndexContract):
    preset = "ivf"

    @classmethod
    def config(cls):  # type: ignore[no-untyped-def]
        return load_preset("ivf").model_copy(update={"device": "cuda"})
