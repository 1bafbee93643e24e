"""A track is analysed in equal windows, which are spread evenly from its start to its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moodrec.errors import AudioError, UsageError


def window_starts(n_samples: int, window: int, max_windows: int) -> NDArray[np.int64]:
    """Compute the first sample of each window of a track.

    There are ``min(max_windows, ceil(n_samples / window))`` windows, the first at the start of the track and
    the last at its end, evenly spaced between (to the nearest sample). A track not longer than one window has
    one, at 0; where only one window is allowed on a longer track, it is the middle one.

    Args:
        n_samples: length of the track, in samples.
        window: length of a window, in samples.
        max_windows: greatest number of windows.

    Returns:
        ``(n,)`` int64, never empty, each in ``[0, max(0, n_samples - window)]``.

    Raises:
        UsageError: ``window`` or ``max_windows`` is below 1, or ``n_samples`` is negative.
    """
    if window < 1 or max_windows < 1 or n_samples < 0:
        raise UsageError(f"cannot cut {max_windows} windows of {window} samples from {n_samples} samples")
    room = max(0, n_samples - window)
    count = min(max_windows, max(1, -(-n_samples // window)))
    if count == 1:
        return np.array([room // 2], dtype=np.int64)
    return np.rint(np.linspace(0, room, count)).astype(np.int64)


def cut_windows(waveform: NDArray[np.float32], window: int, max_windows: int) -> NDArray[np.float32]:
    """Cut the windows of :func:`window_starts` out of a track; a short track is repeated until it fills one.

    Args:
        waveform: ``(samples,)`` mono.
        window: length of a window, in samples.
        max_windows: greatest number of windows.

    Returns:
        ``(n, window)`` float32, a copy.

    Raises:
        AudioError: the waveform has no samples (reason ``empty``).
        UsageError: ``window`` or ``max_windows`` is below 1.
    """
    starts = window_starts(len(waveform), window, max_windows)
    if len(waveform) == 0:
        raise AudioError("there are no samples to cut windows from", reason="empty")
    if len(waveform) < window:  # repeated and not padded: silence would change the mood
        waveform = np.resize(waveform, window)
    return np.stack([waveform[start : start + window] for start in starts]).astype(np.float32, copy=False)
