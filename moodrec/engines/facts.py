"""What an engine knows of a catalogue beside its rows, and its form as JSON."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from moodrec.arguments import brief
from moodrec.errors import CorruptStoreError, UsageError

NAME: Final = "moodrec"
"""What a catalogue is called where nothing else is said."""
_CATALOGUE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@dataclass(frozen=True)
class CatalogueFacts:
    """What an engine knows of a catalogue beside its rows."""

    moods: tuple[str, ...]
    """The mood columns."""
    dim: int
    """The dimension of the embeddings."""
    schema: pa.Schema
    """The types that the columns of the track table had."""
    model_fingerprint: str | None
    """The model that made the embeddings."""
    library_revision: int | None
    """The revision of the library that they come from."""
    version: str = ""
    """Another text after each change of the catalogue or its rows; "" where an engine has not told yet."""


def check_catalogue_name(name: str) -> None:
    """Check what a catalogue is called.

    Raises:
        UsageError: engines could not take it as a part of names of their own.
    """
    if not isinstance(name, str) or not _CATALOGUE.match(name):
        raise UsageError(
            f"the catalogue is called {brief(name)}; a name has small letters, digits and _, at most 40"
        )


def facts_json(facts: CatalogueFacts, **more: Any) -> str:
    """Write what is known of a catalogue as JSON; each text has a version of its own.

    Args:
        facts: what is known.
        **more: what an engine keeps beside, which JSON can hold.
    """
    schema = base64.b64encode(facts.schema.serialize().to_pybytes()).decode()
    return json.dumps(
        {
            "version": uuid.uuid4().hex,
            "moods": facts.moods,
            "dim": facts.dim,
            "model_fingerprint": facts.model_fingerprint,
            "library_revision": facts.library_revision,
            "schema": schema,
            **more,
        }
    )


def read_facts(found: Mapping[str, Any], name: str) -> CatalogueFacts:
    """Read what :func:`facts_json` wrote.

    Args:
        found: the JSON.
        name: what the catalogue is called, for messages.

    Raises:
        CorruptStoreError: the JSON is not what moodrec writes.
    """
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(found["schema"])))
        return CatalogueFacts(
            tuple(map(str, found["moods"])),
            int(found["dim"]),
            schema,
            found["model_fingerprint"],
            found["library_revision"],
            str(found.get("version", "")),
        )
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise CorruptStoreError(
            f"the catalogue {brief(name)} was not written by moodrec ({error}); build it anew"
        ) from None
