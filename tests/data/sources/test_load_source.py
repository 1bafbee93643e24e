"""Finding a source by name, and saying what is wrong with a request for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.cli.evaluate import evaluate
from moodrec.data.sources import SOURCES, load_source
from moodrec.errors import DataError, NotFoundError, UsageError


def test_unknown_source_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no dataset is called 'deam'; there are table, emotify"):
        load_source("deam", tmp_path)


@pytest.mark.parametrize("name", SOURCES)
def test_missing_root(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        load_source(name, tmp_path / "nowhere")


@pytest.mark.parametrize("name", SOURCES)
def test_unknown_option_names_the_real_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no option typo"):
        load_source(name, tmp_path, {"typo": 1})


@pytest.mark.parametrize("name", SOURCES)
def test_empty_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hold|cannot be read"):
        load_source(name, tmp_path)


def test_the_command_line_names_every_dataset() -> None:
    assert f"Datasets: {', '.join(SOURCES)}." in " ".join((evaluate.__doc__ or "").split())
