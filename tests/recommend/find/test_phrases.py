"""What people type: denials in many words, choices, comparatives, other spellings, and names that are traps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.find.find import find, understand
from moodrec.recommend.recommender import Recommender

MOODS = ("valence", "arousal", "calm", "happy", "sad", "energetic", "dark", "nostalgic")
TRACKS = (
    ("Teardrop", "Massive Attack", 1998, ["Trip-Hop"]),
    ("Creep", "Radiohead", 1993, ["Rock"]),
    ("Jóga", "Björk", 1997, ["Electronic"]),
    ("So What", "Miles Davis", 1959, ["Jazz"]),
    ("Kashmir", "The Who", 1971, ["Rock & Roll"]),
    ("Night", "Like", 1985, ["Drum & Bass"]),
    ("Sad Song", "Low", 1994, ["Hip-Hop"]),
    ("Spiderwebs", "No Doubt", 1995, ["Jazz", "Rock"]),
)
LIKE_TEARDROP = "like Massive Attack - Teardrop"
NO_JAZZ = "(NOT genre = 'Jazz' OR genre IS NULL)"
NO_ROCK = "(NOT genre = 'Rock' OR genre IS NULL)"


@pytest.fixture(scope="module")
def rec() -> Recommender:
    rng = np.random.default_rng(1)
    titles, artists, years, genres = zip(*TRACKS, strict=True)
    table = pa.table(
        {
            "track_id": [f"t{row}" for row in range(len(TRACKS))],
            "title": list(titles),
            "artist": list(artists),
            "year": pa.array(years, pa.int32()),
            "genre": pa.array(genres, pa.list_(pa.string())),
            "duration": pa.array([60.0 * (row + 1) for row in range(len(TRACKS))], pa.float32()),
            **{mood: pa.array(rng.random(len(TRACKS)), pa.float32()) for mood in MOODS},
        }
    )
    vectors = rng.standard_normal((len(TRACKS), 8)).astype(np.float32)
    return Recommender(MoodIndex.build(vectors, table, MOODS))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        # denials
        ("not sad at all", "sad 0.1"),
        ("no more sad songs", "sad 0.1"),
        ("don't want sad music", "sad 0.1"),
        ("i don't like sad songs", "sad 0.1"),
        ("neither sad nor dark", "sad 0.1, dark 0.1"),
        ("i hate jazz", NO_JAZZ),
        ("anything but jazz", NO_JAZZ),
        ("all but jazz", NO_JAZZ),
        ("everything except jazz", NO_JAZZ),
        ("nothing but jazz", "genre = 'Jazz'"),
        ("no jazz and rock", f"{NO_JAZZ}, {NO_ROCK}"),
        ("without Radiohead and Björk", "not by Radiohead, not by Björk"),
        ("not from the 90s", "NOT (year BETWEEN 1990 AND 1999)"),
        ("no music by Radiohead", "not by Radiohead"),
        ("not the who", "not by The Who"),
        ("not sad but happy", "sad 0.1, happy 0.9"),
        ("not sad and happy", "sad 0.1, happy 0.9"),
        ("not sad, dark", "sad 0.1, dark 0.9"),
        # choices
        ("jazz or rock", "genre IN ('Jazz', 'Rock')"),
        ("jazz and rock", "genre = 'Jazz', genre = 'Rock'"),
        ("Radiohead or Björk", "artist IN ('Radiohead', 'Björk')"),
        ("90s or 80s", "(year BETWEEN 1990 AND 1999 OR year BETWEEN 1980 AND 1989)"),
        ("1993, 1995", "(year = 1993 OR year = 1995)"),
        ("since 1990 before 1995", "year >= 1990, year < 1995"),
        # years
        ("'90s", "year BETWEEN 1990 AND 1999"),
        ("between the 80s and the 90s", "year BETWEEN 1980 AND 1999"),
        ("older than 1990", "year < 1990"),
        ("newer than the 80s", "year > 1989"),
        ("pre-1970", "year < 1970"),
        ("post 2000", "year > 2000"),
        ("90er Jahre", "year BETWEEN 1990 AND 1999"),
        ("années 80", "year BETWEEN 1980 AND 1989"),
        # degrees and comparatives
        ("very very calm", "calm 1"),
        ("low valence", "valence 0.1"),
        ("high arousal", "arousal 0.9"),
        ("medium energy", "energetic 0.5"),
        ("like teardrop but calmer", f"{LIKE_TEARDROP}, calm 0.9"),
        ("the happiest song", "happy 0.9"),
        ("calm/happy", "calm 0.9, happy 0.9"),
        # numbers
        ("calm 0,8", "calm 0.8"),
        ("at least 60% calm", "calm >= 0.6"),
        ("happy between .3 and .6", "happy BETWEEN 0.3 AND 0.6"),
        ("between 3 and 5 minutes", "duration BETWEEN 180 AND 300"),
        ("only one song per artist", "1 per artist"),
        ("no more than two per album", "2 per album"),
        ("max 3 per artist", "3 per artist"),
        ("top 10 happy", "happy 0.9, 10 tracks"),
        # names
        ("hiphop", "genre = 'Hip-Hop'"),
        ("drum and bass", "genre = 'Drum & Bass'"),
        ("rock 'n' roll", "genre = 'Rock & Roll'"),
        ("by who", "artist = 'The Who'"),
        ("no doubt", "artist = 'No Doubt'"),
        ("like the song Teardrop", LIKE_TEARDROP),
        ("like like", "like Like"),
        # German and French
        ("ruhige Musik, nicht traurig", "calm 0.9, sad 0.1"),
        ("musique très calme", "calm 1"),
    ],
)
def test_what_people_type_is_understood(rec: Recommender, text: str, meaning: str) -> None:
    sentence = understand(rec, text)
    assert (sentence.words, sentence.not_understood) == (meaning, ())
    find(rec, sentence, 3) if sentence.conditions or sentence.moods or sentence.seed else None


@pytest.mark.parametrize(
    ("text", "meaning", "unknown"),
    [
        ("clam", "", ("clam",)),
        ("like calm", "calm 0.9", ("like",)),
        ("like teardrop without vocals", LIKE_TEARDROP, ("without vocals",)),
        ("not cheesy or sad", "sad 0.1", ("not cheesy",)),
        ("jazz or 90s", "genre = 'Jazz', year BETWEEN 1990 AND 1999", ("or",)),
        ("calm at least 6", "calm 0.9", ("at least 6",)),
        ("calm 150%", "calm 0.9", ("150%",)),
        ("who", "", ("who",)),
        ("title like '%love%'", "", ("title like", "love")),
        ("love songs", "", ("love",)),
        ("driving down", "", ("driving down",)),
        ("calm \N{SLIGHTLY SMILING FACE}", "calm 0.9", ("\N{SLIGHTLY SMILING FACE}",)),
        ("\N{FIRE}\N{FIRE}", "", ("\N{FIRE}\N{FIRE}",)),
        ("悲しい", "", ("悲しい",)),
        ("give me 20 calm songs", "calm 0.9", ("20",)),
        ("not", "", ("not",)),
        ("?!…,-", "", ()),
        ("some music please", "", ()),
    ],
)
def test_what_is_left_is_told(rec: Recommender, text: str, meaning: str, unknown: tuple[str, ...]) -> None:
    sentence = understand(rec, text)
    assert (sentence.words, sentence.not_understood) == (meaning, unknown)
    assert all(text[part.start : part.end] == part.words for part in sentence.parts)


def test_every_choice_finds_the_tracks_of_each(rec: Recommender) -> None:
    for text, ids in (
        ("90s or 70s", {"t0", "t1", "t2", "t4", "t6", "t7"}),
        ("jazz or rock", {"t1", "t3", "t7"}),
        ("jazz and rock", {"t7"}),
        ("Radiohead, Björk", {"t1", "t2"}),
    ):
        assert set(find(rec, understand(rec, text)).table["track_id"].to_pylist()) == ids, text
