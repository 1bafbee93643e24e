"""Connections to a PostgreSQL server that knows pgvector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from moodrec.errors import EngineError, MissingExtraError
from moodrec.given import text_of

_MOST_CONNECTIONS: Final = 16
_WAIT_S: Final = 10.0
"""Seconds that a search waits for a connection."""
_CONNECT_S: Final = 10
"""Seconds after which a server that does not answer counts as out of reach, where the address says nothing."""
_RECONNECT_S: Final = 5.0
"""Seconds for which a lost connection is tried anew, at longer and longer intervals; then a search tries at once."""


class Server:
    """A pool of connections to one database."""

    def __init__(self, address: str) -> None:
        """Connect to a server, and install pgvector's extension where that is missing.

        Args:
            address: a connection string of libpq, such as ``postgresql://user@host/database``.

        Raises:
            UsageError: the address is no text.
            MissingExtraError: psycopg or pgvector's package is not installed.
            EngineError: the server cannot be reached, or has no pgvector.
        """
        try:
            import psycopg
            from pgvector.psycopg import register_vector
            from psycopg.conninfo import conninfo_to_dict
            from psycopg_pool import ConnectionPool, PoolTimeout
        except ImportError:
            raise MissingExtraError("a catalogue in PostgreSQL", "postgres") from None
        self._errors = (psycopg.Error, PoolTimeout)
        text_of(address, "address")
        try:
            given = {*conninfo_to_dict(address)}
        except psycopg.Error:  # its message quotes the address, with the password that may be in it
            raise EngineError(
                "PostgreSQL: the address cannot be read; write postgresql://user@host:5432/database, with "
                "@ : / [ ] ? and % in names and passwords as %40 %3A %2F %5B %5D %3F and %25"
            ) from None
        try:
            late: dict[str, Any] = {} if "connect_timeout" in given else {"connect_timeout": _CONNECT_S}
            with psycopg.connect(address, autocommit=True, **late) as connection:
                if (
                    connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone()
                    is None
                ):
                    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.Error as error:
            raise EngineError(f"PostgreSQL: {_first_line(error)}") from None
        # A prepared statement may keep the plan of a walk of the graph for a comparison of all rows.
        self._pool: Any = ConnectionPool(
            address,
            kwargs={"prepare_threshold": None, **late},
            min_size=1,
            max_size=_MOST_CONNECTIONS,
            timeout=_WAIT_S,
            reconnect_timeout=_RECONNECT_S,
            configure=register_vector,
            # A server that was restarted has ended the connections that lie here.
            check=ConnectionPool.check_connection,
            open=True,
        )

    @contextmanager
    def transaction(self, wait_s: float | None = None) -> Iterator[Any]:
        """Give a cursor inside a transaction, which is rolled back if the block raises.

        Args:
            wait_s: seconds to wait for a connection; None takes those of every search.

        Raises:
            EngineError: the server refuses a statement, or cannot be reached.
        """
        try:
            with self._pool.connection(wait_s) as connection, connection.cursor() as cursor:
                yield cursor
        except self._errors as error:
            raise EngineError(f"PostgreSQL: {_first_line(error)}") from error

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
