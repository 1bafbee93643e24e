"""How far an analysis is, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moodrec.library.notes import RunState


def duration(seconds: float) -> str:
    """Write a duration in seconds with its unit: ``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def run_text(state: RunState | None) -> str | None:
    """Say how far the latest run is, if it is running or has left files; else None."""
    if state is None or not (state.running or state.remaining):
        return None
    done = f"{state.done:,} of {state.total:,} files"
    if state.running:
        left = "" if state.seconds_left is None else f", about {duration(state.seconds_left)} left"
        later = f"; {state.postponed:,} more are left to a later run" if state.postponed else ""
        return f"an analysis is running: {done}{left}{later}"
    if state.done < state.total:
        return (
            f"the analysis was interrupted after {done}; {state.remaining:,} remain, "
            "and moodrec analyze FOLDER goes on with them"
        )
    return f"{state.remaining:,} files remain for a later run: moodrec analyze FOLDER goes on with them"
