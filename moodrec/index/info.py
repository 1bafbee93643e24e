"""What an index is: counts, preset, columns, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from moodrec.errors import ModelMismatchError
from moodrec.index.snapshot import Snapshot
from moodrec.index.storage.store import Version


@dataclass(frozen=True)
class IndexInfo:
    """What an index is."""

    tracks: int
    removed: int
    """Tombstones: removed tracks whose rows are still there."""
    dim: int
    preset: str
    kind: str
    """What the preset came to: ``flat``, ``ivf``, ``ivf-sq8``, ``ivf-pq``, ``hnsw`` or ``gpu``."""
    moods: tuple[str, ...]
    columns: tuple[str, ...]
    model_fingerprint: str | None
    library_revision: int | None
    path: str | None
    """Where it was opened from or saved to last."""


def info_of(snapshot: Snapshot, saved: Version | None) -> IndexInfo:
    """Describe a snapshot.

    Args:
        snapshot: a version of the index.
        saved: the version that was opened, or saved last; None where there is none.
    """
    catalogue, origin = snapshot.catalogue, snapshot.origin
    return IndexInfo(
        tracks=catalogue.n_alive,
        removed=len(catalogue) - catalogue.n_alive,
        dim=catalogue.dim,
        preset=origin.preset,
        kind=snapshot.backend.name,
        moods=catalogue.moods,
        columns=catalogue.column_names,
        model_fingerprint=origin.model_fingerprint,
        library_revision=origin.library_revision,
        path=None if saved is None else str(saved.folder.parent),
    )


def require_same_model(ours: str | None, theirs: str | None) -> None:
    """Check that embeddings of two models may be compared; None is unknown, and not checked.

    Args:
        ours: fingerprint of the model that made the vectors of an index.
        theirs: fingerprint of the model that made the others.

    Raises:
        ModelMismatchError: they are different models.
    """
    if ours is not None and theirs is not None and ours != theirs:
        raise ModelMismatchError(
            f"the index holds embeddings of model {ours}, these are of model {theirs}; "
            "name the model that made the index (--model FOLDER), or analyse the music with the other one"
        )
