"""The rows of a manifest are done in parts of equal length, each of which becomes one Parquet file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Literal

from moodrec.addresses import Folder
from moodrec.bulk.manifest import Manifest
from moodrec.catalog.decoding import DecodeSettings
from moodrec.config import Config, Device
from moodrec.errors import CorruptStoreError, UsageError

ABOUT: Final = "_moodrec.json"
"""The file of an output folder that says what it holds; its underscore hides it from readers of Parquet folders."""
ROWS_PER_PART: Final = 2_000
Engine = Literal["local", "ray"]


class About(Config):
    """What an output folder holds, so that nothing else is mixed in."""

    manifest: str
    """The digest of the manifest."""
    rows: int
    """Rows of the manifest."""
    rows_per_part: int
    """Rows in each file but the last."""
    model: str
    """The fingerprint of the model."""


@dataclass(frozen=True)
class Part:
    """Some rows of a manifest that become one file."""

    number: int
    start: int
    """The number of its first row."""
    rows: int

    @property
    def name(self) -> str:
        """Give the name of its file."""
        return f"part-{self.number:06d}.parquet"


@dataclass(frozen=True)
class Work:
    """What is left to do, and how; it travels to other machines."""

    manifest: str
    """The manifest's address."""
    about: About
    missing: tuple[int, ...]
    """Numbers of the parts that have no file yet, in order."""
    model: str
    """The model's folder, on each machine."""
    settings: DecodeSettings
    device: Device
    jobs: int | None
    """Decoding processes; None for as many as suit."""
    models: int | None
    """Processes that each hold the model (on Ray); None for as many as suit."""
    rows_per_block: int | None
    """Rows that a decoding actor takes at a time (on Ray); None for as many as suit."""
    timeout_s: float
    """The greatest time that decoding one file may take, in seconds."""

    def part(self, number: int) -> Part:
        """Give the rows of a part."""
        start = number * self.about.rows_per_part
        return Part(number, start, min(self.about.rows_per_part, self.about.rows - start))

    def part_of(self, row: int) -> int:
        """Give the number of the part that a row of the manifest belongs to."""
        return row // self.about.rows_per_part


def claim(
    out: Folder, manifest: Manifest, model: str, rows_per_part: int | None
) -> tuple[About, tuple[int, ...]]:
    """Say what a folder will hold, or go on with what it holds.

    Args:
        out: the folder.
        manifest: the manifest.
        model: the fingerprint of the model.
        rows_per_part: rows in each file; by default as before, else 2,000.

    Returns:
        What it holds, and the numbers of the parts that are missing.

    Raises:
        UsageError: the folder holds the results of another manifest or model, or other things.
        CorruptStoreError: its description cannot be read.
    """
    names = out.names()
    if ABOUT in names:
        about = _read(out)
        wanted = {"manifest": manifest.digest, "rows": manifest.rows, "model": model}
        if rows_per_part is not None:
            wanted["rows_per_part"] = rows_per_part
        held = about.model_dump()
        if other := [name for name, value in wanted.items() if held[name] != value]:
            what = {"rows_per_part": "number of rows in a part", "rows": "manifest"}.get(other[0], other[0])
            raise UsageError(f"{out.address}: holds the results of another {what}; take another folder")
    else:
        if any(name.endswith(".parquet") for name in names):
            raise UsageError(f"{out.address}: holds other Parquet files; take a new folder")
        per_part = rows_per_part or ROWS_PER_PART
        about = About(manifest=manifest.digest, rows=manifest.rows, rows_per_part=per_part, model=model)
        out.write(ABOUT, json.dumps(about.model_dump(), indent=1).encode())
    parts = -(-about.rows // about.rows_per_part)
    return about, tuple(number for number in range(parts) if Part(number, 0, 0).name not in names)


def _read(out: Folder) -> About:
    try:
        return About.model_validate_json(out.read(ABOUT))
    except ValueError as error:
        raise CorruptStoreError(f"{out.address}/{ABOUT}: cannot be read; take another folder") from error
