"""Checksums of the stored vectors: SQLite guards the structure of its pages, not the numbers in them."""

from __future__ import annotations

import hashlib


def checksum(model_fingerprint: str, track_id: str, *blobs: bytes) -> bytes:
    """Eight bytes that follow from a row of the table ``analyses``: whose vectors they are, and the vectors."""
    digest = hashlib.blake2b(digest_size=8, person=b"moodrec vectors")
    for part in (model_fingerprint.encode(), track_id.encode(), *blobs):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
