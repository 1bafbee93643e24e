"""What every source promises, whatever layout it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from moodrec.data.labels import TRACK_COLUMNS, LabelTable
from moodrec.data.sources import load_source


def write_tone(path: Path, seconds: float = 0.2) -> None:
    """A short tone at 16 kHz; the suffix says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(16_000 * seconds)) / 16_000
    if path.suffix == ".opus":
        soundfile.write(path, 0.3 * np.sin(2770 * time), 16_000, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, 0.3 * np.sin(2770 * time), 16_000)


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)


class SourceContract:
    """Subclasses give ``name`` and ``make``."""

    name: str
    options: dict[str, Any] = {}  # noqa: RUF012

    def make(self, root: Path) -> Path:
        """Write a small dataset under ``root`` and return what to load."""
        raise NotImplementedError

    def load(self, root: Path) -> LabelTable:
        return load_source(self.name, self.make(root), self.options)

    def test_is_a_label_table_of_this_name(self, tmp_path: Path) -> None:
        table = self.load(tmp_path)
        assert table.name == self.name
        assert len(table) > 0
        assert tuple(table.tracks.columns) == TRACK_COLUMNS
        assert all(str(target).startswith(f"{self.name}:") for target in table.targets.columns)

    def test_audio_is_absolute_and_there(self, tmp_path: Path) -> None:
        for place in self.load(tmp_path).tracks["audio"]:
            assert Path(place).is_absolute()
            assert Path(place).is_file()

    def test_unknown_text_is_none_and_never_nan(self, tmp_path: Path) -> None:
        tracks = self.load(tmp_path).tracks
        for column in ("artist", "album", "title", "split"):
            assert all(value is None or (isinstance(value, str) and value) for value in tracks[column])
        assert all(isinstance(genre, list) for genre in tracks["genre"])

    def test_same_every_time(self, tmp_path: Path) -> None:
        first, second = self.load(tmp_path), self.load(tmp_path)
        pd.testing.assert_frame_equal(first.tracks, second.tracks)
        pd.testing.assert_frame_equal(first.targets, second.targets)
