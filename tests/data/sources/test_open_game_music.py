"""Music of free games: metadata, no moods."""

from __future__ import annotations

from pathlib import Path

from moodrec.data.sources import load_source
from tests.data.sources.contract import SourceContract, write_table, write_tone


class TestTracks(SourceContract):
    name = "open_game_music"

    def make(self, root: Path) -> Path:
        rows = []
        for i, (artist, genre) in enumerate([("<Unknown>", "(None)"), ("", "Ambient"), ("Wansti", "")]):
            write_tone(root / f"audio/{i}.opus")
            row = {
                "track_id": f"ogm-{i}",
                "audio": f"audio/{i}.opus",
                "title": "X",
                "artist": artist,
                "genre": genre,
            }
            rows.append({**row, "source": "naev", "album": "", "year": "2009.0" if i else ""})
        write_table(root / "tracks.csv", rows)
        return root

    def test_placeholders_are_unknown_and_grouped_by_game(self, tmp_path: Path) -> None:
        table = self.load(tmp_path)
        assert table.targets.shape == (3, 0)
        assert table.tracks["artist"].tolist() == [None, None, "Wansti"]
        assert table.tracks["genre"].tolist() == [[], ["Ambient"], []]
        assert table.tracks["group"].tolist() == ["game:naev", "game:naev", "artist:wansti"]
        assert table.tracks["year"].tolist()[1:] == [2009.0, 2009.0]


def test_real_data(shared_data: Path) -> None:
    table = load_source("open_game_music", shared_data / "open_game_music")
    assert len(table) == 690
    assert table.tracks["year"].notna().sum() == 179
