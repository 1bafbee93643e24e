"""What a saved version of an index says of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError, field_validator

from moodrec.config import Config, IndexConfig, explain, unused_fields
from moodrec.errors import CorruptStoreError
from moodrec.index.storage.checksums import FileRecord

FORMAT: Final = 2
"""The format of versions written now. In format 1 the stop rule of lists had no depths."""
MANIFEST: Final = "manifest.json"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9]+)?")
_RETIRED: Final = {"sq8_from"}


class Manifest(Config):
    """What a version holds."""

    format: int = FORMAT
    rows: int = Field(ge=0)
    """Rows, tombstones included."""
    dim: int = Field(gt=0)
    preset: str
    """The preset's name as the user gave it."""
    config: IndexConfig
    """The settled preset."""
    moods: tuple[str, ...]
    model_fingerprint: str | None
    """Of the model that made the embeddings, if known."""
    library_revision: int | None
    """Of the library that the index was built from, if any."""
    facts: dict[str, float]
    """Numbers that the preset's backend needs."""
    files: dict[str, FileRecord]

    @field_validator("files")
    @classmethod
    def _of_plain_names(cls, files: dict[str, FileRecord]) -> dict[str, FileRecord]:
        """Refuse paths: a version has no files but those in its folder."""
        for name in files:
            if not _PLAIN_NAME.fullmatch(name):
                raise ValueError(f"{name[:80]!r} is not the plain name of a file")
        return files

    @field_validator("config", mode="before")
    @classmethod
    def _without_idle_fields(cls, config: Any) -> Any:
        """Indexes of earlier versions open: fields that mean nothing, or nothing for the kind, are passed over."""
        if isinstance(config, IndexConfig):
            config = config.model_dump()
        if not isinstance(config, dict):
            return config
        idle = _RETIRED | unused_fields(config.get("kind", "auto"), config.get("device", "cpu"))
        return {name: value for name, value in config.items() if name not in idle}


def read_manifest(path: Path, text: bytes) -> Manifest:
    """Read the text of a manifest whose checksum has been verified.

    Args:
        path: where it lies, for messages.
        text: what it says, JSON.

    Raises:
        CorruptStoreError: a newer moodrec wrote it, or a field is wrong.
    """
    found = re.search(rb'"format": (\d+)', text)
    if found and int(found[1]) > FORMAT:
        raise CorruptStoreError(
            f"{path}: written by a newer moodrec (format {int(found[1])}): upgrade moodrec"
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise CorruptStoreError(f"{path}: {explain(error)}") from None
