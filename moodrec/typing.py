"""Names for the kinds of NumPy arrays that the whole package passes around.

A type checker sees the dtype alone; the shape and the meaning are what each name documents. Where a function needs
another shape, its ``Args`` say so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
"""Floating-point numbers of any precision; the result of a function has the precision of its arguments."""
Float32Array = NDArray[np.float32]
"""Single precision: what networks compute and stores hold, such as logits, probabilities and mood scores."""
Float64Array = NDArray[np.float64]
"""Double precision: what metrics and statistics compute with and return."""

Samples = NDArray[np.float32]
"""``(n,)`` float32: mono audio in [-1, 1] at a sample rate that the function states."""
Vectors = NDArray[np.float32]
"""``(n, d)`` float32: one embedding per row, or ``(d,)`` for a single one."""
BoolArray = NDArray[np.bool_]
"""Truth values of any shape."""

RowNumbers = NDArray[np.int64]
"""``(n,)`` int64: positions of rows in a table, from 0."""
RowMask = NDArray[np.bool_]
"""``(n,)`` bool: for each row of a table, whether it is chosen."""
PairMask = NDArray[np.bool_]
"""``(q, n)`` bool: for each of ``q`` queries and ``n`` items, whether the query may find the item."""
Codes = NDArray[np.int64]
"""``(n,)`` int64: categories as numbers; equal numbers mean the same category."""
LookupTable = NDArray[np.uint8]
"""``(categories + 1,)`` uint8: the verdict of a test on each category at ``code + 1``; entry 0 belongs to NULL."""
Weights = NDArray[np.floating[Any]]
"""``(b, n)`` floating: ``b`` sets of non-negative weights of ``n`` rows, as a bootstrap draws them."""
TextArray = NDArray[np.str_]
"""``(n,)`` str: one text per row."""
