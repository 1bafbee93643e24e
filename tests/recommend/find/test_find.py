"""Words become a sentence: every part is told, nothing is guessed, and the search does what the sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from moodrec.errors import UsageError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.find.find import find, understand
from moodrec.recommend.find.lexicon import lexicon_of
from moodrec.recommend.find.sentence import Sentence
from moodrec.recommend.recommender import Recommender
from tests.cli.commands import run, run_json

MOODS = ("calm", "happy", "sad", "dark", "dreamy", "arousal")
TRACKS = (
    ("Teardrop", "Massive Attack", "Mezzanine", 1998, ["Trip-Hop"]),
    ("Angel", "Massive Attack", "Mezzanine", 1998, ["Trip-Hop"]),
    ("Angel", "Sarah McLachlan", "Surfacing", 1997, ["Pop"]),
    ("La Femme d'Argent", "Air", "Moon Safari", 1998, ["Electronic", "Downtempo"]),
    ("Blue in Green", "Miles Davis", "Kind of Blue", 1959, ["Jazz"]),
    ("So What", "Miles Davis", "Kind of Blue", 1959, ["jazz"]),
    ("Jóga", "Björk", "Homogenic", 1997, ["Electronic"]),
    ("Paranoid Android", "Radiohead", "OK Computer", 1997, ["Rock"]),
    ("Everything in Its Right Place", "Radiohead", "Kid A", 2000, ["Electronic"]),
    ("Creep", "Radiohead", "Pablo Honey", 1993, ["Rock"]),
    ("Avril 14th", "Aphex Twin", "Drukqs", 2001, ["Ambient"]),
    ("Unknown", None, None, None, None),
)


@pytest.fixture(scope="module")
def rec() -> Recommender:
    rng = np.random.default_rng(5)
    titles, artists, albums, years, genres = zip(*TRACKS, strict=True)
    table = pa.table(
        {
            "track_id": [f"t{row}" for row in range(len(TRACKS))],
            "title": list(titles),
            "artist": list(artists),
            "album": list(albums),
            "year": pa.array(years, pa.int32()),
            "genre": pa.array(genres, pa.list_(pa.string())),
            "duration": pa.array([60.0 * (row + 1) for row in range(len(TRACKS))], pa.float32()),
            **{mood: pa.array(rng.random(len(TRACKS)), pa.float32()) for mood in MOODS},
        }
    )
    vectors = rng.standard_normal((len(TRACKS), 8)).astype(np.float32)
    return Recommender(MoodIndex.build(vectors, table, MOODS))


def fields(sentence: Sentence) -> dict[str, Any]:
    """What a sentence says, without what it leaves at its defaults."""
    found = sentence.as_dict()
    names = (
        "moods",
        "conditions",
        "exclude_artist",
        "max_per_artist",
        "max_per_album",
        "distinct",
        "diversity",
        "k",
    )
    seed = {"seed": list(found["seed"]["track_ids"])} if found["seed"] else {}
    return seed | {name: found[name] for name in names if found[name]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calm", {"moods": {"calm": 0.9}}),
        ("CALM, Dreamy!", {"moods": {"calm": 0.9, "dreamy": 0.9}}),
        ("very calm and slightly sad", {"moods": {"calm": 1.0, "sad": 0.65}}),
        ("not sad", {"moods": {"sad": 0.1}}),
        ("not too dark or sad", {"moods": {"dark": 0.1, "sad": 0.1}}),
        ("peaceful ethereal melancholic", {"moods": {"calm": 0.9, "dreamy": 0.9, "sad": 0.9}}),
        ("laid back", {"moods": {"calm": 0.9}}),
        ("low energy", {"moods": {"arousal": 0.1}}),  # the library has no score for energetic
        ("energetic", {"moods": {"arousal": 0.9}}),
        ("calm .8", {"moods": {"calm": 0.8}}),
        ("calm 80% dark 0.25", {"moods": {"calm": 0.8, "dark": 0.25}}),
        ("calm at least .6", {"conditions": ["calm >= 0.6"]}),
        ("calm >= 0.6 and year > 1995", {"conditions": ["calm >= 0.6", "year > 1995"]}),
        ("sad at most 30%", {"conditions": ["sad <= 0.3"]}),
        ("90s", {"conditions": ["year BETWEEN 1990 AND 1999"]}),
        ("from the nineties", {"conditions": ["year BETWEEN 1990 AND 1999"]}),
        ("1950s", {"conditions": ["year BETWEEN 1950 AND 1959"]}),
        ("early 90's", {"conditions": ["year BETWEEN 1990 AND 1993"]}),
        ("late 1990s", {"conditions": ["year BETWEEN 1996 AND 1999"]}),
        ("10s", {"conditions": ["year BETWEEN 2010 AND 2019"]}),
        ("1997", {"conditions": ["year = 1997"]}),
        ("1990-1995", {"conditions": ["year BETWEEN 1990 AND 1995"]}),
        ("1995 \N{EN DASH} 1990", {"conditions": ["year BETWEEN 1990 AND 1995"]}),
        ("between 1990 and 1995", {"conditions": ["year BETWEEN 1990 AND 1995"]}),
        ("before the 80s", {"conditions": ["year < 1980"]}),
        ("after 1998", {"conditions": ["year > 1998"]}),
        ("since 2000", {"conditions": ["year >= 2000"]}),
        ("not 90s", {"conditions": ["NOT (year BETWEEN 1990 AND 1999)"]}),
        ("jazz", {"conditions": ["genre IN ('Jazz', 'jazz')"]}),
        ("trip hop", {"conditions": ["genre = 'Trip-Hop'"]}),
        ("no rock", {"conditions": ["(NOT genre = 'Rock' OR genre IS NULL)"]}),
        ("by bjork", {"conditions": ["artist = 'Björk'"]}),
        ("BJÖRK", {"conditions": ["artist = 'Björk'"]}),
        ("massive attack", {"conditions": ["artist = 'Massive Attack'"]}),
        ("without Radiohead", {"exclude_artist": ["Radiohead"]}),
        ("not by miles davis or air", {"exclude_artist": ["Miles Davis", "Air"]}),
        ("like teardrop", {"seed": ["t0"]}),
        ("similar to Teardrop by Massive Attack", {"seed": ["t0"]}),
        ("like angel sarah mclachlan", {"seed": ["t2"]}),
        ("like Massive Attack - Angel", {"seed": ["t1"]}),
        ('like "blue in green", 1950s', {"seed": ["t4"], "conditions": ["year BETWEEN 1950 AND 1959"]}),
        ("like Radiohead", {"seed": ["t7", "t8", "t9"]}),
        ("one per artist", {"max_per_artist": 1}),
        ("two per album, 12 tracks", {"max_per_album": 2, "k": 12}),
        ("no duplicates, varied", {"distinct": True, "diversity": 0.5}),
        ("under 4 minutes", {"conditions": ["duration < 240"]}),
        ("longer than 90 seconds", {"conditions": ["duration > 90"]}),
        (
            "calm dreamy 90s jazz not sad",
            {
                "moods": {"calm": 0.9, "dreamy": 0.9, "sad": 0.1},
                "conditions": ["year BETWEEN 1990 AND 1999", "genre IN ('Jazz', 'jazz')"],
            },
        ),
    ],
)
def test_what_is_understood(rec: Recommender, text: str, expected: dict[str, Any]) -> None:
    sentence = understand(rec, text)
    assert fields(sentence) == expected
    assert sentence.not_understood == ()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("calm piano", ("piano",)),
        ("flugelhorn duets, calm, theremin", ("flugelhorn duets", "theremin")),
        ("like nobody knows", ("like nobody knows",)),
        ("not quantum", ("not quantum",)),
        ("nostalgic", ("nostalgic",)),  # the library has no mood that stands for it
        ("fast 120 bpm", ("fast 120 bpm",)),
        ("like Angel", ("like Angel",)),  # two tracks are called so
        ("'; DROP TABLE tracks; --", ("DROP TABLE",)),
    ],
)
def test_what_is_not_understood_is_told(rec: Recommender, text: str, unknown: tuple[str, ...]) -> None:
    found = understand(rec, text)
    assert found.not_understood == unknown


def test_an_ambiguous_name_lists_its_meanings(rec: Recommender) -> None:
    assert [one for one, _ in understand(rec, "like Angel").matches["Angel"]] == ["t1", "t2"]


def test_every_part_lies_where_it_was_typed(rec: Recommender) -> None:
    text = "Something  very calm , like Teardrop;not rock (1990s) & xyz"
    for part in understand(rec, text).parts:
        assert text[part.start : part.end] == part.words


def test_the_search_does_what_the_sentence_says(rec: Recommender) -> None:
    near = find(rec, understand(rec, "like teardrop, not by Radiohead, one per artist"))
    expected = rec.similar("t0", 20, exclude_artist=["Radiohead"], max_per_artist=1)
    assert near.table["track_id"].to_pylist() == expected.track_ids
    moods = find(rec, understand(rec, "calm not sad 90s"), 3)
    target = {"calm": 0.9, "sad": 0.1}
    assert (
        moods.table["track_id"].to_pylist()
        == rec.by_mood(target, 3, where="year BETWEEN 1990 AND 1999").track_ids
    )
    both = find(rec, understand(rec, "like Radiohead, calm"), 3)
    assert (
        both.table["track_id"].to_pylist()
        == rec.for_history(["t7", "t8", "t9"], 3, mood={"calm": 0.9}).track_ids
    )
    listed = find(rec, understand(rec, "electronic, one per artist"))
    assert listed.table["track_id"].to_pylist() == ["t3", "t6", "t8"]
    assert listed.ranked is None
    assert find(rec, understand(rec, "no rock")).table["track_id"].to_pylist()[-1] == "t11"
    with pytest.raises(UsageError, match="nothing was understood of 'xyz'"):
        find(rec, understand(rec, "xyz"))
    with pytest.raises(UsageError, match="up to 500"):
        understand(rec, "calm " * 200)


def test_any_text_can_be_read_and_run(rec: Recommender) -> None:
    rng = np.random.default_rng(0)
    pieces = [
        *(
            "calm",
            "not",
            "like",
            "by",
            "90s",
            "rock",
            "'",
            '"',
            ">=",
            ".6",
            "per",
            "artist",
            "one",
            "\u202e",
            "-",
        ),
        *(
            "(",
            ")",
            "%",
            "1990-1995",
            "and",
            ",",
            "\N{PILE OF POO}",
            "very",
            "Air",
            "the",
            "under",
            "minutes",
            "\0",
        ),
    ]
    lexicon = lexicon_of(rec.index)
    for _ in range(300):
        text = " ".join(rng.choice(pieces, rng.integers(1, 9)))
        sentence = understand(rec, text, lexicon)
        assert all(text[part.start : part.end] == part.words for part in sentence.parts)
        if sentence.seed or sentence.moods or sentence.conditions or sentence.exclude_artist:
            find(rec, sentence, 3)


def test_the_command_tells_the_sentence_and_what_it_did_not_understand() -> None:
    result = run(
        "find", "calm", "dreamy", "piano", "since 2005", "-k", 3, "--library", "indexes/open-game-music"
    )
    assert "calm 0.9, dreamy 0.9, year >= 2005" in result.stdout
    assert "not understood: piano" in result.stderr
    document = run_json("find", "like Albian Nocturne not sad", "--library", "indexes/open-game-music")
    assert document["seed"]["label"] == "Albian Nocturne"
    assert document["count"] == 20
