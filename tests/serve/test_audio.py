"""Audio is served by track id alone, from the library's folders alone, whole or a range of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pytest

from moodrec.catalog.analyze import analyze
from moodrec.catalog.refresh import refresh_index
from moodrec.index.mood_index import MoodIndex
from moodrec.library.library import Library
from tests.catalog.corpus import write_song
from tests.catalog.toy import ToyModel
from tests.catalogues import sample_catalogue
from tests.serve.running import serving, settings_for

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for number, suffix in enumerate((".flac", ".mp3", ".ogg", ".wav")):
        tags = {"title": "<script>0</script>"} if suffix == ".flac" else {}
        write_song(folder / f"song {number}{suffix}", number, 1.0, **tags)
    write_song(folder / "swapped.flac", 7, 1.0)
    return folder


@pytest.fixture(scope="module")
def library(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    with Library.open_or_create(folder) as library:
        analyze([music], library, ToyModel(), jobs=1)
        refresh_index(library)
    return folder


@pytest.fixture(scope="module")
def player(library: Path) -> Iterator[httpx.Client]:
    with serving(settings_for(library)) as client:
        yield client


def audio_of(player: httpx.Client, name: str) -> str:
    found = player.get("/v1/tracks", params={"columns": "path"}).json()["tracks"]
    return next(f"/v1/tracks/{track['track_id']}/audio" for track in found if track["path"].endswith(name))


@pytest.mark.parametrize(
    ("suffix", "media"),
    [(".flac", "audio/flac"), (".mp3", "audio/mpeg"), (".ogg", "audio/ogg"), (".wav", "audio/wav")],
)
def test_files_come_whole_with_their_types(
    player: httpx.Client, music: Path, suffix: str, media: str
) -> None:
    file = next(music.glob(f"song*{suffix}"))
    answer = player.get(audio_of(player, file.name))
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.content == file.read_bytes()
    assert answer.headers["accept-ranges"] == "bytes"
    head = player.head(audio_of(player, file.name))
    assert head.headers["content-length"] == str(file.stat().st_size)


def test_ranges(player: httpx.Client, music: Path) -> None:
    data = (music / "song 0.flac").read_bytes()
    place, size = audio_of(player, "song 0.flac"), len(data)
    for asked, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        (f"bytes={size - 5}-", size - 5, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=5-{10 * size}", 5, size),
        ("bytes=0-", 0, size),
    ):
        answer = player.get(place, headers={"Range": asked})
        assert answer.status_code == 206, asked
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert answer.content == data[start:stop]
    for asked in (f"bytes={size}-", f"bytes={size + 9}-", "bytes=-0"):
        answer = player.get(place, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    # Several ranges at once, other units, nonsense: the whole file, as the standard allows.
    for asked in ("bytes=0-1,4-5", "items=0-1", "bytes=5-2", "bytes=a-b", "bytes=-", "bytes=0-" + "9" * 5000):
        answer = player.get(place, headers={"Range": asked})
        assert (answer.status_code, len(answer.content)) == (200, size), asked
    stale = {"Range": "bytes=0-1", "If-Range": '"another"'}
    assert player.get(place, headers=stale).status_code == 200
    same = player.get(place)
    etag = same.headers["etag"]
    for known in (etag, f"W/{etag}", f'"another", {etag}', "*"):
        for form in (place, f"{place}?form=wav"):
            current = known.replace(etag, player.head(form).headers["etag"])
            assert player.get(form, headers={"If-None-Match": current}).status_code == 304, known
    assert player.get(place, headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_file_that_was_replaced_by_a_link_is_not_followed(player: httpx.Client, music: Path) -> None:
    file = music / "swapped.flac"
    place = audio_of(player, file.name)
    assert player.get(place).status_code == 200
    secret = music.parent / "secret.flac"
    secret.write_bytes(b"secret")
    file.unlink()
    file.symlink_to(secret)
    assert player.get(place).status_code == 404
    file.unlink()
    os.mkfifo(file)
    assert player.get(place).status_code == 404
    file.unlink()
    answer = player.get(place)
    assert answer.status_code == 404
    assert "may be gone" in answer.json()["detail"]


def test_two_hundred_traversals_find_nothing(player: httpx.Client) -> None:
    from benchmarks.serve.fuzz import traversals

    assert len(traversals()) >= 200
    for payload in traversals():
        answer = player.get(payload)
        assert answer.status_code == 404, payload
        assert b"root:" not in answer.content


def test_an_index_of_ones_own_serves_only_from_the_folders_of_music(tmp_path: Path) -> None:
    inside = write_song(tmp_path / "music" / "in.flac", 1)
    outside = write_song(tmp_path / "out.flac", 2)
    sample = sample_catalogue(5)
    odd = ["/etc/passwd", str(tmp_path / "music" / ".." / "out.flac"), None]
    paths = pa.array([str(inside), str(outside), *odd])
    table = sample.table.append_column("path", paths)
    MoodIndex.build(sample.vectors, table, ("calm",)).save(tmp_path / "index")
    with serving(settings_for(tmp_path / "index")) as client:
        assert client.get("/v1/tracks/t0/audio").status_code == 404
    with serving(settings_for(tmp_path / "index", music=(tmp_path / "music",))) as client:
        assert client.get("/v1/tracks/t0/audio").status_code == 200
        assert [client.get(f"/v1/tracks/t{row}/audio").status_code for row in range(1, 5)] == [404] * 4


def test_titles_are_data_and_never_markup(player: httpx.Client) -> None:
    found = player.get("/v1/tracks", params={"q": "<script>0</script>"})
    assert found.headers["content-type"] == "application/json"
    assert found.json()["tracks"][0]["title"] == "<script>0</script>"
    wrong = player.get("/v1/similar", params={"seed": "<script>alert(1)</script>"})
    assert wrong.headers["content-type"] == "application/problem+json"
    assert (
        player.get("/" + quote("<script>alert(1)</script>")).headers["content-type"]
        == "application/problem+json"
    )


def test_a_typed_path_is_no_seed(player: httpx.Client, music: Path) -> None:
    for place in (music / "song 0.flac", Path("/etc/passwd"), Path("song 0.flac")):
        assert player.get("/v1/similar", params={"seed": str(place)}).status_code == 404
        answer = player.post("/v1/playlists/radio", json={"seed": str(place)})
        assert answer.status_code == 404
