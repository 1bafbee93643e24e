"""The MIREX-like mood set: clips with one editorial mood word, of five clusters of such words.

Panda, Malheiro, Rocha, Oliveira & Paiva: Multi-modal music emotion recognition: a new dataset, methodology and
comparative analysis, CMMR 2013. The clusters are those of the MIREX audio mood classification task (Hu et al., ISMIR
2008); the words are AllMusic's, as in 4Q. Clips of commercial music; research use.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moodrec.data.labels import LabelTable, describe_rows
from moodrec.data.sources import reading
from moodrec.errors import DataError

NAME: Final = "mirex_mood"
CLUSTERS: Final = ("1", "2", "3", "4", "5")
SPELT_AS_IN_4Q: Final = {
    "agressive": "aggressive",
    "amiable-good natured": "amiable",
    "tense - anxious": "tense",
}
"""Words that the two sets write differently; AllMusic's are "Amiable/Good-Natured" and "Tense/Anxious"."""

_DECADE: Final = re.compile(r"(\d)0s\Z")

Targets = dict[str, NDArray[np.float32]]


def load(root: Path, min_word_count: int = 1) -> LabelTable:
    """Read the label table of the MIREX-like mood dataset from its ``tracks.csv``.

    Targets, 0/1: ``mirex_mood:word:<word>`` for the words that at least ``min_word_count`` clips have, and
    ``mirex_mood:cluster<1-5>``. A clip was chosen for one word, so that it is a negative example of the set's other
    words and of no word outside it: those stay unknown where other datasets have them. The year is that of the album,
    which may be a reissue; where the decade of a hit is known and the album is later, the decade's middle is taken.

    Args:
        root: folder that holds ``tracks.csv`` and the audio files that it names.
        min_word_count: clips that a mood word needs to become a target.

    Raises:
        DataError: the table, a column or an audio file is missing, or a clip has no word or no cluster.
    """
    path = root / "tracks.csv"
    if not path.is_file():
        raise DataError(f"{root}: holds no tracks.csv")
    frame = reading.read_text_table(path, ["track_id", "audio", "mood", "cluster"])
    columns: reading.Columns = {
        **reading.track_columns(path, frame),
        "audio": reading.audio_paths(root, reading.cells(frame, "audio")),
        "year": _years(reading.cells(frame, "year"), reading.cells(frame, "hit_decade")),
    }
    reading.require_audio(path, columns["audio"])
    words = [_word(text) for text in reading.cells(frame, "mood")]
    targets = _word_targets(path, words, min_word_count)
    return LabelTable.build(NAME, columns, targets | _cluster_targets(path, reading.cells(frame, "cluster")))


def _years(albums: reading.Cells, decades: reading.Cells) -> list[float]:
    pairs = zip(albums, decades, strict=True)
    return [_first_released(reading.year_of(album), _first_year(decade)) for album, decade in pairs]


def _first_year(decade: str | None) -> float:
    """``"60s"`` to 1960, ``"00s"`` to 2000; NaN where there is none."""
    match = _DECADE.match(decade or "")
    if match is None:
        return np.nan
    tens = int(match.group(1))
    return 10.0 * tens + (2000 if tens < 3 else 1900)


def _first_released(album: float, decade: float) -> float:
    """An album that came out after the decade of its hit is a reissue; an earlier one held the song already."""
    return decade + 5 if not np.isnan(decade) and not album < decade + 10 else album


def _word(text: str | None) -> str | None:
    return None if text is None else SPELT_AS_IN_4Q.get(text.lower(), text.lower())


def _word_targets(path: Path, words: Sequence[str | None], min_count: int) -> Targets:
    missing = [row for row, word in enumerate(words) if word is None]
    if missing:
        raise DataError(f"{path}: mood is empty in {describe_rows(missing)}")
    counts = Counter(words)
    kept = sorted(str(word) for word, count in counts.items() if count >= min_count)
    return {f"{NAME}:word:{word}": np.array([mine == word for mine in words], np.float32) for word in kept}


def _cluster_targets(path: Path, clusters: Sequence[str | None]) -> Targets:
    wrong = [row for row, cluster in enumerate(clusters) if cluster not in CLUSTERS]
    if wrong:
        raise DataError(f"{path}: cluster must be 1, 2, 3, 4 or 5; it is not in {describe_rows(wrong)}")
    return {f"{NAME}:cluster{c}": np.array([mine == c for mine in clusters], np.float32) for c in CLUSTERS}
