"""Stored vectors have checksums of their own: SQLite guards the structure of its pages, not the numbers in them."""

from __future__ import annotations

import hashlib


def checksum(model_fingerprint: str, track_id: str, *blobs: bytes) -> bytes:
    """Compute the checksum of a row of the table ``analyses``.

    Args:
        model_fingerprint: the model that computed the vectors.
        track_id: the track that they belong to.
        blobs: the vectors, as stored.

    Returns:
        Eight bytes.
    """
    digest = hashlib.blake2b(digest_size=8, person=b"moodrec vectors")
    for part in (model_fingerprint.encode(), track_id.encode(), *blobs):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
