"""moodrec index: from a table of one's own vectors to a saved index, and its changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import run, run_json, write_vectors


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of 30 tracks, t0 to t29."""
    table = write_vectors(tmp_path / "vectors.parquet", [f"t{i}" for i in range(30)])
    run("index", "build", "--table", table, "--moods", "calm", "--out", tmp_path / "index", "--quiet")
    return tmp_path / "index"


def test_build_and_info(index: Path) -> None:
    about = run_json("index", "info", index)
    assert (about["tracks"], about["dim"], about["moods"], about["kind"]) == (30, 8, ["calm"], "flat")
    assert about["columns"] == ["track_id", "title", "artist", "year", "calm"]
    assert "30" in run("index", "info", index).stdout


def test_add_refuses_known_ids_unless_told(index: Path, tmp_path: Path) -> None:
    more = write_vectors(tmp_path / "more.parquet", ["t3", "new"], seed=1)
    assert "'t3'" in run("index", "add", index, more, code=1).stderr
    assert run_json("index", "info", index)["tracks"] == 30
    assert run_json("index", "add", index, more, "--on-conflict", "replace")["tracks"] == 31
    assert run_json("index", "info", index)["tracks"] == 31


def test_remove(index: Path) -> None:
    assert "'t99'" in run("index", "remove", index, "t1", "t99", code=3).stderr
    assert run_json("index", "info", index)["tracks"] == 30
    assert run_json("index", "remove", index, "t1", "t99", "--on-conflict", "ignore")["tracks"] == 29


def test_verify_finds_damage(index: Path) -> None:
    assert run_json("index", "verify", index) == {"path": str(index), "tracks": 30, "verified": True}
    vectors = next(index.rglob("vectors.npy"))
    data = bytearray(vectors.read_bytes())
    data[-3] ^= 1
    vectors.write_bytes(data)
    assert run_json("index", "verify", index, code=4)["error"]["type"] == "CorruptStoreError"


@pytest.mark.parametrize("command", ["info", "verify"])
def test_the_library_comes_from_where_it_comes_for_other_commands(
    index: Path, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("MOODREC_LIBRARY", raising=False)
    assert run_json("index", command, "--library", index)["tracks"] == 30
    Path("moodrec.toml").write_text('library = "index"\n')
    assert run_json("index", command)["path"] == str(index)
    monkeypatch.setenv("MOODREC_LIBRARY", "elsewhere")
    assert "elsewhere" in run("index", command, code=3).stderr
    assert run_json("index", command, index)["tracks"] == 30


@pytest.mark.parametrize(
    ("args", "code", "complaint"),
    [
        (["index", "build", "--table", "gone.parquet", "--out", "x"], 3, "no such file"),
        (["index", "build", "--table", "text.parquet", "--out", "x"], 1, "not a Parquet file"),
        (["index", "build", "--table", "vectors.parquet"], 2, "--out DIR"),
        (["index", "build", "--out", "x"], 2, "belong to --table"),
        (["index", "build", "--table", "vectors.parquet", "--out", "x", "--moods", "clam"], 1, "clam"),
        (["index", "build", "--table", "vectors.parquet", "--out", "x", "--preset", "fast"], 2, "fast"),
        (["index", "build", "--table", "vectors.parquet", "--out", "x", "--embedding", "e"], 1, "'e'"),
        (["index", "add", "index", "vectors.parquet", "--embedding", "e"], 1, "'e'"),
        (["index", "info", "nowhere"], 3, "nowhere"),
        (["index", "nonsense"], 2, "No such command"),
    ],
)
def test_what_is_wrong_is_said(
    index: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, complaint: str
) -> None:
    monkeypatch.chdir(index.parent)
    Path("text.parquet").write_text("not a table")
    result = run(*args, code=code)
    assert complaint in result.stderr
    assert result.stdout == ""


def test_a_librarys_index_is_not_changed_by_hand(index: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "library.sqlite").touch()
    index.rename(library / "index")
    for place in (library, library / "index"):
        assert "follows the library" in run("index", "remove", place, "t1", code=2).stderr


def test_upsert_adds_and_replaces(tmp_path: Path) -> None:
    first = write_vectors(tmp_path / "first.parquet", ["t1", "t2"])
    second = write_vectors(tmp_path / "second.parquet", ["t2", "t3"], seed=1)
    index = tmp_path / "index"
    run("index", "build", "--table", first, "--out", index)
    error = run_json("index", "add", index, second, code=1)["error"]
    assert "on_conflict='replace'" in error["message"]
    assert run_json("index", "upsert", index, second)["tracks"] == 3
    assert run_json("index", "add", index, second, "--on-conflict", "ignore")["tracks"] == 3
    assert "error: " in run("index", "add", index, second, "--on-conflict", "update", code=2).stderr
