"""EMOPIA in both layouts, and rendering its MIDI."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from moodrec.data.sources import load_source, midi
from moodrec.data.sources.emopia import render_midis
from moodrec.errors import DataError, NotFoundError
from tests.data.sources.contract import SourceContract, write_table, write_tone

CLIPS = [("Q1_a-b_1", "a-b", "Ann"), ("Q2_a-b_2", "a-b", ""), ("Q3_c_0", "c", "ann"), ("Q4_d_x_0", "d_x", "")]


class TestTracks(SourceContract):
    name = "emopia"

    def make(self, root: Path) -> Path:
        rows = []
        for i, (clip, song, artist) in enumerate(CLIPS):
            write_tone(root / f"audio/{clip}{('.wav', '.flac', '.ogg', '.opus')[i]}")
            row = {
                "id": clip,
                "midi": f"midis/{clip}.mid",
                "quadrant": clip[:2],
                "song_id": song,
                "artist": artist,
            }
            rows.append({**row, "title": song, "year": "2014.0", "year_kind": "upload" if i else "release"})
        write_table(root / "tracks.csv", rows)
        return root

    def test_songs_and_artists_are_grouped_together(self, tmp_path: Path) -> None:
        groups = self.load(tmp_path).tracks["group"]
        assert groups[0] == groups[1] == groups[2]
        assert groups[3] != groups[0]

    def test_a_year_of_upload_is_no_year(self, tmp_path: Path) -> None:
        assert self.load(tmp_path).tracks["year"].notna().tolist() == [True, False, False, False]

    def test_quadrants(self, tmp_path: Path) -> None:
        assert self.load(tmp_path).targets["emopia:arousal"].tolist() == [1, 1, 0, 0]

    def test_unrendered_clips_are_refused_unless_allowed(self, tmp_path: Path) -> None:
        shutil.rmtree(self.make(tmp_path) / "audio")
        with pytest.raises(DataError, match=r"4 of 4 clips have no audio/<id>\.wav.*render_midis"):
            load_source("emopia", tmp_path)
        table = load_source("emopia", tmp_path, {"require_audio": False})
        assert table.tracks["audio"].tolist() == [""] * 4


class TestOfficial(SourceContract):
    name = "emopia"

    def make(self, root: Path) -> Path:
        for clip, _, _ in CLIPS:
            write_tone(root / f"audio/{clip}.wav")
        write_table(
            root / "label.csv", [{"ID": clip, "4Q": clip[1], "annotator": "A"} for clip, _, _ in CLIPS]
        )
        return root

    def test_groups_are_songs(self, tmp_path: Path) -> None:
        assert self.load(tmp_path).tracks["group"].tolist() == ["song:a-b", "song:a-b", "song:c", "song:d_x"]

    def test_quadrants(self, tmp_path: Path) -> None:
        assert self.load(tmp_path).targets["emopia:valence"].tolist() == [1, 0, 0, 1]

    def test_a_strange_name_is_refused(self, tmp_path: Path) -> None:
        write_table(tmp_path / "label.csv", [{"ID": "clip7", "4Q": 1}])
        with pytest.raises(DataError, match="'clip7' is not named"):
            load_source("emopia", tmp_path)


def one_note() -> bytes:
    """A MIDI file: one second of middle C."""
    track = b"\x00\x90\x3c\x64\x87\x40\x80\x3c\x00\x00\xff\x2f\x00"
    return b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track


def test_rendering_without_the_program_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "midis").mkdir()
    (tmp_path / "midis/Q1_a_0.mid").write_bytes(one_note())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match="apt install fluidsynth fluid-soundfont-gm"):
        render_midis(tmp_path, tmp_path / "audio", tmp_path / "x.sf2")
    with pytest.raises(NotFoundError, match=r"holds no \.mid files"):
        render_midis(tmp_path / "audio", tmp_path / "audio", tmp_path / "x.sf2")


def test_rendering_runs_the_program_once_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in program that writes the file it is told to; the real one is tested below where it is installed."""
    (tmp_path / "midis").mkdir()
    (tmp_path / "midis/Q1_a_0.mid").write_bytes(one_note())
    (tmp_path / "midis/Q2_bad_0.mid").write_bytes(one_note())
    (tmp_path / "font.sf2").touch()
    program = tmp_path / "bin/fluidsynth"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncase "$*" in *bad*) echo "no such chunk" >&2; exit 1;; esac\necho x >> "$8"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(DataError, match=r"Q2_bad_0\.mid: fluidsynth cannot render it: no such chunk"):
        render_midis(tmp_path, tmp_path / "audio", tmp_path / "font.sf2")
    (tmp_path / "midis/Q2_bad_0.mid").unlink()
    made = render_midis(tmp_path, tmp_path / "audio", tmp_path / "font.sf2")
    assert [path.name for path in made] == ["Q1_a_0.wav"]
    assert made[0].read_text() == "x\n"
    assert [path.name for path in (tmp_path / "audio").iterdir()] == ["Q1_a_0.wav"]


@pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not midi.USUAL_SOUNDFONT.is_file(),
    reason=f"fluidsynth or its soundfont is not installed; {midi.HOW_TO_INSTALL}",
)
def test_rendering_for_real(tmp_path: Path) -> None:
    (tmp_path / "midis").mkdir()
    (tmp_path / "midis/Q1_a_0.mid").write_bytes(one_note())
    (wav,) = render_midis(tmp_path, tmp_path / "audio", midi.USUAL_SOUNDFONT)
    samples, rate = soundfile.read(wav)
    assert rate == 16_000
    assert abs(samples).max() > 0.01


def test_real_labels(shared_data: Path) -> None:
    table = load_source("emopia", shared_data / "emopia", {"require_audio": False})
    assert len(table) == 1078
    assert table.tracks["group"].nunique() < 387
