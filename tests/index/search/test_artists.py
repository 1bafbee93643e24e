"""Artists as a list, albums, and recordings: in caps, exclusions, filters and distinct hits."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.artists import VARIOUS_ARTISTS_ID
from moodrec.index.mood_index import MoodIndex

N = 40
_RNG = np.random.default_rng(0)
VECTORS = _RNG.normal(size=(N, 16)).astype(np.float32)
VECTORS[:20] = VECTORS[0] + 0.1 * VECTORS[:20]
OTHERS = [f"X{row}" for row in range(20)]
NAMES = ["A", "A feat. B", "A; C", "A ft. D"] * 5 + OTHERS


def index(preset: str = "flat", **columns: Any) -> MoodIndex:
    table = pa.table({"track_id": [f"t{row}" for row in range(N)], **columns})
    return MoodIndex.build(VECTORS, table, preset=preset)


def near(made: MoodIndex, k: int = N, **options: Any) -> tuple[int, int]:
    """How many of the twenty alike are found, and how many tracks."""
    hits = made.search(VECTORS[0], k, **options)
    found = [int(track_id[1:]) for track_id in hits.track_ids[0] if track_id]
    return sum(row < 20 for row in found), len(found)


@pytest.mark.parametrize("preset", ["flat", "ivf"])
def test_everything_goes_by_the_main_artist(preset: str) -> None:
    made = index(preset, artist=NAMES)
    assert near(made, 10, max_per_artist=1) == (1, 10)
    assert near(made, exclude_artist=["a"]) == (0, 20)
    assert near(made, exclude_artist=["B"]) == (15, 35)
    for where, found in (
        ("artist = 'A'", (20, 20)),
        ("artist <> 'A'", (0, 20)),
        ("NOT artist = 'A'", (0, 20)),
        ("artist IN ('A', 'X3')", (20, 21)),
        ("artist = 'C'", (5, 5)),
        ("artist = 'A feat. B'", (5, 5)),
        ("artist = 'B'", (0, 0)),
        ("artist = 'X3'", (0, 1)),
        ("artist LIKE 'A f%'", (10, 10)),
    ):
        assert near(made, where=where) == found


def test_names_are_one_in_every_unicode_form() -> None:
    forms = [unicodedata.normalize("NFC" if row % 2 else "NFD", "Björk") for row in range(20)]
    made = index(artist=[*forms, *OTHERS])
    assert near(made, 10, max_per_artist=1)[0] == 1
    for form in ("NFC", "NFD"):
        assert near(made, where=f"artist = '{unicodedata.normalize(form, 'Björk')}'") == (20, 20)


@pytest.mark.parametrize(
    "stand_in", ["Various Artists", "VA", "v.a.", "Verschiedene Interpreten", "<Unknown>"]
)
def test_various_artists_are_no_artist(stand_in: str) -> None:
    made = index(artist=[stand_in] * 20 + OTHERS)
    assert near(made, 20, max_per_artist=1)[0] == 20
    assert near(made, exclude_artist=[stand_in]) == (0, 20)
    tagged = index(artist=["A", "B"] * 10 + OTHERS, musicbrainz_artist_id=[VARIOUS_ARTISTS_ID] * 20 + OTHERS)
    assert near(tagged, 20, max_per_artist=1)[0] == 20


def test_listed_artists_say_where_a_name_ends() -> None:
    lists = [["A", "B"]] * 10 + [["B"]] * 10 + [[name] for name in OTHERS]
    made = index(artist=["A & B"] * 10 + ["B"] * 10 + OTHERS, artists=lists)
    assert near(made, 10, max_per_artist=1)[0] == 2
    assert near(made, where="artist = 'A'") == (10, 10)
    assert near(made, where="artist = 'B'") == (20, 20)
    assert near(made, where="artists = 'B'") == (20, 20)
    assert near(made, exclude_artist=["B"]) == (0, 20)
    assert near(index(artist=["A & B"] * 20 + OTHERS), where="artist = 'A'") == (0, 0)
    for only in (index(artist=lists), index(artists=lists)):
        assert near(only, 10, max_per_artist=1)[0] == 2
        assert near(only, exclude_artist=["B"]) == (0, 20)


def test_guests_of_single_tracks() -> None:
    lists = [["A", "B"] if row % 2 else ["A"] for row in range(20)] + [[name] for name in OTHERS]
    made = index(artist=["A"] * 20 + OTHERS, artists=lists)
    assert near(made, exclude_artist=["b"]) == (10, 30)
    assert near(made, where="artist = 'B'") == (0, 0)
    assert near(made, 10, max_per_artist=1)[0] == 1


def test_one_id_joins_the_names_of_an_artist() -> None:
    names = ["Bjork", "Björk", "Björk Guðmundsdóttir", None] * 5 + OTHERS
    assert near(index(artist=names, musicbrainz_artist_id=["b"] * 20 + OTHERS), 10, max_per_artist=1)[0] == 1
    assert near(index(artist=names), 30, max_per_artist=1)[0] == 8


def test_added_tracks_have_the_keys_of_their_artists() -> None:
    made = index(artist=NAMES)
    table = pa.table({"track_id": list("wxyz"), "artist": ["A", "A; Q", "X1", "New"]})
    made.add(VECTORS[:4] + np.float32(0.01), table)
    found = made.search(VECTORS[0], 44, max_per_artist=1)
    assert int(found.counts[0]) == 22
    assert int(made.search(VECTORS[0], 44, where="artist = 'A'").counts[0]) == 22


def test_an_album_is_known_by_its_id_its_artist_or_its_folder() -> None:
    mix: dict[str, Any] = {
        "artist": [f"X{row}" for row in range(N)],
        "album": ["Mix" if row < 20 else f"B{row}" for row in range(N)],
    }
    ids = ["m" if row < 20 else f"b{row}" for row in range(N)]
    discs = [f"/m/Mix/CD{row % 2 + 1}/{row}.mp3" if row < 20 else f"/m/{row}/a.mp3" for row in range(N)]
    known: list[dict[str, Any]] = [
        {"musicbrainz_album_id": ids}, {"path": discs}, {"album_artist": ["VA"] * N}
    ]  # fmt: skip
    for more in known:
        assert near(index(**mix, **more), 10, max_per_album=1)[0] == 1
    assert near(index(**mix), 20, max_per_album=1)[0] == 20
    apart = [f"/m/{row % 4}/{row}.mp3" for row in range(N)]
    assert near(index(**mix, path=apart), 30, max_per_album=1)[0] == 4
    titles_alone: dict[str, Any] = {
        "album": ["Greatest Hits"] * N,
        "musicbrainz_album_id": [f"b{row % 5}" for row in range(N)],
    }
    assert near(index(**titles_alone), 20, max_per_album=1)[1] == 5


def test_a_hundred_first_movements_stay() -> None:
    vectors = _RNG.normal(size=(N, 16)).astype(np.float32)
    table = pa.table({
        "track_id": [f"t{row}" for row in range(N)],
        "artist": ["Orchestra"] * N,
        "title": ["I. Allegro"] * N,
        "duration": _RNG.uniform(200, 800, N),
    })  # fmt: skip
    made = MoodIndex.build(vectors, table)
    assert int(made.search(vectors[0], 10, distinct=True).counts[0]) == 10


def pair(cosine: float, **columns: Any) -> bool:
    """Whether two tracks at a cosine are one recording."""
    vectors = np.array([[1, 0], [cosine, np.sqrt(1 - cosine**2)]], np.float32)
    made = MoodIndex.build(vectors, pa.table({"track_id": ["a", "b"], **columns}))
    by_seed = int(made.similar_to("a", 1, distinct=True).counts[0]) == 0
    by_hit = int(made.search(vectors[0], 2, distinct=True).counts[0]) == 1
    assert by_seed == by_hit
    return by_seed


SONG: dict[str, Any] = {"artist": ["A", "A feat. B"], "title": ["Song", "Song - 2009 Remaster"]}


@pytest.mark.parametrize(
    ("copy", "cosine", "columns"),
    [
        (True, 0.995, {}),
        (True, 0.995, {"duration": [200.0, 201.5]}),
        (False, 0.995, {"duration": [200.0, 206.0]}),
        (True, 0.995, {"duration": [1200.0, 1210.0]}),
        (True, 0.995, {"duration": [None, 206.0]}),
        (True, 0.96, {**SONG, "duration": [200.0, 201.0]}),
        (False, 0.96, {**SONG, "duration": [200.0, 240.0]}),
        (False, 0.96, {"artist": ["A", "A"], "title": ["Song", "Tune"]}),
        (False, 0.9, SONG),
        (False, 0.9999, {"musicbrainz_recording_id": ["r", "s"]}),
        (False, 0.9999, {"isrc": ["r", "s"]}),
        (True, 0.9999, {"isrc": ["r", "s"], "musicbrainz_recording_id": ["m", "m"]}),
        (True, 0.5, {"musicbrainz_recording_id": ["r", "r"]}),
        (True, 0.5, {"isrc": ["r", "r"], "duration": [200.0, 200.1]}),
        (False, 0.5, {"isrc": ["r", "r"], "duration": [200.0, 300.0]}),
        (True, 0.5, {"acoustid_id": ["r", "r"]}),
        (False, 0.5, {"acoustid_id": ["r", "s"]}),
        (True, 0.995, {"acoustid_id": ["r", "s"]}),
    ],
)
def test_sound_and_length_and_ids_make_a_copy(copy: bool, cosine: float, columns: dict[str, Any]) -> None:
    assert pair(cosine, **columns) == copy


def test_fingerprints_tell_copies_from_others() -> None:
    import base64

    frames = _RNG.integers(0, 2**32, 120, np.uint32)
    noisy = frames ^ (np.uint32(1) << _RNG.integers(0, 32, 120, np.uint32))
    other = _RNG.integers(0, 2**32, 120, np.uint32)
    texts = [base64.b64encode(one.tobytes()).decode() for one in (frames, noisy, other)]
    assert pair(0.8, acoustid_fingerprint=texts[:2])
    assert not pair(0.999, acoustid_fingerprint=[texts[0], texts[2]])
    assert pair(0.999, acoustid_fingerprint=[texts[0], None])
