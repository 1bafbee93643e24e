"""The packages that only the server needs, and the sentence that says how to install them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from moodrec.errors import MissingExtraError

EXTRA: Final = "serve"
_PACKAGES: Final = ("fastapi", "uvicorn", "prometheus_client", "python_multipart")


def missing() -> list[str]:
    """Return the names of the packages of the extra that are not installed."""
    return [name for name in _PACKAGES if find_spec(name) is None]


def require() -> None:
    """Check that the server can run.

    Raises:
        MissingExtraError: a package of the extra is not installed; the message holds the pip line.
    """
    if missing():
        raise MissingExtraError("the server", EXTRA)
