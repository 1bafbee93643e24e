"""A server over Milvus goes on when Milvus has ended: the standalone server is stopped (``make test-engines``).

The package of that server does not start it again over the same folder, so that its return is not tested.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from moodrec.engines.address import EngineAddress
from moodrec.engines.milvus.index import MilvusIndex
from moodrec.serve.settings import Limits, ServeSettings
from tests.catalogues import MOODS
from tests.engines.served import rich_catalogue
from tests.serve.running import serving

if os.environ.get("MOODREC_TEST_MILVUS") != "standalone":
    pytest.skip("needs the standalone server: make test-engines", allow_module_level=True)

_PATIENCE_S = 180.0


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def test_it_says_so_when_milvus_has_ended() -> None:
    from benchmarks.engines.milvus import standalone_server

    sample = rich_catalogue()
    with standalone_server() as server:
        address = EngineAddress.of(f"milvus://127.0.0.1:{server.listen_port}", "kept")
        MilvusIndex.build(address.text, sample.vectors, sample.table, MOODS, "kept").close()
        settings = ServeSettings(engine=address, port=0, limits=Limits(rate=0), refresh_s=0.2)
        with serving(settings) as client:
            expected: dict[str, Any] = client.get("/v1/similar", params={"seed": "t5"}).json()
            assert expected["count"] == 20
            server.stop()
            until(lambda: client.get("/readyz").status_code == 503)
            answer = client.get("/v1/similar", params={"seed": "t5"})
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:moodrec:problem:EngineDown"
            assert client.get("/healthz").status_code == 200
            assert client.get("/metrics").status_code == 200
