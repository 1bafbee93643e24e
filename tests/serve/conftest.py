"""One server for the tests that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moodrec.recommend.recommender import Recommender
from tests.serve.running import save_sample, serving, settings_for

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "index"
    save_sample(folder)
    return folder


@pytest.fixture(scope="session")
def client(sample_folder: Path) -> Iterator[httpx.Client]:
    with serving(settings_for(sample_folder)) as client:
        yield client


@pytest.fixture(scope="session")
def rec(sample_folder: Path) -> Recommender:
    """What the served answers must agree with."""
    return Recommender.open(sample_folder)
