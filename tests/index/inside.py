"""The inside of an index, for tests of what its parts know: the backend of the ``ivf`` presets.

Tests the inside of moodrec.index.mood_index on purpose.
"""

from __future__ import annotations

from moodrec.index.backends.ivf.backend import IvfBackend
from moodrec.index.mood_index import MoodIndex


def ivf(index: MoodIndex) -> IvfBackend:
    """The backend of an index whose preset is one of lists."""
    backend = index._snapshot.backend
    assert isinstance(backend, IvfBackend)
    return backend
