"""Predictions, labels and metadata in every form that they come in, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from moodrec.errors import DataError, NotFoundError
from moodrec.evaluation.context.inputs import ContextInputs, load_inputs
from moodrec.evaluation.context.metadata import load_metadata
from tests.evaluation.context.made import IDS, MADE, TAGS, metadata_frame, named, write_files


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    return write_files(tmp_path)


def test_arrays_in_one_order(files: tuple[Path, Path, Path]) -> None:
    found = load_inputs(*files)
    assert found.tags == ("tag_0", "tag_1", "tag_2")
    assert_array_equal(found.labels, MADE.labels)
    assert_allclose(found.logits(), MADE.logits, atol=1e-6)
    assert found.metadata.artists == tuple(MADE.artists)
    assert_array_equal(found.metadata.tracks().genres, MADE.tracks.genres)
    assert "probabilities" in " ".join(found.notes)


def test_rows_and_columns_are_matched_by_their_names(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    _, _, metadata = files
    mixed = np.random.default_rng(0).permutation(len(IDS))
    named(MADE.logits).iloc[mixed][["sad", "track_id", "calm", "happy"]].to_parquet(tmp_path / "p.parquet")
    named(MADE.labels).iloc[:100].drop(columns="happy").to_csv(tmp_path / "y.csv", index=False)
    np.savez(
        tmp_path / "p.npz", predictions=MADE.logits[mixed], track_id=np.array(IDS)[mixed], tags=np.array(TAGS)
    )
    metadata_frame().iloc[::-1].to_csv(tmp_path / "m.tsv", index=False, sep="\t")
    for predictions in ("p.parquet", "p.npz"):
        for told in (metadata, tmp_path / "m.tsv"):
            found = load_inputs(tmp_path / predictions, tmp_path / "y.csv", told)
            assert found.tags == ("calm", "sad")
            assert_array_equal(found.labels, MADE.labels[:100][:, [0, 2]])
            assert_array_equal(found.logits(), MADE.logits[:100][:, [0, 2]])
            assert found.metadata.artists == tuple(MADE.artists[:100])


def test_logits_are_left_alone() -> None:
    scores = np.array([[-3.0, 0.5], [2.0, 0.1]])
    inputs = ContextInputs("x", ("a", "b"), scores, np.eye(2), load_nothing())
    assert_array_equal(inputs.logits(), scores)
    edge = ContextInputs("x", ("a", "b"), np.array([[0.0, 1.0], [0.5, 0.5]]), np.eye(2), load_nothing())
    assert np.isfinite(edge.logits()).all()
    assert edge.logits()[1, 0] == 0


def load_nothing() -> Any:
    """Stand in for metadata where none is read."""
    return None


@pytest.mark.parametrize(
    ("columns", "read"),
    [
        ({"ARTIST_ID": ["a", "b"], "artist": ["x", "y"]}, ("a", "b")),
        ({"artist_name": ["  The  Who", "Various Artists"]}, ("the who", None)),
        ({"artist": [3.0, np.nan]}, ("3", None)),
        ({"artist": ["", None]}, (None, None)),
        ({"artist": pd.array(["a", pd.NA], dtype="string")}, ("a", None)),
        ({"artist": ["nan", "<NA>"]}, (None, None)),
        ({"artist": ["A feat. B", "A; C"]}, ("a", "a")),
        ({"artists": [["A", "B"], ["a"]]}, ("a", "a")),
        ({"artist": ['["A", "B"]', "['a']"]}, ("a", "a")),
        ({"Artist Name": ["Verschiedene Interpreten", "NA"]}, (None, "na")),
        ({"artist_id": [7, None, None, None], "artist": ["A", "A", "B", None]}, ("7", "7", "b", None)),
        ({"artist_id": ["x; y", "x"]}, ("x; y", "x")),
    ],
)
def test_artists(tmp_path: Path, columns: dict[str, list[object]], read: tuple[str | None, ...]) -> None:
    pd.DataFrame(columns).to_parquet(tmp_path / "m.parquet")
    assert load_metadata(tmp_path / "m.parquet").artists == read


@pytest.mark.parametrize(
    ("column", "cell", "read"),
    [
        ("genres", ["rock", "jazz"], ("rock", "jazz")),
        ("genre", "rock; jazz", ("rock", "jazz")),
        ("genre", "Pop/Rock", ("Pop/Rock",)),
        ("tags", "genre---rock|instrument---guitar|mood/theme---calm", ("rock",)),
        ("tags", "genre---rock\tmood/theme---calm", ("rock",)),
        ("genres", None, ()),
        ("genres", '["rock", "jazz"]', ("rock", "jazz")),
        ("genres", "['rock' 'jazz']", ("rock", "jazz")),
        ("genres", [{"name": "rock"}, {"name": "jazz"}], ("rock", "jazz")),
        ("tags", '["genre---rock", "mood/theme---calm"]', ("rock",)),
    ],
)
def test_genres(tmp_path: Path, column: str, cell: object, read: tuple[str, ...]) -> None:
    pd.DataFrame({"artist": ["a"], column: pd.Series([cell], dtype=object)}).to_parquet(
        tmp_path / "m.parquet"
    )
    found = load_metadata(tmp_path / "m.parquet")
    assert found.genres == (read,)
    assert (found.tags == (frozenset({"calm"}),)) == ("mood/theme" in str(cell))


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (1994, 1994),
        ("1994-05-01", 1994),
        ("May 2001", 2001),
        ("n/a", None),
        (1994.0, 1994),
        (0, None),
        ("1994.0", 1994),
        (19940501, 1994),
        ("01/05/1994", 1994),
        (Decimal(1994), 1994),
        (date(1994, 5, 1), 1994),
        (pd.Timestamp("1994-05-01", tz="UTC"), 1994),
        (pd.NaT, None),
        ([1994], 1994),
        ("nan", None),
    ],
)
def test_years(tmp_path: Path, cell: object, year: int | None) -> None:
    pd.DataFrame({"artist": ["a"], "year": ["?"], "date": [cell]}).to_parquet(tmp_path / "m.parquet")
    found = load_metadata(tmp_path / "m.parquet").years[0]
    assert np.isnan(found) if year is None else found == year


def test_tracks_without_an_artist_are_held_apart_by_album(tmp_path: Path) -> None:
    rows = [
        ("a", "x"),
        ("a", "y"),
        (None, "x"),
        (None, "x"),
        (None, "y"),
        ("b", "y"),
        (None, "y"),
        (None, None),
    ]
    pd.DataFrame(rows, columns=["artist", "album"]).to_parquet(tmp_path / "m.parquet")
    groups = load_metadata(tmp_path / "m.parquet").groups()
    assert groups[0] == groups[1] == groups[2] == groups[3], "an album of one artist alone tells the artist"
    assert groups[4] == groups[6] not in (groups[0], groups[5]), "one of two artists does not"
    assert groups[7] not in groups[:7]


def test_mtg_jamendo_is_matched_by_its_moods(shared_data: Path) -> None:
    tables = shared_data / "tables"
    found = load_inputs(
        tables / "baseline_vggish_predictions.npy", tables / "groundtruth.npy", tables / "mtg_jamendo.parquet"
    )
    ids = np.load(tables / "jamendo_systems.npz")["track_id_test"]
    assert found.metadata.track_ids == tuple(ids)
    assert found.tags[:2] == ("action", "adventure")
    assert len(found.tags) == 56
    assert len(set(found.metadata.artists)) == 327
    assert "mood tags" in found.notes[0]


def test_metadata_with_more_rows_fewer_rows_and_rows_for_each_genre(tmp_path: Path) -> None:
    write_files(tmp_path)
    named(MADE.logits).to_parquet(tmp_path / "p.parquet")
    frame = metadata_frame()
    other = frame.assign(track_id=[f"x{i}" for i in IDS], artist="somebody else").explode("genres")
    genres = pd.Series([[*names, "jazz"] for names in MADE.genres])
    each = frame.assign(genres=genres).explode("genres")
    each["year"] = each["year"].where(~each["track_id"].duplicated())
    nobody = other.iloc[:3].assign(track_id=None)
    pd.concat([other, each.iloc[::-1], nobody]).to_parquet(tmp_path / "m.parquet")
    found = load_inputs(tmp_path / "p.parquet", tmp_path / "Y.npy", tmp_path / "m.parquet").metadata
    assert found.track_ids == tuple(IDS)
    assert found.artists == tuple(MADE.artists)
    assert [set(names) for names in found.genres] == [{*names, "jazz"} for names in MADE.genres]
    assert_array_equal(found.years, MADE.years)

    frame.iloc[5:].to_parquet(tmp_path / "m.parquet")
    less = load_inputs(tmp_path / "p.parquet", tmp_path / "Y.npy", tmp_path / "m.parquet")
    assert less.metadata.track_ids == tuple(IDS)
    assert less.metadata.artists == (None,) * 5 + tuple(MADE.artists[5:])
    assert "lacks 5 of 240, such as t0" in less.notes[0]

    pd.concat([frame, frame.iloc[:1].assign(artist="b")]).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(DataError, match="rows of track t0 name different artists: artist 0, b"):
        load_inputs(tmp_path / "p.parquet", tmp_path / "Y.npy", tmp_path / "m.parquet")


def test_metadata_without_ids_needs_the_order_of_both_files(tmp_path: Path) -> None:
    _, _, metadata = write_files(tmp_path)
    metadata_frame().drop(columns="track_id").to_parquet(metadata)
    named(MADE.logits).to_parquet(tmp_path / "p.parquet")
    named(MADE.labels).to_parquet(tmp_path / "y.parquet")
    found = load_inputs(tmp_path / "p.parquet", tmp_path / "y.parquet", metadata)
    assert found.metadata.artists == tuple(MADE.artists)
    named(MADE.labels).iloc[::-1].to_parquet(tmp_path / "y.parquet")
    with pytest.raises(DataError, match="do not have in one order"):
        load_inputs(tmp_path / "p.parquet", tmp_path / "y.parquet", metadata)


def test_tracks_without_a_prediction_are_left_out_of_all_three(tmp_path: Path) -> None:
    predictions, labels, metadata = write_files(tmp_path)
    scores = MADE.logits.copy()
    scores[[0, 100], [1, 2]] = np.nan
    np.save(predictions, scores)
    kept = np.delete(np.arange(240), [0, 100])
    found = load_inputs(predictions, labels, metadata)
    assert_array_equal(found.scores, MADE.logits[kept])
    assert_array_equal(found.labels, MADE.labels[kept])
    assert found.metadata.artists == tuple(MADE.artists[i] for i in kept)
    assert "left out: 2 of 240 tracks, without a prediction of each tag" in found.notes


def spoil(folder: Path, what: str) -> None:
    labels, scores, frame = MADE.labels.copy(), MADE.logits.copy(), metadata_frame()
    match what:
        case "nan":
            scores[:, 1] = np.nan
            scores[:120, 0] = scores[120:, 2] = np.nan
        case "labels":
            labels[0, 0] = 0.5
        case "columns":
            labels = labels[:, :2]
        case "rows":
            labels = labels[:-1]
        case "metadata rows":
            frame = frame.drop(columns="track_id").iloc[:-1]
        case "no artist":
            frame = frame.drop(columns="artist")
        case "flat":
            scores = scores[:, 0]
        case "text":
            np.save(folder / "P.npy", np.array([["a", "b"]]))
    if what != "text":
        np.save(folder / "P.npy", scores)
    np.save(folder / "Y.npy", labels)
    frame.to_parquet(folder / "tracks.parquet")


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("nan", "no track has a prediction of each tag"),
        ("labels", "0, 1 or NaN"),
        ("columns", "3 tags and labels 2"),
        ("rows", "240 rows and labels 239"),
        ("metadata rows", "239 rows for 240 predictions"),
        ("no artist", "no column for artists"),
        ("flat", r"\(n, tags\)"),
        ("text", "array of numbers"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, what: str, complaint: str) -> None:
    spoil(tmp_path, what)
    with pytest.raises(DataError, match=complaint):
        load_inputs(tmp_path / "P.npy", tmp_path / "Y.npy", tmp_path / "tracks.parquet")


def test_ids_that_do_not_match_are_named(tmp_path: Path) -> None:
    write_files(tmp_path)
    named(MADE.logits).to_parquet(tmp_path / "p.parquet")
    other = named(MADE.labels).assign(track_id=[f"x{i}" for i in IDS])
    other.to_parquet(tmp_path / "y.parquet")
    with pytest.raises(DataError, match="share no track ids: t0"):
        load_inputs(tmp_path / "p.parquet", tmp_path / "y.parquet", tmp_path / "tracks.parquet")
    named(MADE.labels).to_parquet(tmp_path / "y.parquet")
    metadata_frame().assign(track_id=[f"x{i}" for i in IDS]).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(DataError, match="has none of the 240 track ids t0"):
        load_inputs(tmp_path / "p.parquet", tmp_path / "y.parquet", tmp_path / "m.parquet")
    twice = named(MADE.labels)
    pd.concat([twice, twice.iloc[:2]]).to_parquet(tmp_path / "y.parquet")
    with pytest.raises(DataError, match="2 track ids occur twice"):
        load_inputs(tmp_path / "p.parquet", tmp_path / "y.parquet", tmp_path / "tracks.parquet")
    with pytest.raises(NotFoundError):
        load_inputs(tmp_path / "nothing.npy", tmp_path / "y.parquet", tmp_path / "tracks.parquet")
