"""Saved indexes: versions on disk, their manifests and checksums."""
