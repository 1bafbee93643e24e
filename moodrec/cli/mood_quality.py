"""What the model that computed the scores of a library says of its moods, and how well it tells them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodrec.errors import MoodrecError

if TYPE_CHECKING:
    from moodrec.model.describe import ModelDescription


def quality(described: ModelDescription | None, mood: str) -> dict[str, Any]:
    """Give how well a mood is told of tracks that the model was not trained on; null where the model does not say.

    Args:
        described: the model that computed the scores, if it is known.
        mood: name of the mood.
    """
    known = described.quality.get(mood, {}) if described else {}
    return {
        "average_precision": known.get("average_precision"),
        "prevalence": known.get("prevalence"),
        "reliability": described.reliability(mood) if described else None,
    }


def description_of(model: Path | None, fingerprint: str | None) -> ModelDescription | None:
    """Read the description of the model that computed the scores: the given one, or one in the package.

    Args:
        model: the folder of the model, if it is known.
        fingerprint: its identity.

    Returns:
        The description; None where no model at hand has that identity.
    """
    from moodrec.model.describe import describe_model, packaged_models

    for candidate in packaged_models() if model is None else (model,):
        try:
            description = describe_model(candidate)
        except MoodrecError:
            continue
        if description.fingerprint == fingerprint:
            return description
    return None
