"""Conditions on moods in context become conditions on what the audio alone says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from moodrec.filters.conditions import And, Comparison, Condition, Field, Not, Or


def on_audio(condition: Condition, moods: Collection[str]) -> Condition:
    """Put ``audio(...)`` around every mood of a condition, also within ``prob(...)`` and ``pct(...)``.

    Args:
        condition: the condition.
        moods: names of the mood columns; other columns stay as they are.
    """
    if isinstance(condition, Not):
        return Not(on_audio(condition.part, moods))
    if isinstance(condition, And | Or):
        return replace(condition, parts=tuple(on_audio(part, moods) for part in condition.parts))
    own = _on_audio(condition.field, moods)
    if isinstance(condition, Comparison) and isinstance(condition.value, Field):
        return replace(condition, field=own, value=_on_audio(condition.value, moods))
    return replace(condition, field=own)


def _on_audio(field: Field, moods: Collection[str]) -> Field:
    return replace(field, audio=True) if field.name in moods else field
