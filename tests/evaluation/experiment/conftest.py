"""Made-up data and what a tiny plan on it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.evaluation.experiment.grid import GridOptions, run_plan
from tests.evaluation.experiment.made_up import write_datasets, write_plan


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the three datasets."""
    return write_datasets(tmp_path_factory.mktemp("experiment"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of spectrograms."""
    return tmp_path_factory.mktemp("spectrograms")


@pytest.fixture(scope="session")
def results(datasets: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished plan, trained in one process."""
    out = tmp_path_factory.mktemp("results")
    report = run_plan(write_plan(datasets), out, GridOptions(cache_folder=cache), lambda event: None)
    assert not report.failed
    assert len(report.trained) == 8
    return out
