"""A file is found by its path, in whatever Unicode form the path is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodrec.catalog.overview import track_report
from moodrec.errors import NotFoundError
from moodrec.library.library import Library
from tests.library.tracks import MODEL, analysed, failed, file_state


@pytest.mark.parametrize(("stored", "typed"), [("\u00dcber", "U\u0308ber"), ("U\u0308ber", "\u00dcber")])
def test_a_file_is_found_in_either_unicode_form(tmp_path: Path, stored: str, typed: str) -> None:
    music = tmp_path.resolve() / "music"
    with Library.create(tmp_path / "library") as library:
        with library.writer():
            library.register_model(MODEL)
            library.acknowledge(MODEL, analysed(file_state(music / "other.mp3"), "audio-2"))
            library.acknowledge(MODEL, failed(file_state(music / f"{stored}.mp3")))
        report = track_report(library, str(music / f"{typed}.mp3"))
        assert report.file is not None
        assert report.file.state.path == music / f"{stored}.mp3"
        with pytest.raises(NotFoundError):
            track_report(library, str(music / "Uber.mp3"))
