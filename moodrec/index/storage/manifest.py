"""The manifest of a saved version: what it holds, and the checksums of its files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError, field_validator

from moodrec.config import Config, IndexConfig, explain, unused_fields
from moodrec.errors import CorruptStoreError
from moodrec.index.storage.checksums import StoredFile

FORMAT: Final = 2
"""The format of versions written now. In format 1 the stop rule had one share for all depths."""
MANIFEST: Final = "manifest.json"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\.[A-Za-z0-9]{1,20})?")
_RETIRED: Final = {"sq8_from"}
"""Fields of the preset that earlier versions wrote and that mean nothing any more."""


class Manifest(Config):
    """What a saved version holds."""

    format: int = FORMAT
    """The format of the version's files."""
    rows: int = Field(ge=0)
    """The number of rows, tombstones included."""
    dim: int = Field(gt=0)
    """The dimension of the vectors."""
    preset: str
    """The preset's name as the user gave it."""
    config: IndexConfig
    """The settled preset."""
    moods: tuple[str, ...]
    """The names of the columns that hold mood scores."""
    model_fingerprint: str | None
    """The fingerprint of the model that made the embeddings; None if unknown."""
    library_revision: int | None
    """The revision of the library that the index was built from; None without a library."""
    facts: dict[str, float]
    """The numbers that the preset's backend needs, by name."""
    files: dict[str, StoredFile]
    """The record of each file of the version but the manifest, by its name."""

    @field_validator("files")
    @classmethod
    def _of_plain_names(cls, files: dict[str, StoredFile]) -> dict[str, StoredFile]:
        """Refuse paths: a version has no files but those in its folder."""
        for name in files:
            if not _PLAIN_NAME.fullmatch(name):
                raise ValueError(f"{name[:80]!r} is not the plain name of a file")
        return files

    @field_validator("config", mode="before")
    @classmethod
    def _without_idle_fields(cls, config: Any) -> Any:
        """Drop fields that mean nothing, or nothing for the kind, so that indexes of earlier versions open."""
        if isinstance(config, IndexConfig):
            config = config.model_dump()
        if not isinstance(config, dict):
            return config
        idle = _RETIRED | unused_fields(config.get("kind", "auto"), config.get("device", "cpu"))
        return {name: value for name, value in config.items() if name not in idle}


def read_manifest(path: Path, text: bytes) -> Manifest:
    """Read the text of a manifest whose checksum has been verified.

    Args:
        path: the path of the manifest, for error messages.
        text: its content, JSON in UTF-8.

    Raises:
        CorruptStoreError: a newer moodrec wrote the manifest, or a field has a wrong value.
    """
    found = re.search(rb'"format": (\d{1,9})', text)
    if found and int(found[1]) > FORMAT:
        raise CorruptStoreError(
            f"{path}: written by a newer moodrec (format {int(found[1])}): upgrade moodrec"
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise CorruptStoreError(f"{path}: {explain(error)}") from None
