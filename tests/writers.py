"""Everything that moodrec writes for a user: each entry prepares a folder, and gives the write that is then tried."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pytest

from moodrec import MoodIndex
from moodrec.audio.mood_tags import write_mood_tags
from moodrec.catalog.export import export_library
from moodrec.catalog.refresh import refresh_index
from moodrec.files.npy import write_array
from moodrec.files.replacing import replacing
from moodrec.library.labelling import NewLabels
from moodrec.library.library import Library
from moodrec.model.folder import add_graph
from moodrec.players.links import PlayerLink, save_link
from moodrec.players.subsonic import Login
from moodrec.recommend.playlists.files import write_playlist
from tests.audio.sounds import tone, write_any
from tests.golden.make_golden import golden
from tests.library.tracks import MODEL, analysed, file_state

Write = Callable[[], object]
TRACKS: Final = 60
OLD: Final = "what was there"


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the kernel refuse every write beyond so many bytes of a file, as a full disk would; anybody may do so."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))  # Python ignores the signal
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the logs and locks of databases, which come and go."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "lock", "filler"))
    }


def library(folder: Path) -> Library:
    """A library of some hundred tracks."""
    made = Library.open_or_create(folder / "library")
    with made.writer():
        made.register_model(MODEL)
        for number in range(TRACKS):
            made.acknowledge(
                MODEL, analysed(file_state(folder / "music" / f"{number}.flac"), f"track {number}")
            )
    made.close()
    return Library.open(folder / "library")


@cache
def _built(kind: str) -> MoodIndex:
    vectors = np.random.default_rng(7).standard_normal((1_000, 16)).astype(np.float32)
    return MoodIndex.build(
        vectors, pd.DataFrame({"track_id": [f"track {i}" for i in range(1_000)]}), preset=kind
    )


def _index(folder: Path, kind: str) -> Write:
    index = _built(kind)
    small = pd.DataFrame({"track_id": list("abcd")})
    MoodIndex.build(np.eye(4, dtype=np.float32), small, preset="flat").save(folder / "index")
    return lambda: index.save(folder / "index")


def _tags(folder: Path, kind: str) -> Write:
    song = write_any(folder / f"song{kind}", tone(440.0, 0.5))
    return lambda: write_mood_tags(song, {"MOOD": ["calm"], "MOODREC_CALM": ["0.90"]})


def _playlist(folder: Path, kind: str) -> Write:
    with library(folder) as made:
        frame = made.frame()
    (folder / f"list{kind}").write_text(OLD)
    return lambda: write_playlist(frame, folder / f"list{kind}")


def _export(folder: Path, kind: str) -> Write:
    made = library(folder)
    (folder / f"out{kind}").write_text(OLD)
    return lambda: export_library(made, folder / f"out{kind}")


def _backup(folder: Path) -> Write:
    made = library(folder)
    (folder / "backup.sqlite").write_text(OLD)
    return lambda: made.back_up(folder / "backup.sqlite")


def _refresh(folder: Path) -> Write:
    made = library(folder)
    return lambda: refresh_index(made)


def _link(folder: Path) -> Write:
    library(folder).close()
    link = PlayerLink("navidrome", "http://x", {f"song-{i}": f"track-{i}" for i in range(TRACKS)})
    save_link(folder / "library", PlayerLink("navidrome", "http://x", {}), Login("me", api_key="old"))
    return lambda: save_link(folder / "library", link, Login("me", api_key="new"))


def _first_link(folder: Path) -> Write:
    library(folder).close()
    link = PlayerLink("navidrome", "http://x", {f"song-{i}": f"track-{i}" for i in range(TRACKS)})
    return lambda: save_link(folder / "library", link, Login("me", api_key="k" * 500))


def _model(folder: Path, graph: bool) -> Write:
    pytest.importorskip("torch")
    from moodrec.model.checkpoint import save_model
    from tests.small_model import small_network, small_spec

    if graph:
        pytest.importorskip("onnx")
    save_model(folder / "model", small_network(), small_spec(), graph=graph)
    network = small_network(2)
    return lambda: save_model(folder / "model", network, small_spec(), graph=graph)


def _graph(folder: Path) -> Write:
    _model(folder, graph=False)
    return lambda: add_graph(folder / "model", bytes(30_000))


def _migration(folder: Path) -> Write:
    (folder / "library").mkdir()
    shutil.copy(golden(1), folder / "library" / "library.sqlite")
    return lambda: Library.open_or_create(folder / "library").close()


def _plot(folder: Path, kind: str) -> Write:
    pytest.importorskip("matplotlib")
    from moodrec.plots.mood_radar import mood_radar

    frame = pd.DataFrame({"title": ["dawn"], "calm": [0.4], "happy": [0.9], "sad": [0.1]})
    (folder / f"radar{kind}").write_text(OLD)
    return lambda: mood_radar(frame, ("calm", "happy", "sad"), folder / f"radar{kind}")


def _array(folder: Path) -> Write:
    """A small array, which NumPy cuts short on a full disk without a word."""
    place = folder / "features.npy"
    place.write_text(OLD)

    def write() -> None:
        with replacing(place) as temporary:
            write_array(temporary, np.arange(700, dtype=np.float32))

    return write


def _labels(folder: Path) -> Write:
    made = library(folder)
    with made.writer():
        ids = [record.track_id for record in made.files().values()]

    def write() -> None:
        with made.writer():
            made.label_all([NewLabels({"calm": 1.0}, track=one) for one in ids] * 2)

    return write


def _each(prepare: Callable[[Path, str], Write], what: str, kinds: str) -> dict[str, Callable[[Path], Write]]:
    def of(kind: str) -> Callable[[Path], Write]:
        return lambda folder: prepare(folder, kind)

    return {f"{what} {kind}": of(kind) for kind in kinds.split()}


WRITERS: Final[dict[str, Callable[[Path], Write]]] = {
    **_each(_index, "index", "ivf-sq8 hnsw"),
    **_each(_tags, "tags", ".flac .mp3 .ogg .wav"),
    **_each(_playlist, "playlist", ".m3u8 .m3u .xspf .jspf"),
    **_each(_export, "export", ".parquet .csv"),
    **_each(_plot, "plot", ".png .svg .pdf"),
    "backup": _backup,
    "migration": _migration,
    "index of a library": _refresh,
    "labels": _labels,
    "link": _link,
    "first link": _first_link,
    "model": partial(_model, graph=False),
    "model with a graph": partial(_model, graph=True),
    "graph": _graph,
    "array": _array,
}
"""What prepares each write."""
