"""A library keeps its model: an analysis that names none goes on with the one that search uses."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moodrec.errors import NotFoundError
from moodrec.library.library import Library
from moodrec.library.notes import PACKAGED, model_places
from moodrec.library.records import ModelRecord
from moodrec.model.describe import PACKAGED_MODEL, describe_model, packaged_models

EARLIER_DEFAULT: Final = "moodrec-default"
"""Name of the default models before ``moodrec-2``."""


def model_for(library: Path, named: Path | None) -> Path | None:
    """Choose the model that analyses the music of a library.

    Args:
        library: the library's folder, which need not exist.
        named: the folder of the model that the user names; None keeps the library's current model.

    Returns:
        The model's folder; None for the model that comes with moodrec.

    Raises:
        NotFoundError: the library's model is not where it was.
        CorruptStoreError, UsageError: the library cannot be opened.
    """
    if named is not None:
        return None if named == PACKAGED_MODEL else named
    with Library.open_or_empty(library) as opened:
        models = opened.models()
        return _folder_of(models[0], opened.path) if models else None


def known_folder(library: Path, fingerprint: str | None) -> Path | None:
    """Give the folder that a model of a library was loaded from.

    Args:
        library: the library's folder.
        fingerprint: the model's identity.

    Returns:
        The folder; None for the model that comes with moodrec, and where the library does not say.
    """
    place = model_places(library).get(fingerprint or "", PACKAGED)
    return None if place == PACKAGED else Path(place)


def _folder_of(model: ModelRecord, library: Path) -> Path | None:
    place = model_places(library).get(model.fingerprint)
    if place == PACKAGED or (place is None and _came_with_moodrec(model)):
        return None
    what = f"{library}: search uses the model {model.name} ({model.fingerprint})"
    advice = "--model DIR names a model, --model default the one that comes with moodrec"
    if place is None:
        raise NotFoundError(f"{what}, and it is not known where that is; {advice}")
    try:
        found = describe_model(Path(place)).fingerprint
    except NotFoundError:
        raise NotFoundError(f"{what}, which is not in {place} any more; {advice}") from None
    if found != model.fingerprint:
        raise NotFoundError(f"{what}, and in {place} there is another one now ({found}); {advice}")
    return Path(place)


def _came_with_moodrec(model: ModelRecord) -> bool:
    """Say whether this moodrec or an earlier one came with a model as the default."""
    packaged = [describe_model(name) for name in packaged_models()]
    return model.name == EARLIER_DEFAULT or model.fingerprint in {known.fingerprint for known in packaged}
