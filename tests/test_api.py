"""What ``import moodrec`` gives."""

from __future__ import annotations

import importlib.metadata
import inspect

import pytest

import moodrec
from moodrec.errors import MoodrecError

NAMES = [
    "AudioError",
    "CorruptStoreError",
    "DataError",
    "FilterError",
    "Library",
    "ModelMismatchError",
    "MoodIndex",
    "MoodModel",
    "MoodrecError",
    "NotFoundError",
    "Recommender",
    "SearchOptions",
    "StoreLockedError",
    "UsageError",
    "__version__",
]


def test_the_export_list() -> None:
    assert moodrec.__all__ == NAMES
    assert set(NAMES) <= set(dir(moodrec))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there_and_documented(name: str) -> None:
    value = getattr(moodrec, name)
    assert getattr(moodrec, name) is value
    if inspect.isclass(value):
        assert value.__name__ == name
        assert value.__doc__
        assert value.__module__.startswith("moodrec.")


def test_nothing_else_is_public() -> None:
    public = {
        name
        for name, value in vars(moodrec).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("moodrec")
    }
    assert public <= set(NAMES)


def test_errors_have_one_root() -> None:
    for name in NAMES:
        if name.endswith("Error"):
            assert issubclass(getattr(moodrec, name), MoodrecError)


def test_the_version_is_the_distributions() -> None:
    assert moodrec.__version__ == importlib.metadata.version("moodrec")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'MoodModle'"):
        _ = moodrec.MoodModle
