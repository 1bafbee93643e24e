"""The commands of deploy/server and deploy/cluster run here as they stand there, without containers.

Addresses and ports are those of this machine. The replicas of the cluster share Milvus where the standalone server is
tested (``make test-engines``), and PostgreSQL elsewhere: Milvus Lite serves one process at a time.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from moodrec.index.mood_index import MoodIndex
from tests.catalogues import MOODS
from tests.engines.commands import free_port, process, run_moodrec
from tests.engines.served import rich_catalogue
from tests.engines.servers import milvus, postgres_server
from tests.serve.running import needs_the_extra
from tests.test_deployments import DEPLOY, services

if TYPE_CHECKING:
    import httpx

TOKEN = "a secret of tests only"
PASSWORD = "the password of tests"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, sample = tmp_path_factory.mktemp("deployed") / "index", rich_catalogue()
    MoodIndex.build(sample.vectors, sample.table, MOODS, "flat").save(folder)
    return folder


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The database of deploy/server: its user has a password. The address is without it."""
    with postgres_server() as server:
        import psycopg
        from psycopg import sql

        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            secret = sql.Literal(PASSWORD)
            connection.execute(sql.SQL("CREATE ROLE moodrec SUPERUSER LOGIN PASSWORD {}").format(secret))
            connection.execute("CREATE DATABASE music OWNER moodrec")
            rules = server.pgdata / "pg_hba.conf"
            rules.write_text("local all moodrec scram-sha-256\n" + rules.read_text())
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgres:@/postgres", "moodrec@/music")


def placed(deployment: str, service: str, places: dict[str, str]) -> list[str]:
    """The command of a service, with addresses and paths of this machine in the place of those of containers."""
    words = list(services(DEPLOY / deployment / "compose.yml")[service]["command"])
    assert words[0] == "moodrec"
    return [places.get(word, word) for word in words[1:]]


def test_one_server(index: Path, tmp_path: Path) -> None:
    needs_the_extra()
    with database() as address:
        places = {"postgresql://moodrec@db:5432/music": address, "/index": str(index)}
        secrets = {"MOODREC_INDEX_PASSWORD": PASSWORD, "MOODREC_SERVE_TOKEN": TOKEN}
        loaded = run_moodrec(tmp_path, *placed("server", "load", places), **secrets)
        assert loaded.returncode == 0, loaded.stderr
        assert PASSWORD not in loaded.stdout + loaded.stderr
        serve = placed("server", "moodrec", places)
        with process(tmp_path, *serve[1:], **secrets) as (client, _, _):
            assert client.get("/readyz").status_code == 200
            assert client.get("/v1/similar", params={"seed": "t5"}).status_code == 401
            answer = client.get("/v1/similar", params={"seed": "t5"}, headers=AUTHORIZED)
            assert answer.json()["count"] == 20


@contextlib.contextmanager
def replicas(index: Path, tmp_path: Path) -> Iterator[list[tuple[Any, subprocess.Popen[bytes]]]]:
    """Clients of the three replicas of deploy/cluster, and their processes."""
    needs_the_extra()
    standalone = os.environ.get("MOODREC_TEST_MILVUS") == "standalone"
    with contextlib.ExitStack() as running:
        address = running.enter_context(milvus() if standalone else database())
        secrets = {"MOODREC_INDEX_PASSWORD": "" if standalone else PASSWORD, "MOODREC_SERVE_TOKEN": TOKEN}
        behind = f"{address}?consistency=Bounded" if standalone else address
        places = {
            "milvus://milvus:19530": address,
            "milvus://milvus:19530?consistency=Bounded": behind,
            "/catalogue/index": str(index),
        }
        loaded = run_moodrec(tmp_path, *placed("cluster", "load", places), **secrets)
        assert loaded.returncode == 0, loaded.stderr
        found = []
        for number in (1, 2, 3):
            serve = placed("cluster", f"serve-{number}", places)
            client, one, _ = running.enter_context(process(tmp_path, *serve[1:], **secrets))
            found.append((client, one))
        yield found


def test_the_replicas_of_a_cluster_answer_alike(index: Path, tmp_path: Path) -> None:
    with replicas(index, tmp_path) as every:
        answers = [
            client.get("/v1/similar", params={"seed": "t5"}, headers=AUTHORIZED) for client, _ in every
        ]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert answers[0].json() == answers[1].json() == answers[2].json()
        # One proxy may ask any of them: what one has sent is current for all.
        again = AUTHORIZED | {"If-None-Match": answers[0].headers["etag"]}
        for client, _ in every:
            assert client.get("/v1/similar", params={"seed": "t5"}, headers=again).status_code == 304


@contextlib.contextmanager
def proxy(ports: list[int], tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of nginx with the file of deploy/cluster, in front of replicas on some ports."""
    import httpx

    config, port = (DEPLOY / "cluster" / "nginx.conf").read_text(encoding="utf-8"), free_port()
    for number, behind in enumerate(ports, start=1):
        config = config.replace(f"serve-{number}:8765", f"127.0.0.1:{behind}")
    config = config.replace("listen 8080", f"listen 127.0.0.1:{port}").replace(
        "/tmp/nginx", str(tmp_path / "nginx")
    )
    assert not re.search(r"serve-\d|8080|/tmp/nginx\b", config.replace(str(tmp_path), ""))
    file = tmp_path / "nginx.conf"
    file.write_text(config, encoding="utf-8")
    tmp_path.chmod(0o755)
    words = ["nginx", "-c", str(file), "-p", str(tmp_path), "-e", "stderr"]
    subprocess.run([*words, "-t"], check=True, capture_output=True)
    running = subprocess.Popen(
        [*words, "-g", "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"]
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            end = time.monotonic() + 30
            while True:
                with contextlib.suppress(httpx.TransportError):
                    client.get("/healthz")
                    break
                assert time.monotonic() < end
                time.sleep(0.05)
            yield client
    finally:
        running.terminate()
        running.wait(20)


def test_no_request_fails_when_a_replica_is_killed(index: Path, tmp_path: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    with replicas(index, tmp_path) as every:
        ports = [client.base_url.port for client, _ in every]
        with proxy(ports, tmp_path) as client:
            statuses = []
            for turn in range(60):
                if turn == 20:
                    every[1][1].kill()
                if turn == 40:
                    every[0][1].terminate()
                params: dict[str, Any] = {"seed": f"t{turn}", "k": 5}
                statuses.append(client.get("/v1/similar", params=params, headers=AUTHORIZED).status_code)
                body = {"seed": f"t{turn}", "n": 3}
                statuses.append(client.post("/v1/playlists/radio", json=body, headers=AUTHORIZED).status_code)
            assert set(statuses) == {200}
