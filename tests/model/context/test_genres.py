"""Names of genres as libraries spell them, against the vocabulary."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import TCON

from moodrec.model.context.genres import TABLE, genre_key, genre_matrix, genres_of, vocabulary

ID3_NAMES_THAT_SAY_NOTHING = {"Other", "Sound Clip", "Primus", "Terror", "Eclectic", "Dream"}
DISCOGS_STYLES_THAT_SAY_NOTHING = {"Compilation", "Dark", "Live", "German", "Mix", "Melodic"}


def rows() -> list[dict[str, str]]:
    text = resources.files("moodrec.model.context").joinpath(TABLE).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_table_is_sound() -> None:
    names = [row["genre"] for row in rows()]
    assert 60 <= len(names) <= 90
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.replace("_", "").isalpha() for name in names)
    for row in rows():
        assert set(row["broader"].split()) <= set(names)
        keys = [genre_key(name) for name in row["also_called"].split("|") if name]
        assert all(keys)
        assert len(set(keys)) == len(keys), row["genre"]
        assert genre_key(row["genre"]) not in keys


def test_a_genre_means_itself_and_what_it_implies() -> None:
    for genre in vocabulary().genres:
        assert genre in genres_of([genre])
    assert set(genres_of(["deep house"])) == {"deep_house", "house", "electronic"}


@pytest.mark.parametrize(
    ("name", "genres"),
    [
        ("Pop/Rock", {"pop", "rock", "pop_rock"}),
        ("R&B", {"rnb"}),
        ("Rhythm and Blues", {"rnb"}),
        ("Hip-Hop", {"hip_hop"}),
        ("hiphop", {"hip_hop"}),
        ("Drum & Bass", {"drum_and_bass", "electronic"}),
        ("drum'n'bass", {"drum_and_bass", "electronic"}),
        ("drumnbass", {"drum_and_bass", "electronic"}),
        ("Rock ’n’ Roll", {"rock_and_roll", "rock"}),
        ("Funk / Soul", {"funk", "soul"}),
        ("Stage & Screen", {"soundtrack"}),
        ("Éthno", {"world"}),
        ("Melodic Death Metal", {"metal"}),
        ("Country; International", {"country", "world"}),
        ("Jazz, Kizomba", {"jazz"}),
        ("Kizomba", set()),
        ("90s", set()),
        ("", set()),
        ("???", set()),
    ],
)
def test_known_names(name: str, genres: set[str]) -> None:
    assert set(genres_of([name])) == genres


def test_the_genres_of_id3_are_known() -> None:
    assert {name for name in TCON.GENRES if not genres_of([name])} == ID3_NAMES_THAT_SAY_NOTHING


def test_the_genres_of_real_tables_are_known(shared_data: Path) -> None:
    jamendo = pd.read_parquet(shared_data / "tables/mtg_jamendo.parquet")
    tags = {
        tag.removeprefix("genre---")
        for tags in jamendo["tags"]
        for tag in tags.split("|")
        if "genre---" in tag
    }
    assert {tag for tag in tags if not genres_of([tag])} == {"90s"}
    clips = pd.read_csv(shared_data / "mood4q/tracks.csv")
    assert all(genres_of([genres]) for genres in clips["genres"])
    discogs = pd.read_parquet(shared_data / "tables/freemusi.parquet")
    assert all(genres_of([genre]) for genre in discogs["genre"].dropna().unique() if genre)
    styles = {style.strip() for styles in discogs["style"].dropna() for style in str(styles).split(",")} - {
        ""
    }
    assert {style for style in styles if not genres_of([style])} == DISCOGS_STYLES_THAT_SAY_NOTHING


known = st.sampled_from(
    sorted({"pop", "Deep House", "Celtic", "Pop/Rock", "Trip-Hop", "not a genre", "Opera"})
)


@given(st.lists(known), st.randoms())
def test_order_and_repetition_do_not_matter(names: list[str], random: object) -> None:
    shuffled = [*names, *names]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert genres_of(names) == genres_of(shuffled)


@given(st.lists(st.text()))
def test_any_text_gives_genres_of_the_vocabulary(names: list[str]) -> None:
    assert set(genres_of(names)) <= set(vocabulary().genres)


@given(st.lists(st.lists(known), max_size=5))
def test_the_matrix_holds_the_genres_of_each_track(names: list[list[str]]) -> None:
    matrix = genre_matrix(names)
    assert matrix.shape == (len(names), len(vocabulary().genres))
    for row, mine in zip(matrix, names, strict=True):
        assert [g for g, has in zip(vocabulary().genres, row, strict=True) if has] == list(genres_of(mine))
    assert np.isin(matrix, (0, 1)).all()
