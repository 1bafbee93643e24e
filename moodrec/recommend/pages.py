"""Pages of an answer: the k tracks that follow the best ones, so that pages fit together and with one long answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from moodrec.arguments import whole
from moodrec.errors import UsageError
from moodrec.index.front import SearchFront
from moodrec.index.search.hits import Hits
from moodrec.index.search.options import MOST_PADDING, SearchOptions, checked_k
from moodrec.index.search.per_query import Asked


@dataclass(frozen=True)
class Page:
    """Which of the ranked tracks are wanted."""

    k: int
    """The number of tracks."""
    offset: int | None
    """The number of better tracks that are left out; None where no pages are wanted."""
    depth: int
    """The number of tracks that are searched for."""

    @classmethod
    def of(cls, k: object, offset: object, index: SearchFront) -> Self:
        """Check the arguments of a call.

        Args:
            k: the number of tracks.
            offset: the number of better tracks to leave out, 0 or more; None: no pages are wanted.
            index: what is searched.

        Raises:
            UsageError: they are no whole numbers, or out of range.
        """
        n = len(index)
        size = checked_k(k, n)
        if offset is None:
            return cls(size, None, size)
        start = whole(offset, "offset", least=0)
        return cls(size, start, min(size + start, n + MOST_PADDING))

    def asked(self, asked: Asked) -> Asked:
        """Return the options by which a page is searched: every row that passes is compared.

        A search that finds candidates by lists may find others when more are wanted, and then the next page would
        repeat a track, or leave one out.

        Raises:
            UsageError: tracks shall be diverse, which is a choice among the tracks of one whole answer.
        """
        if self.offset is None:
            return asked
        if isinstance(asked, tuple):
            return tuple(self._exact(one) for one in asked)
        return self._exact(asked)

    @staticmethod
    def _exact(options: SearchOptions) -> SearchOptions:
        if options.diversity:
            raise UsageError(
                "diversity is a choice among all tracks of one answer, which has no pages: ask for all of them at "
                "once and take a part, such as found.tracks[20:40]"
            )
        return options.replace(exact=True)

    def cut(self, hits: Hits) -> Hits:
        """Return the hits of the page among those that were searched for."""
        return hits if self.offset is None else hits.after(self.offset, self.k)
