"""An index of clustered items, and listeners who keep to a cluster: small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from moodrec.index.mood_index import MoodIndex

N_ITEMS = 60
N_COLD = 12
"""The last of each cluster have never been played."""
N_USERS = 40
CLUSTER = np.arange(N_ITEMS) % 4
ITEM_IDS = [f"i{row:02d}" for row in range(N_ITEMS)]
COLD = np.arange(N_ITEMS) >= N_ITEMS - N_COLD


def made_up_index() -> MoodIndex:
    """60 items in 4 clusters, with a mood."""
    rng = np.random.default_rng(0)
    vectors = np.eye(8)[CLUSTER] + 0.15 * rng.standard_normal((N_ITEMS, 8))
    calm = pa.array(np.where(np.arange(N_ITEMS) == 5, np.nan, CLUSTER / 4), pa.float32(), from_pandas=True)
    table = pa.table({"track_id": ITEM_IDS, "calm": calm})
    return MoodIndex.build(vectors, table, ["calm"])


def plays() -> NDArray[np.int64]:
    """(plays, 2) user and item numbers: each user plays ten warm items of one cluster."""
    rng = np.random.default_rng(1)
    found = []
    for user in range(N_USERS):
        own = np.flatnonzero((user % 4 == CLUSTER) & ~COLD)
        found += [(user, item) for item in rng.choice(own, 10, replace=False)]
    return np.array(found)
