"""The description in a model folder can be read without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from moodrec.errors import CorruptStoreError, NotFoundError
from moodrec.files.kinds import is_there, read_regular
from moodrec.given import path_of

_PACKAGED: Final = Path(__file__).parent / "weights"
PACKAGED_MODEL: Final = _PACKAGED / "default"
"""Folder of the model that comes with moodrec."""
SPEC: Final = "model.json"
"""Name of the description in a model folder."""
MOST_OF_SPEC: Final = 64 << 20
"""Greatest size of the description, in bytes: what is larger is not read."""
CONTEXT: Final = "context.json"
"""Name of the file in a model folder that says how metadata corrects its scores; a model need not have one."""
CONTEXT_SUM: Final = "context_sha256"
"""Key of the description that holds the checksum of that file."""
_STRONG: Final = 0.5
_FAIR: Final = 0.25
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
    quality: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Mood to the figures of :class:`moodrec.model.spec.MoodQuality`, where the description has them."""

    def reliability(self, mood: str) -> str | None:
        """Say how far a mood can be relied on, by its average precision on tracks that the model did not learn from.

        Args:
            mood: name of the mood.

        Returns:
            ``strong`` where it covers half the way from a random order to a perfect one, ``fair`` a quarter, else
            ``weak``; None where the description has no figures.
        """
        if mood not in self.quality:
            return None
        found = self.quality[mood]
        covered = (found["average_precision"] - found["prevalence"]) / (1 - found["prevalence"])
        return "strong" if covered >= _STRONG else "fair" if covered >= _FAIR else "weak"


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


def packaged_models() -> tuple[str, ...]:
    """List the names of the models that come with moodrec: ``default``, and those that were the default before."""
    return tuple(sorted(path.parent.name for path in _PACKAGED.glob(f"*/{SPEC}")))


def model_folder(model: Path | str | None = None) -> Path:
    """Find the folder of a model.

    Args:
        model: a model folder, or the name of a model that comes with moodrec, unless there is a model folder of that
            name where the program runs; None is the default model.

    Raises:
        UsageError: it is no path.
    """
    if model is None:
        return PACKAGED_MODEL
    own = path_of(model, "model")
    if not is_there(own / SPEC) and str(model) in packaged_models():
        return _PACKAGED / own
    return own


def context_file(place: Path | str) -> Path:
    """Find the file of a context: the file itself, or that of a model.

    Args:
        place: the file, or a model as for :func:`model_folder`.

    Raises:
        NotFoundError: the model has no context.
        UsageError: it is no path.
    """
    own = path_of(place, "context")
    folder = model_folder(place)
    if not own.is_dir() and not (is_there(folder / SPEC) and not is_there(own)):
        return own
    if not is_there(folder / CONTEXT):
        raise NotFoundError(f"{place}: the model has no context ({CONTEXT})")
    return folder / CONTEXT


def describe_model(model: Path | str | None = None) -> ModelDescription:
    """Read a model's description, not its weights.

    Args:
        model: as for :func:`model_folder`.

    Raises:
        NotFoundError: there is no such model.
        CorruptStoreError: the description cannot be read.
    """
    path = model_folder(model) / SPEC
    try:
        text = read_regular(path, MOST_OF_SPEC)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{path}: no such file") from None
    try:
        document = json.loads(text)
        moods = {name: str(mood["description"]) for name, mood in document["moods"].items()}
        data = tuple(filter(None, document.get("provenance", {}).get("data", "").split(", ")))
        quality = {name: dict(found) for name, found in document.get("quality", {}).items()}
        return ModelDescription(str(document["name"]), fingerprint_of(document), moods, data, quality)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptStoreError(f"{path}: not a model description") from error
