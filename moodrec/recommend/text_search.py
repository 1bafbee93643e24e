"""Tracks by words of their titles, artists and albums, whatever the case and the accents; those without a title by
words of the names of their files.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moodrec.recommend.file_names import file_names
from moodrec.schema import ALBUM, ARTIST, PATH, TITLE
from moodrec.typing import RowNumbers

FIELDS: Final = (TITLE, ARTIST, ALBUM)
"""The columns whose words are found."""
_MARKS: Final = r"\p{Mn}+"


class TextSearch:
    """The folded texts of a track table, made once and searched often."""

    def __init__(self, table: pa.Table) -> None:
        """Fold the texts of a table.

        Args:
            table: n tracks; fields that it lacks are empty. Where it has paths, the names of files stand for titles
                that are not there.
        """
        self.table = table
        """What :meth:`find` counts the rows of."""
        self._texts = {name: folded(table[name]) for name in FIELDS if name in table.column_names}
        if PATH in table.column_names:
            names = folded(pa.chunked_array([file_names(table)]))
            titles = self._texts.get(TITLE)
            self._texts[TITLE] = names if titles is None else pc.if_else(pc.equal(titles, ""), names, titles)

    def find(self, words: str) -> RowNumbers:
        """Return the rows that hold every word, the best first.

        A row is better where the title is the text, then where the title begins with it, then where the artist is
        the text or begins with it; else rows keep their order.
        """
        whole = " ".join(fold_text(words).split())
        if not whole or not self._texts:
            return np.arange(0 if whole else len(self.table), dtype=np.int64)
        passed = np.ones(len(self.table), bool)
        for word in dict.fromkeys(whole.split(" ")):
            passed &= self._having(word)
        rows = np.flatnonzero(passed)
        return rows[np.argsort(-self._rank(rows, whole), kind="stable")]

    def _having(self, word: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        found = np.zeros(len(self.table), bool)
        for texts in self._texts.values():
            found |= _flags(pc.match_substring(texts, word))
        return found

    def _rank(self, rows: RowNumbers, whole: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        rank = np.zeros(len(rows), np.int64)
        for name, points in ((TITLE, 8), (ARTIST, 2)):
            if name in self._texts:
                texts = self._texts[name].take(pa.array(rows))
                rank += points * _flags(pc.equal(texts, whole))
                rank += points // 2 * _flags(pc.starts_with(texts, whole))
        return rank


def folded(column: pa.ChunkedArray) -> pa.Array:
    """Fold a column of texts: no case, no accents, single spaces; unknown texts are empty."""
    texts = column.cast(pa.large_string()).combine_chunks()
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.large_string())
    texts = pc.utf8_normalize(pc.fill_null(texts, ""), form="NFKD")
    texts = pc.utf8_lower(pc.replace_substring_regex(texts, _MARKS, ""))
    texts = pc.replace_substring(texts, "ß", "ss")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"\s+", " "))


def fold_text(text: str) -> str:
    """Fold one text as :func:`folded` does a column."""
    safe = text.encode("utf-8", "replace").decode()
    found: str = folded(pa.chunked_array([pa.array([safe], pa.large_string())]))[0].as_py()
    return found


def _flags(mask: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    flags: np.ndarray[tuple[int], np.dtype[np.bool_]] = mask.to_numpy(zero_copy_only=False).astype(bool)
    return flags
