"""The description in a model folder can be read without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files import read_regular

PACKAGED_MODEL: Final = Path(__file__).parent / "weights" / "default"
"""Folder of the model that comes with moodrec."""
SPEC: Final = "model.json"
"""Name of the description in a model folder."""
MOST_OF_SPEC: Final = 64 << 20
"""Greatest size of the description, in bytes: what is larger is not read."""
CONTEXT: Final = "context.json"
"""Name of the file in a model folder that says how metadata corrects its scores; a model need not have one."""
CONTEXT_SUM: Final = "context_sha256"
"""Key of the description that holds the checksum of that file."""
_IDENTITY: Final = ("weights_sha256", "audio", "windows", "network", "heads", "scales")


@dataclass(frozen=True)
class ModelDescription:
    """Name, identity and moods of a model."""

    name: str
    fingerprint: str
    """Identity of the model, the same as ``MoodModel.fingerprint``."""
    moods: Mapping[str, str]
    """Mood to the sentence that says what it means."""
    data: tuple[str, ...]
    """Names of the datasets it was trained on, as far as the description says."""


def fingerprint_of(document: Mapping[str, Any]) -> str:
    """Compute a model's identity, 16 hex digits that change with the weights and the meaning of scores, not with
    texts.

    Raises:
        KeyError: the document is no model's description.
    """
    meaning = {name: document[name] for name in _IDENTITY}
    if CONTEXT_SUM in document:
        meaning[CONTEXT_SUM] = document[CONTEXT_SUM]
    meaning["moods"] = {name: mood["targets"] for name, mood in document["moods"].items()}
    # Sorted keys make the digest independent of the order in which the file was written.
    canonical = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def describe_model(folder: Path | None = None) -> ModelDescription:
    """Read a model's description; without a folder, that of the packaged model. The weights are not read.

    Raises:
        NotFoundError: the folder holds no model.
        CorruptStoreError: the description cannot be read.
    """
    path = (folder or PACKAGED_MODEL) / SPEC
    try:
        text = read_regular(path, MOST_OF_SPEC)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{path}: no such file") from None
    try:
        document = json.loads(text)
        moods = {name: str(mood["description"]) for name, mood in document["moods"].items()}
        data = tuple(filter(None, document.get("provenance", {}).get("data", "").split(", ")))
        return ModelDescription(str(document["name"]), fingerprint_of(document), moods, data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptStoreError(f"{path}: not a model description") from error
