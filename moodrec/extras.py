"""Optional dependencies are checked before they are needed, so that an error names the pip line."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from moodrec.errors import MissingExtraError

TRAIN: Final = "train"
"""The extra that brings PyTorch, for training and for running models on a GPU."""
PLOTS: Final = "plots"
"""The extra that brings matplotlib."""


def has_modules(*names: str) -> bool:
    """Say whether modules are installed; none of them is imported."""
    return all(map(_is_there, names))


def require_matplotlib(what: str) -> None:
    """Refuse to go on without matplotlib, which is not imported.

    Args:
        what: what needs it, as the subject of the error's sentence.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not has_modules("matplotlib"):
        raise MissingExtraError(what, PLOTS)


def require_torch(what: str) -> None:
    """Refuse to go on without PyTorch and torchaudio; neither is imported.

    Args:
        what: what needs them, as the subject of the error's sentence.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    if not has_modules("torch", "torchaudio"):
        raise MissingExtraError(what, TRAIN)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
