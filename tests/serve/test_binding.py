"""The address of ``moodrec serve`` is taken before it is told, and what keeps it from being taken is a sentence."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moodrec.errors import MoodrecError, UsageError
from moodrec.serve.settings import ServeSettings
from tests.serve.running import needs_the_extra

needs_the_extra()

import httpx  # noqa: E402

from moodrec.serve.binding import bind, close, port_of  # noqa: E402
from moodrec.serve.check import check  # noqa: E402

SERVE = [sys.executable, "-m", "moodrec", "serve"]


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that another program listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_an_error_of_the_command(sample_folder: Path, busy: int) -> None:
    command = [*SERVE, str(sample_folder), "--port", str(busy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told = f"http://127.0.0.1:{busy}/: another program uses this port; take another one: --port N"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {told}\n")
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60, check=False)
    error = {"type": "MoodrecError", "message": told, "exit_code": 1}
    assert (done.returncode, json.loads(done.stdout)) == (1, {"error": error})


def test_what_is_not_there_is_told_before_any_address(tmp_path: Path) -> None:
    command = [*SERVE, str(tmp_path / "none"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")
    assert "http" not in done.stderr


def test_any_free_port_is_told(sample_folder: Path) -> None:
    command = [*SERVE, str(sample_folder), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/; Ctrl-C ends it", server.stderr.readline())
        assert found is not None
        assert int(found[1]) > 0
        with httpx.Client(trust_env=False) as client:  # which tries once: what is told is listened on
            assert client.get(f"http://127.0.0.1:{found[1]}/readyz").json()["status"] == "ready"
        server.send_signal(signal.SIGINT)
        server.wait(30)


def test_a_port_that_is_taken_is_listened_on(tmp_path: Path) -> None:
    taken = bind(ServeSettings(library=tmp_path, port=0))
    try:
        with pytest.raises(MoodrecError, match="another program uses this port"):
            bind(ServeSettings(library=tmp_path, port=port_of(taken)))
        socket.create_connection(("127.0.0.1", port_of(taken)), 10).close()
    finally:
        close(taken)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port is taken by whoever binds it")
def test_a_port_that_another_program_has_not_listened_on_yet(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        taken = bind(ServeSettings(library=tmp_path, port=other.getsockname()[1]))
        try:
            with pytest.raises(OSError, match="in use"):
                other.listen()
        finally:
            close(taken)


def test_all_addresses_of_a_name_have_one_port(tmp_path: Path) -> None:
    taken = bind(ServeSettings(library=tmp_path, host="localhost", port=0))
    try:
        assert {one.getsockname()[1] for one in taken} == {port_of(taken)}
        assert "127.0.0.1" in {one.getsockname()[0] for one in taken}
    finally:
        close(taken)


def test_what_is_no_address_of_this_machine(tmp_path: Path) -> None:
    token = "long enough for a token"
    for host in ("no such host", "nohost.invalid", "x" * 300, "192.0.2.1"):
        with pytest.raises(UsageError, match=re.escape(host)):
            bind(ServeSettings(library=tmp_path, host=host, port=0, token=token))


def test_nothing_stays_taken_where_a_port_is_in_use(tmp_path: Path, busy: int) -> None:
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(MoodrecError, match="another program uses this port"):
            bind(ServeSettings(library=tmp_path, host=host, port=busy))
    found = {one.what: one for one in check(ServeSettings(library=tmp_path, port=busy))}
    assert not found["address"].ok
    assert "another program uses this port" in found["address"].detail
