"""A library keeps its model: an analysis that names none goes on with the one that search uses."""

from __future__ import annotations

from pathlib import Path

from moodrec.errors import NotFoundError
from moodrec.library.library import Library
from moodrec.library.notes import PACKAGED, model_places
from moodrec.library.records import ModelRecord
from moodrec.model.describe import PACKAGED_MODEL, describe_model


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
    packaged = describe_model()
    place = model_places(library).get(model.fingerprint)
    if place == PACKAGED or model.fingerprint == packaged.fingerprint:
        return None
    if place is None and model.name == packaged.name:  # an earlier moodrec came with it
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
