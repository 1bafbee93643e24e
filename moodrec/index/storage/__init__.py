"""Saved indexes: versions on disk, their manifests, their checksums, and how readers and writers share them."""
