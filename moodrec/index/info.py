"""A description of an index: its size, its preset, its columns and its origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moodrec.arguments import brief
from moodrec.errors import ModelMismatchError, UsageError
from moodrec.index.snapshot import Snapshot
from moodrec.index.storage.version import Version


@dataclass(frozen=True)
class IndexInfo:
    """The description of an index that ``moodrec index info`` prints."""

    tracks: int
    """The number of tracks."""
    removed: int
    """The number of tombstones: removed tracks whose rows are still there."""
    dim: int
    """The dimension of the vectors."""
    preset: str
    """The preset's name as the user gave it."""
    kind: str
    """The kind that the preset settled on: ``flat``, ``ivf``, ``ivf-sq8``, ``ivf-pq``, ``hnsw`` or ``gpu``."""
    moods: tuple[str, ...]
    """The names of the columns that hold mood scores."""
    columns: tuple[str, ...]
    """The names of the track table's columns."""
    model_fingerprint: str | None
    """The fingerprint of the model that made the embeddings; None if unknown."""
    library_revision: int | None
    """The revision of the library that the index was built from; None without a library."""
    path: str | None
    """The folder that the index was opened from or saved to last; None if it was never saved."""


def info_of(snapshot: Snapshot, saved: Version | None) -> IndexInfo:
    """Describe one version of an index.

    Args:
        snapshot: the version of the index to describe.
        saved: the version on disk that was opened, or saved last; None where there is none.
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


_LONGEST: Final = 80


def require_same_model(ours: str | None, theirs: str | None) -> None:
    """Check that embeddings of two models may be compared; None is unknown, and not checked.

    Args:
        ours: fingerprint of the model that made the vectors of an index.
        theirs: fingerprint of the model that made the others.

    Raises:
        ModelMismatchError: they are different models.
    """
    if theirs is not None and not isinstance(theirs, str):
        raise UsageError(f"the fingerprint of a model is text, not {brief(theirs)}")
    if ours is not None and theirs is not None and ours != theirs:
        raise ModelMismatchError(
            f"the index holds embeddings of model {ours}, these are of model {theirs[:_LONGEST]}; "
            "name the model that made the index (--model FOLDER), or analyse the music with the other one"
        )
