"""One server of each engine for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.servers import milvus, postgres


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """The address of a running PostgreSQL server with pgvector."""
    with postgres() as address:
        yield address


@pytest.fixture(scope="session")
def milvus_address() -> Iterator[str]:
    """The file of a running Milvus Lite."""
    with milvus() as address:
        yield address
