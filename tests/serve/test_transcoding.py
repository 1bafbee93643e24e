"""Files that browsers cannot play come as WAV: the samples of the file, at any range of its bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from moodrec.catalog.analyze import analyze, plan_analysis, run_analysis
from moodrec.catalog.refresh import refresh_index
from moodrec.library.library import Library
from tests.catalog.toy import ToyModel
from tests.serve.running import serving, settings_for

if TYPE_CHECKING:
    import httpx

RATE, SECONDS = 22_050, 1.5


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AIFF in stereo and six channels, AU in mono, and a file that is no audio any more."""
    folder = tmp_path_factory.mktemp("music")
    at = np.arange(round(RATE * SECONDS))[:, None] / RATE
    for name, channels in (("two.aiff", 2), ("six.aiff", 6), ("one.au", 1), ("gone.aiff", 1)):
        wave = 0.3 * np.sin(2 * np.pi * at * 220 * np.arange(1, channels + 1) * (1 + len(name) / 50))
        soundfile.write(folder / name, wave, RATE, subtype="PCM_16")
    return folder


@pytest.fixture(scope="module")
def player(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("library")
    with Library.open_or_create(folder) as library:
        analyze([music], library, ToyModel(), jobs=1)
        refresh_index(library)
    (music / "gone.aiff").write_bytes(b"FORM of nothing")
    with serving(settings_for(folder)) as client:
        yield client


def wave_of(player: httpx.Client, name: str) -> str:
    tracks = player.get("/v1/tracks", params={"columns": "path"}).json()["tracks"]
    track = next(one["track_id"] for one in tracks if one["path"].endswith(name))
    return f"/v1/tracks/{track}/audio?form=wav"


@pytest.mark.parametrize("name", ["two.aiff", "one.au"])
def test_the_samples_are_those_of_the_file(player: httpx.Client, music: Path, name: str) -> None:
    answer = player.get(wave_of(player, name))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.headers["accept-ranges"] == "bytes"
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16", always_2d=True)
    right, _ = soundfile.read(music / name, dtype="int16", always_2d=True)
    assert rate == RATE
    assert samples.shape == (len(right), 2)
    assert np.abs(samples.astype(int) - right[:, [0, -1]]).max() <= 1


def test_channels_beyond_two_are_in_both(player: httpx.Client, music: Path) -> None:
    samples, _ = soundfile.read(io.BytesIO(player.get(wave_of(player, "six.aiff")).content), always_2d=True)
    right, _ = soundfile.read(music / "six.aiff", always_2d=True)
    mixed = (right[:, :2] + 0.7 * right[:, 2:].mean(axis=1, keepdims=True)).clip(-1, 1)
    np.testing.assert_allclose(samples, mixed, atol=1e-4)


def test_any_range_is_that_of_the_whole(player: httpx.Client) -> None:
    place = wave_of(player, "two.aiff")
    whole = player.get(place).content
    head = player.head(place)
    assert int(head.headers["content-length"]) == len(whole)

    @settings(max_examples=8, deadline=None)
    @given(st.integers(0, len(whole) - 1), st.integers(1, 200_000))
    def check(start: int, length: int) -> None:
        part = player.get(place, headers={"Range": f"bytes={start}-{start + length - 1}"})
        assert part.status_code == 206
        stop = min(start + length, len(whole))
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert part.content == whole[start:stop]

    check()
    assert player.get(place, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    tag = head.headers["etag"]
    assert player.get(place, headers={"If-None-Match": tag}).status_code == 304
    assert tag != player.head(place.partition("?")[0]).headers["etag"]


def test_a_file_that_cannot_be_decoded_is_said_so(player: httpx.Client) -> None:
    answer = player.get(wave_of(player, "gone.aiff"))
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("AudioError")
    assert player.get(wave_of(player, "two.aiff").replace("wav", "mp3")).status_code == 422


def test_places_are_given_back_however_an_answer_ends(player: httpx.Client) -> None:
    place = wave_of(player, "two.aiff")
    for _ in range(6):
        with player.stream("GET", place) as answer:
            assert answer.status_code == 200
    assert player.get(place).status_code == 200


TIMES = (0.0, 1.56, 4.24)
"""Seconds at which the tracks of the album begin."""


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, np.ndarray]]:
    """A server of an album in one file, which a CUE sheet divides, and its samples."""
    music = tmp_path_factory.mktemp("album")
    at = np.arange(RATE * 6) / RATE
    samples = np.stack([0.4 * np.sin(2 * np.pi * pitch * at * (1 + at)) for pitch in (200, 330)], axis=1)
    soundfile.write(music / "album.flac", samples, RATE)
    entries = []
    for number, time in enumerate(TIMES, 1):
        place = f"00:{int(time):02}:{round(time % 1 * 75):02}"
        entries.append(f'TRACK {number:02} AUDIO\nTITLE "Song {number}"\nINDEX 01 {place}\n')
    (music / "album.cue").write_text('FILE "album.flac" WAVE\n' + "".join(entries))
    folder = tmp_path_factory.mktemp("library")
    model = ToyModel()
    with Library.open_or_create(folder) as library:
        run_analysis(plan_analysis([music], library, model, cue=True), library, model, 1)
        refresh_index(library)
    whole, _ = soundfile.read(music / "album.flac", dtype="int16", always_2d=True)
    with serving(settings_for(folder, music=(music,))) as client:
        yield client, whole


@pytest.mark.parametrize("form", ["", "?form=file", "?form=wav"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_track_of_a_sheet_is_its_part_of_the_file(
    album: tuple[httpx.Client, np.ndarray], form: str, number: int
) -> None:
    client, whole = album
    tracks = {one["title"]: one for one in client.get("/v1/tracks").json()["tracks"]}
    place = f"/v1/tracks/{tracks[f'Song {number}']['track_id']}/audio{form}"
    answer = client.get(place)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16", always_2d=True)
    start, stop = (round(time * rate) for time in (*TIMES, 6.0)[number - 1 : number + 1])
    assert rate == RATE
    assert abs(len(samples) - (stop - start)) <= 2
    right = whole[start : start + len(samples)]
    assert np.abs(samples[: len(right)].astype(int) - right).max() <= 1
    assert client.head(place).headers["content-length"] == str(len(answer.content))
    middle = len(answer.content) // 2
    part = client.get(place, headers={"Range": f"bytes={middle}-{middle + 999}"})
    assert (part.status_code, part.content) == (206, answer.content[middle : middle + 1000])
    tags = {
        client.head(f"/v1/tracks/{one['track_id']}/audio{form}").headers["etag"] for one in tracks.values()
    }
    assert len(tags) == 3
