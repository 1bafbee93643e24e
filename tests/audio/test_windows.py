from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodrec.audio.windows import cut_windows, window_starts
from moodrec.errors import AudioError, UsageError

lengths = st.integers(0, 10_000_000)
windows = st.integers(1, 200_000)
counts = st.integers(1, 64)


@given(lengths, windows, counts)
def test_windows_lie_inside_the_track(n_samples: int, window: int, max_windows: int) -> None:
    starts = window_starts(n_samples, window, max_windows)
    assert 1 <= len(starts) <= max_windows
    assert starts.min() >= 0
    assert starts.max() <= max(0, n_samples - window)


@given(lengths, windows, st.integers(2, 64))
def test_windows_reach_from_the_start_to_the_end(n_samples: int, window: int, max_windows: int) -> None:
    starts = window_starts(n_samples, window, max_windows)
    assert starts[0] == 0
    assert starts[-1] + window >= n_samples


@given(lengths, windows, counts)
def test_windows_are_equally_spaced(n_samples: int, window: int, max_windows: int) -> None:
    gaps = np.diff(window_starts(n_samples, window, max_windows))
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


@given(windows, counts, st.data())
def test_a_track_that_fits_is_cut_whole(window: int, max_windows: int, data: st.DataObject) -> None:
    n_samples = data.draw(st.integers(1, window * max_windows))
    starts = window_starts(n_samples, window, max_windows)
    assert starts[0] == 0
    assert all(np.diff(starts) <= window)
    assert starts[-1] + window >= n_samples


def test_starts_of_a_known_track() -> None:
    assert window_starts(100, 10, 4).tolist() == [0, 30, 60, 90]
    assert window_starts(25, 10, 4).tolist() == [0, 8, 15]
    assert window_starts(7, 10, 4).tolist() == [0]


def test_a_single_window_of_a_long_track_is_the_middle_one() -> None:
    assert window_starts(100, 10, 1).tolist() == [45]


def test_cut_windows_holds_the_samples_at_the_starts() -> None:
    track = np.arange(100, dtype=np.float32)
    cut = cut_windows(track, 10, 4)
    assert cut.dtype == np.float32
    assert [row.tolist() for row in cut] == [list(range(s, s + 10)) for s in (0, 30, 60, 90)]
    assert not np.shares_memory(cut, track)


def test_a_short_track_is_repeated_until_it_fills_a_window() -> None:
    assert cut_windows(np.array([1, 2, 3], np.float32), 8, 4).tolist() == [[1, 2, 3, 1, 2, 3, 1, 2]]


def test_no_samples_have_no_windows() -> None:
    with pytest.raises(AudioError) as caught:
        cut_windows(np.zeros(0, np.float32), 8, 4)
    assert caught.value.reason == "empty"


@pytest.mark.parametrize(("n_samples", "window", "max_windows"), [(10, 0, 1), (10, 1, 0), (-1, 1, 1)])
def test_impossible_windows_are_refused(n_samples: int, window: int, max_windows: int) -> None:
    with pytest.raises(UsageError):
        window_starts(n_samples, window, max_windows)
