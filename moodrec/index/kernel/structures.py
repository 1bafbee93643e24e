"""The structures in memory that a call of the kernel reads and fills in.

``kernel.h`` declares the same structures and says what each field means.
:mod:`moodrec.index.kernel.binding` compares both sides field by field before it uses a build of the kernel.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, Structure, c_char, c_double, c_float, c_int32, c_int64, c_uint64, c_void_p
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray


class Step(Structure):
    """One step of a filter: a test of a column, which makes a mask, or a connective of the two masks made last."""

    _fields_ = (
        ("op", c_int32),
        ("dtype", c_int32),
        ("negated", c_int32),
        ("jump", c_int32),
        ("values", c_void_p),
        ("present", c_void_p),
        ("table", c_void_p),
        ("offsets", c_void_p),
        ("order", c_void_p),
        ("chosen", c_void_p),
        ("n_order", c_int64),
        ("n_chosen", c_int64),
        ("low", c_double),
        ("high", c_double),
        ("whole_low", c_int64),
        ("whole_high", c_int64),
        ("bits", c_uint64),
    )


class Filter(Structure):
    """The steps of a filter, as :class:`moodrec.index.kernel.program.Program` makes them."""

    _fields_ = (("steps", POINTER(Step)), ("n_steps", c_int64), ("height", c_int64), ("n_ordered", c_int64))


class Lists(Structure):
    """The inverted lists of an index and the stop rule; ``kernel.h`` has the shapes of the arrays."""

    _fields_ = (
        ("nlist", c_int64),
        ("dim", c_int64),
        ("kind", c_int64),
        ("codes", c_void_p),
        ("rows", c_void_p),
        ("sizes", c_void_p),
        ("runs", c_void_p),
        ("starts", c_void_p),
        ("centroids", c_void_p),
        ("coarse", c_void_p),
        ("coarse_middle", c_void_p),
        ("middle", c_void_p),
        ("step", c_void_p),
        ("weights", c_void_p),
        ("spread", c_void_p),
        ("shape", c_void_p),
        ("left", c_void_p),
        ("left_at_edge", c_void_p),
        ("left_where_known", c_void_p),
        ("ranks", c_void_p),
        ("sketches", c_void_p),
        ("axes", c_void_p),
        ("levels", c_int64),
        ("sketch_dim", c_int64),
        ("n_in_order", c_int64),
        ("n_sketched", c_int64),
        ("coarse_step", c_double),
        ("near_error", c_double),
        ("sketch_noise", c_double),
    )


class Rows(Structure):
    """The vectors of a segment, which exact scores are computed from, and their order of arrival."""

    _fields_ = (("n", c_int64), ("dim", c_int64), ("vectors", c_void_p), ("order", c_void_p))

    @classmethod
    def of(cls, vectors: NDArray[np.float32], order: NDArray[np.int64] | None) -> Self:
        """Describe rows to the kernel.

        Args:
            vectors: (n, d) float32 rows.
            order: (n,) position of each row in the order of arrival; None: the rows lie in that order.
        """
        matrix = np.ascontiguousarray(vectors, np.float32)
        places = None if order is None else np.ascontiguousarray(order, np.int64)
        rows = cls(*matrix.shape, address(matrix), None if places is None else address(places))
        rows.kept = (matrix, places)
        return rows

    @property
    def matrix(self) -> NDArray[np.float32]:
        """(n, d) the vectors, as :meth:`of` was given them."""
        matrix: NDArray[np.float32] = self.kept[0]
        return matrix


class Query(Structure):
    """A query: its vector, and the mood targets that scores are blended with, if any."""

    _fields_ = (
        ("vector", c_void_p),
        ("weight", c_double),
        ("n_moods", c_int64),
        ("moods", c_void_p),
        ("targets", c_void_p),
    )

    @classmethod
    def blended(
        cls, vector: int, weight: float, columns: Sequence[NDArray[np.float32]], targets: int
    ) -> Self:
        """Make a query with mood targets.

        Args:
            vector: the address of the (d,) query.
            weight: the weight of the mood, in [0, 1].
            columns: the (n,) scores of each of J moods.
            targets: the address of the (J,) targets.
        """
        places = (c_void_p * len(columns))(*map(address, columns))
        query = cls(vector, weight, len(columns), ctypes.addressof(places), targets)
        query.kept = (places, columns)
        return query


class Share(Structure):
    """The share of each list that a range passes, as two places in a table of shares."""

    _fields_ = (
        ("below", c_void_p),
        ("up_to", c_void_p),
        ("below_way", c_float),
        ("up_to_way", c_float),
        ("outside", c_int32),
    )

    @classmethod
    def of(
        cls,
        below: NDArray[np.uint16],
        up_to: NDArray[np.uint16],
        below_way: float,
        up_to_way: float,
        outside: bool,
    ) -> Self:
        """Describe the two ends of a range; shares are interpolated between the two rows of each end.

        Args:
            below: (2, nlist) two rows of the table around the lower end, in 1/65535.
            up_to: (2, nlist) two rows of the table around the upper end, in 1/65535.
            below_way: how far the lower end lies between its two rows, in [0, 1].
            up_to_way: how far the upper end lies between its two rows, in [0, 1].
            outside: whether the rows outside the range pass.
        """
        share = cls(address(below), address(up_to), below_way, up_to_way, outside)
        share.kept = (below, up_to)
        return share


class Plan(Structure):
    """The plan of a search: how many rows it needs, and what is known of the lists."""

    _fields_ = (
        ("depth", c_int64),
        ("extra", c_int64),
        ("first_probes", c_int64),
        ("scan_rows", c_int64),
        ("scan_marked", c_int64),
        ("shares", POINTER(Share)),
        ("n_shares", c_int64),
    )


class Found(Structure):
    """The result of a search: the rows that it found, and how many were scanned and scored for them."""

    _fields_ = (
        ("rows", c_void_p),
        ("scores", c_void_p),
        ("found", c_int64),
        ("scanned", c_int64),
        ("scored", c_int64),
        ("complete", c_int64),
        ("way", c_int64),
    )


STRUCTURES: Final = (Step, Filter, Lists, Rows, Query, Share, Plan, Found)


def address(array: NDArray[Any]) -> int:
    """Return the memory address of an array, which must be contiguous and must outlive its use."""
    if array.flags.writeable and array.size:
        writable: Any = array
        return ctypes.addressof(c_char.from_buffer(writable))  # a third of the time of the way below
    pointer: int = array.__array_interface__["data"][0]
    return pointer


def empty(n: int, dtype: type[np.generic]) -> tuple[NDArray[Any], int]:
    """Make an array for the kernel to fill in.

    Args:
        n: the number of items.
        dtype: the type of the items.

    Returns:
        The (n,) array and its memory address.
    """
    array = np.empty(n, dtype)
    return array, address(array)
