"""``moodrec serve --index``: the command, its errors, and a password that shows nowhere."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moodrec.engines.postgres.index import PostgresIndex
from tests.catalogues import MOODS
from tests.engines.commands import process, run
from tests.engines.served import rich_catalogue
from tests.engines.servers import postgres_server
from tests.serve.running import needs_the_extra

psutil = pytest.importorskip("psutil", reason="needs the package psutil")

SECRET = "pa/ss w%rd@here"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The address, without its password, of a catalogue that one user may read with a password alone."""
    needs_the_extra()
    with postgres_server() as server:
        import psycopg
        from psycopg import sql

        sample = rich_catalogue()
        PostgresIndex.build(server.get_uri(), sample.vectors, sample.table, MOODS).close()
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE reader LOGIN PASSWORD {}").format(sql.Literal(SECRET)))
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
            rules = server.pgdata / "pg_hba.conf"
            rules.write_text("local all reader scram-sha-256\n" + rules.read_text())
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgres:@", "reader@")


def test_a_password_by_the_environment_shows_nowhere(guarded: str, tmp_path: Path) -> None:
    with process(tmp_path, "--index", guarded, MOODREC_INDEX_PASSWORD=SECRET) as (client, running, said):
        assert client.get("/readyz").status_code == 200
        shown = (
            client.get("/v1/stats").text + client.get("/metrics").text + client.get("/v1/openapi.json").text
        )
        shown += " ".join(psutil.Process(running.pid).cmdline())
        for path in ("/v1/tracks/nobody", "/v1/similar?seed=x&where=tempo", "/v1/map"):
            shown += client.get(path).text
        running.send_signal(signal.SIGINT)
        assert running.wait(20) in (0, 130)
        shown += said.read_text()
    assert "postgresql:///postgres?host=" in shown
    assert not any(part in shown for part in (SECRET, "w%25rd", "pa/ss", "pa%2Fss", "@here"))


def test_a_settings_file_names_the_index(guarded: str, tmp_path: Path) -> None:
    settings = f'[serve]\nindex = "{guarded}"\ncatalogue = "moodrec"\n'
    (tmp_path / "moodrec.toml").write_text(settings, encoding="utf-8")
    found = run(tmp_path, "--check", "--json", "--port", "0", MOODREC_INDEX_PASSWORD=SECRET)
    assert found.returncode == 0, found.stdout + found.stderr
    checks = {one["what"]: one["detail"] for one in json.loads(found.stdout)["checks"]}
    assert checks["engine"].startswith("postgres at postgresql:///postgres?host=")
    assert "400 tracks, 2 moods" in checks["engine"]


def test_a_folder_that_is_typed_goes_before_the_environment(guarded: str, tmp_path: Path) -> None:
    found = run(tmp_path, str(tmp_path / "none"), "--check", MOODREC_SERVE_INDEX=guarded)
    assert found.returncode == 1
    assert "none" in found.stdout + found.stderr
    both = run(tmp_path, str(tmp_path), "--index", guarded)
    assert both.returncode == 2
    assert "not both" in both.stderr


@pytest.mark.parametrize(
    ("address", "password", "says", "arguments"),
    [
        ("postgresql://me@127.0.0.1:1/music", "hid-den", "PostgreSQL", ()),
        ("milvus://me@127.0.0.1:9", "hid-den", "Milvus", ("--check",)),
        ("GUARDED", "wrong hid-den", "password authentication failed", ("--check",)),
    ],
)
def test_an_engine_that_cannot_be_used(
    guarded: str, tmp_path: Path, address: str, password: str, says: str, arguments: tuple[str, ...]
) -> None:
    place = guarded if address == "GUARDED" else address
    found = run(tmp_path, "--index", place, *arguments, MOODREC_INDEX_PASSWORD=password)
    said = found.stdout + found.stderr
    assert found.returncode == 1
    assert says in said
    assert "hid-den" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://me:hidden@db/music", "MOODREC_INDEX_PASSWORD"),
        ("postgresql://me:hid/den@db/music", "%2F"),
    ],
)
def test_a_password_on_the_command_line_is_refused(tmp_path: Path, address: str, says: str) -> None:
    found = run(tmp_path, "--index", address)
    assert found.returncode == 2
    assert says in found.stderr
    assert not any(part in found.stderr for part in ("hid", "den@"))


@pytest.mark.parametrize("address", ["postgresql://me:hid-den@[/db", "postgresql://me:hid-den%zz@h/db"])
def test_an_address_that_cannot_be_read_is_not_repeated(tmp_path: Path, address: str) -> None:
    found = run(tmp_path, "--check", MOODREC_SERVE_INDEX=address)
    said = found.stdout + found.stderr
    assert found.returncode in (1, 2)
    assert "hid-den" not in said
    assert "Traceback" not in said


def test_no_catalogue_and_no_name(guarded: str, tmp_path: Path) -> None:
    found = run(tmp_path, "--index", guarded, "--catalogue", "none_such", MOODREC_INDEX_PASSWORD=SECRET)
    assert found.returncode == 3
    assert "'none_such'" in found.stderr
    assert run(tmp_path, "--index", guarded, "--catalogue", "No Name").returncode == 2


@pytest.mark.parametrize(
    ("module", "address", "extra"),
    [("psycopg", "postgresql://h/d", "postgres"), ("pymilvus", "milvus://h", "milvus")],
)
def test_a_missing_extra_names_the_line_of_pip(tmp_path: Path, module: str, address: str, extra: str) -> None:
    (tmp_path / f"{module}.py").write_text("raise ImportError\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    found = run(tmp_path, "--index", address, PYTHONPATH=path)
    assert found.returncode == 1
    assert f"pip install 'moodrec[{extra}]'" in found.stderr


def test_a_server_that_is_killed_leaves_no_connection(guarded: str, tmp_path: Path) -> None:
    import psycopg

    owner = guarded.replace("reader@", "postgres@")
    counted = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'"
    with (
        psycopg.connect(owner, autocommit=True) as connection,
        process(tmp_path, "--index", guarded, MOODREC_INDEX_PASSWORD=SECRET) as (client, running, _),
    ):
        client.get("/v1/similar", params={"seed": "t5"}).raise_for_status()
        assert connection.execute(counted).fetchone() != (0,)
        running.kill()
        running.wait(20)
        end = time.monotonic() + 20
        while connection.execute(counted).fetchone() != (0,):
            assert time.monotonic() < end
            time.sleep(0.05)
