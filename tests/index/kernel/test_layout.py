"""A build of the kernel whose structures lie otherwise is refused; and the kernel is a Python module.

Tests the inside of moodrec.index.kernel.binding on purpose.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from ctypes import Structure, c_int64, sizeof

import pytest

from moodrec.index.kernel import binding as kernel
from moodrec.index.kernel.structures import STRUCTURES

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not built here")


@pytest.fixture(autouse=True)
def _loaded_anew() -> Iterator[None]:
    """What a test does to the structures is forgotten after it."""
    yield
    _forget()


def _forget() -> None:
    kernel._load.cache_clear()
    kernel.library.cache_clear()


def _with(monkeypatch: pytest.MonkeyPatch, changed: type[Structure]) -> None:
    """One of the structures becomes another of the same name."""
    structures = [changed if kind.__name__ == changed.__name__ else kind for kind in STRUCTURES]
    monkeypatch.setattr(kernel, "STRUCTURES", tuple(structures))
    _forget()


def test_both_sides_have_every_field_in_the_same_place() -> None:
    assert kernel.trouble() == ""
    layout = kernel._layout(kernel.library())
    assert len(layout) == sum(len(kind._fields_) for kind in STRUCTURES) + len(STRUCTURES)


@pytest.mark.parametrize("kind", STRUCTURES, ids=lambda kind: kind.__name__)
def test_two_swapped_fields_are_refused(kind: type[Structure], monkeypatch: pytest.MonkeyPatch) -> None:
    """They have one size, so that the structure's size does not tell."""
    fields = list(kind._fields_)
    second = next(i for i in range(1, len(fields)) if sizeof(fields[i][1]) == sizeof(fields[i - 1][1]))
    fields[second - 1], fields[second] = fields[second], fields[second - 1]
    _with(monkeypatch, type(kind.__name__, (Structure,), {"_fields_": tuple(fields)}))
    assert kernel.library() is None
    assert (
        f"{kind.__name__}.{min(fields[second - 1][0], fields[second][0])} lies elsewhere" in kernel.trouble()
    )


@pytest.mark.parametrize("change", [1, -1])
def test_a_field_more_or_less_is_refused(change: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = (*kernel.Found._fields_, ("more", c_int64)) if change > 0 else kernel.Found._fields_[:-1]
    _with(monkeypatch, type("Found", (Structure,), {"_fields_": fields}))
    assert kernel.library() is None
    assert "Found" in kernel.trouble()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_VERSION", kernel._VERSION - 1)
    _forget()
    assert kernel.library() is None
    assert "other sources" in kernel.trouble()


def test_the_kernel_is_a_module() -> None:
    module = importlib.import_module("moodrec.index._kernel")
    assert "compiled search" in str(module.__doc__)
