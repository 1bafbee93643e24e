"""Histories as services export them, and times in every form."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from moodrec.errors import DataError, NotFoundError
from moodrec.index.mood_index import MoodIndex
from moodrec.recommend.playlists.fingerprint import fingerprint, read_plays
from moodrec.recommend.playlists.times import times_of
from moodrec.recommend.recommender import Recommender

WHEN = pd.Timestamp("2012-05-31 12:33:00", tz="UTC")
SECONDS = 1_338_467_580
TABLE = pa.table({
    "track_id": ["a1", "a2", "b1", "c1"],
    "artist": ["Alpha feat. Beta", "Alpha", "Beta", "Gamma"],
    "title": ["Song", "Other", "Song", "Björk's"],
    "path": ["/m/1.flac", "/m/2.flac", "/m/3.flac", "/m/4.flac"],
    "musicbrainz_recording_id": ["r-1", "r-2", "r-3", None],
})  # fmt: skip
REC = Recommender(MoodIndex.build(np.eye(4), TABLE))
LASTFM_TRACK = {
    "artist": {"mbid": "", "#text": "Alpha"},
    "name": "Song",
    "album": {"mbid": "", "#text": "X"},
    "date": {"uts": str(SECONDS), "#text": "31 May 2012, 12:33"},
}
NOW_PLAYING = {"artist": {"#text": "Alpha"}, "name": "Other", "@attr": {"nowplaying": "true"}}
LISTEN = {
    "listened_at": SECONDS,
    "track_metadata": {
        "artist_name": "Beta",
        "track_name": "Song",
        "release_name": "X",
        "additional_info": {"recording_mbid": "r-9", "duration_ms": 1},
        "mbid_mapping": {"recording_mbid": "r-3", "artists": []},
    },
}


@pytest.mark.parametrize(
    "value",
    [
        SECONDS, float(SECONDS), SECONDS * 1000, SECONDS * 10**6, SECONDS * 10**9, str(SECONDS), f"{SECONDS}000",
        f"{SECONDS}.0", np.int64(SECONDS), "2012-05-31T12:33:00Z", "2012-05-31 12:33", "2012-05-31T14:33:00+02:00",
        "31 May 2012, 12:33", "31 May 2012 12:33", "2012/05/31 12:33:00", "31.05.2012 12:33", WHEN,
        datetime.datetime(2012, 5, 31, 12, 33), WHEN.to_datetime64(),
        datetime.datetime(2012, 5, 31, 14, 33, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    ],
)  # fmt: skip
def test_a_time_in_every_form(value: Any) -> None:
    assert times_of(pd.Series([value], dtype=object), "played_at")[0] == WHEN


@pytest.mark.parametrize("kind", ["int64", "float64", "uint64"])
@pytest.mark.parametrize("factor", [1, 10**3, 10**6])
def test_columns_of_numbers(kind: str, factor: int) -> None:
    assert times_of(pd.Series([SECONDS * factor] * 2, dtype=kind), "played_at").tolist() == [WHEN, WHEN]


@pytest.mark.parametrize(
    "value", ["yesterday", "31/05/2012 12:33", -5, float("inf"), True, [1], "99999999999999999999", object()]
)
def test_what_is_no_time_is_refused_with_its_row(value: Any) -> None:
    with pytest.raises(DataError, match="cannot be read in row 1, counted from 0"):
        times_of(pd.Series([SECONDS, value], dtype=object), "played_at")


@pytest.mark.parametrize("value", [None, "", float("nan"), pd.NaT])
def test_an_empty_time_is_refused_with_its_row(value: Any) -> None:
    with pytest.raises(DataError, match="empty in row 2, counted from 0"):
        times_of(pd.Series([SECONDS, SECONDS, value], dtype=object), "played_at")


def saved(place: Path, content: Any) -> Path:
    place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return place


DOCUMENTS: dict[str, tuple[str, Any, list[str]]] = {
    "last.fm page": ("x.json", {"recenttracks": {"track": [NOW_PLAYING, LASTFM_TRACK], "@attr": {}}}, ["a1"]),
    "last.fm pages": ("x.json", [{"recenttracks": {"track": [LASTFM_TRACK]}}] * 2, ["a1", "a1"]),
    "last.fm nested lists": ("x.json", [[LASTFM_TRACK], [LASTFM_TRACK]], ["a1", "a1"]),
    "last.fm list": ("x.json", [LASTFM_TRACK], ["a1"]),
    "last.fm csv": (
        "x.csv",
        f"uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        f'"{SECONDS}","31 May 2012, 12:33","Alpha","","X","","Song",""\n',
        ["a1"],
    ),
    "last.fm csv without a header": ("x.csv", "Alpha,X,Song,31 May 2012 12:33\nBeta,X,Song,31 May 2012 12:33\n",
                                     ["a1", "b1"]),
    "listenbrainz": ("x.json", [LISTEN], ["b1"]),
    "listenbrainz lines": ("x.jsonl", json.dumps(LISTEN) + "\n\n" + json.dumps(LISTEN), ["b1", "b1"]),
    "listenbrainz page": ("x.json", {"payload": {"count": 1, "listens": [LISTEN]}}, ["b1"]),
    "spotify": ("x.json", [{"endTime": "2012-05-31 12:33", "artistName": "Alpha", "trackName": "Other"}], ["a2"]),
    "spotify extended": (
        "x.json",
        [{"ts": "2012-05-31T12:33:00Z", "master_metadata_track_name": "Other",
          "master_metadata_album_artist_name": "ALPHA"}],
        ["a2"],
    ),
    "titles": ("x.csv", f"title,artist,played_at\nsong,alpha,{SECONDS}\n", ["a1"]),
    "titles alone": ("x.csv", f"title,played_at\nOther,{SECONDS}\nSong,{SECONDS}\n", ["a2", "Song"]),
    "semicolons": ("x.csv", f"artist;title;played_at\nAlpha;Song;{SECONDS}000\n", ["a1"]),
    "tabs": ("x.tsv", f"artist\ttitle\ttimestamp\nAlpha\tSong\t{SECONDS}\n", ["a1"]),
    "a byte order mark": ("x.csv", f"\ufefftrack_id,played_at\na2,{SECONDS}\n", ["a2"]),
    "paths": ("x.csv", f"path,played_at\n/m/3.flac,{SECONDS}\n", ["b1"]),
    "recordings": ("x.csv", f"recording_mbid,listened_at\nr-2,{SECONDS}\n", ["a2"]),
    "nobody": ("x.csv", f"artist,title,played_at\nNobody,Nothing,{SECONDS}\n", ["Nobody - Nothing"]),
    "capitals": ("x.csv", f"Artist,Track,Date\nGamma,björk's,{SECONDS}\n", ["c1"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_exports(tmp_path: Path, kind: str) -> None:
    name, content, ids = DOCUMENTS[kind]
    found = read_plays(saved(tmp_path / name, content), REC)
    assert found["track_id"].tolist() == ids
    assert found["played_at"].tolist() == [WHEN] * len(ids)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "title,artist,played_at\nSong,Alpha,5\nSong,Alpha,soon\n", "played_at .*in row 1"),
        ("x.csv", "title,artist,played_at\n,,5\n", "row 0, counted from 0, names no track"),
        ("x.csv", "title,artist\nSong,Alpha\n", "no column 'played_at'"),
        ("x.csv", "when,played_at\n1,5\n", "no column 'track_id'"),
        ("x.json", [], "no column 'track_id'.*; it has none"),
        ("x.csv", "title,played_at\nSong,5\nSong,5,6,7\n", "row 1, counted from 0, has 4 fields"),
        ("x.csv", "", "it is empty"),
        ("x.json", "{", "cannot be read"),
        ("x.json", '"text"', "no list of plays"),
        ("x.json", [LISTEN, 5], "row 1, counted from 0, is no play"),
        ("x.jsonl", json.dumps(LISTEN) + "\n{", "row 1, counted from 0, is no JSON"),
        ("x.json", [{**LISTEN, "listened_at": "soon"}], "in row 0"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_row(
    tmp_path: Path, name: str, content: Any, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_plays(saved(tmp_path / name, content), REC)
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_plays(tmp_path / "x.csv", REC)


@pytest.mark.parametrize("kind", ["pandas", "arrow", "pairs", "whole ids"])
def test_a_fingerprint_of_every_table(kind: str) -> None:
    whole = Recommender(MoodIndex.build(np.eye(4), TABLE.set_column(0, "track_id", pa.array(list("1234")))))
    frame = pd.DataFrame(
        {"title": ["Song", "Other"], "artist": ["Alpha"] * 2, "played_at": [SECONDS * 1000] * 2}
    )
    given: dict[str, tuple[Recommender, Any]] = {
        "pandas": (REC, frame),
        "arrow": (REC, pa.Table.from_pandas(frame)),
        "pairs": (REC, [("a1", "31 May 2012, 12:33"), ("a2", SECONDS)]),
        "whole ids": (whole, pd.DataFrame({"track_id": [1, 2], "played_at": [SECONDS] * 2})),
    }
    recommender, plays = given[kind]
    assert list(fingerprint(recommender, plays).weights.values()) == pytest.approx([0.5, 0.5])
