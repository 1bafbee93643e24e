"""The connection to a Milvus server, or to a file that Milvus Lite serves."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from moodrec.engines.milvus.fields import (
    COMPLETED,
    CREDITED,
    LONGEST,
    LONGEST_LIST,
    MAIN,
    ROW,
    SEQ,
    TYPES,
    FilterField,
)
from moodrec.errors import EngineError, MissingExtraError, UsageError
from moodrec.given import text_of
from moodrec.schema import TRACK_ID

STRONG, ROUGH = "Strong", "Bounded"
"""A read sees all that was written before it, or what was there at most some seconds ago."""
PAGE: Final = 2_000
"""Entities that are sent or asked for in one message."""
LINKS, EF_CONSTRUCTION = 24, 128
_INDEX_WAIT_S: Final = 7200.0
_POLL_S: Final = 0.5
_KNOWS_S, _SEARCHES_S, _READS_S = 5.0, 20.0, 120.0
"""Seconds after which a question about collections, a search, or a read counts as failed. Without a time, the client
would repeat it for minutes where the server is gone."""
_LONGEST_ERROR: Final = 500
_KEEPALIVE: Final = {"grpc.keepalive_time_ms": 300_000, "grpc.keepalive_permit_without_calls": False}
"""A server of gRPC's own settings ends a connection over pings that come sooner than every five minutes ("Too many
pings"); the client sends one every ten seconds, idle or not."""


class Server:
    """A connection that turns what Milvus refuses into errors of moodrec."""

    def __init__(self, address: str) -> None:
        """Connect to a server.

        Args:
            address: ``milvus://[user:password@]host[:port]``, its ``http://`` or ``https://`` form, or the path of a
                file for Milvus Lite, which ``milvus:///path`` names too. ``?consistency=Bounded`` after a URL lets
                searches see what was there some seconds ago instead of waiting for the server's clock, which takes
                up to 200 ms.

        Raises:
            MissingExtraError: pymilvus is not installed.
            UsageError: there is no such consistency.
            EngineError: the server cannot be reached.
        """
        try:
            from grpc import RpcError
            from pymilvus import DataType, MilvusClient
            from pymilvus.exceptions import MilvusException
        except ImportError:
            raise MissingExtraError("a catalogue in Milvus", "milvus") from None
        self._errors = (MilvusException, RpcError, OSError, ValueError, TypeError)
        self._types: Any = DataType
        uri, user, password, self._consistency = _parts_of(text_of(address, "address"))
        with self._told():
            self._client: Any = MilvusClient(uri=uri, user=user, password=password, grpc_options=_KEEPALIVE)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            text = str(getattr(error, "message", "") or error).strip().splitlines()
            raise EngineError(
                f"Milvus: {text[0][:_LONGEST_ERROR] if text else type(error).__name__}"
            ) from error

    def exists(self, name: str) -> bool:
        """Whether there is a collection, or an alias, of a name."""
        with self._told():
            return bool(self._client.has_collection(name, timeout=_KNOWS_S))

    def resolved(self, alias: str) -> str:
        """Return the name of the collection that an alias names."""
        with self._told():
            return str(self._client.describe_collection(alias, timeout=_KNOWS_S)["collection_name"])

    def point(self, alias: str, collection: str) -> None:
        """Let an alias name a collection from now on.

        Args:
            alias: the alias, which need not exist.
            collection: the collection.
        """
        change = "alter_alias" if self.exists(alias) else "create_alias"
        with self._told():
            getattr(self._client, change)(collection_name=collection, alias=alias)

    def drop(self, collection: str) -> None:
        """Remove a collection, if there is one of this name."""
        if self.exists(collection):
            with self._told():
                self._client.drop_collection(collection)

    def load(self, collection: str) -> None:
        """Bring a collection into memory, which every search needs."""
        with self._told():
            self._client.load_collection(collection)

    def create_tracks(self, collection: str, fields: Iterable[FilterField], dim: int) -> None:
        """Create the collection of tracks, without its index.

        Args:
            collection: its name.
            fields: the fields for filters.
            dim: the dimension of the completed vectors.
        """
        types = self._types
        with self._told():
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field(TRACK_ID, types.VARCHAR, is_primary=True, max_length=LONGEST)
            schema.add_field(SEQ, types.INT64)
            schema.add_field(COMPLETED, types.FLOAT_VECTOR, dim=dim)
            schema.add_field(ROW, types.VARCHAR, max_length=LONGEST)
            text_list = {"element_type": types.VARCHAR, "max_length": LONGEST, "max_capacity": LONGEST_LIST}
            for name in (MAIN, CREDITED):
                schema.add_field(name, types.ARRAY, **text_list)
            for field in fields:
                kind = getattr(types, TYPES[field.column.kind])
                length = {"max_length": LONGEST} if kind == types.VARCHAR else {}
                if field.column.lists:
                    schema.add_field(
                        field.name, types.ARRAY, element_type=kind, max_capacity=LONGEST_LIST, **length
                    )
                else:
                    schema.add_field(field.name, kind, **length)
            self._client.create_collection(collection, schema=schema, consistency_level="Strong")

    def create_facts(self, collection: str) -> None:
        """Create the collection of what is known of a catalogue; Milvus wants a vector in it."""
        types = self._types
        with self._told():
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("collection", types.VARCHAR, is_primary=True, max_length=LONGEST)
            schema.add_field("facts", types.VARCHAR, max_length=LONGEST)
            schema.add_field("unused", types.FLOAT_VECTOR, dim=2)
            index = self._client.prepare_index_params()
            index.add_index("unused", index_type="FLAT", metric_type="L2")
            self._client.create_collection(
                collection, schema=schema, index_params=index, consistency_level="Strong"
            )

    def build_graph(self, collection: str, tracks: int) -> None:
        """Build the HNSW index over all tracks of a collection, wait for it, and load the collection.

        Args:
            collection: its name.
            tracks: the number of its tracks.

        Raises:
            EngineError: the index is not complete within two hours.
        """
        with self._told():
            self._client.flush(collection)
            index = self._client.prepare_index_params()
            params = {"M": LINKS, "efConstruction": EF_CONSTRUCTION}
            index.add_index(COMPLETED, index_type="HNSW", metric_type="IP", params=params)
            self._client.create_index(collection, index)
            until = time.monotonic() + _INDEX_WAIT_S
            # A collection that is loaded before its index is complete is searched without it for a while.
            while self._indexed(collection) < tracks:
                if time.monotonic() > until:
                    raise EngineError(
                        "Milvus: the index is not complete after two hours; look into the server's log"
                    )
                time.sleep(_POLL_S)
        self.load(collection)

    def _indexed(self, collection: str) -> int:
        return int(self._client.describe_index(collection, index_name=COMPLETED).get("indexed_rows", 0))

    def write(self, collection: str, entities: Iterable[dict[str, Any]], replaces: bool = False) -> None:
        """Write entities page by page.

        Args:
            collection: where they go.
            entities: whole entities.
            replaces: whether those of the same keys are replaced.
        """
        change = "upsert" if replaces else "insert"
        every = iter(entities)
        with self._told():
            while page := list(islice(every, PAGE)):
                getattr(self._client, change)(collection, page)

    def delete(self, collection: str, where: str) -> None:
        """Remove the entities that meet an expression on their keys.

        Args:
            collection: the collection.
            where: the expression.
        """
        with self._told():
            self._client.delete(collection, filter=where)

    def count(self, collection: str, where: str, roughly: bool = False) -> int:
        """Count the entities that meet an expression.

        Args:
            collection: the collection.
            where: the expression.
            roughly: whether the count may be some seconds old, which takes less time.
        """
        return int(self.query(collection, where, ["count(*)"], roughly)[0]["count(*)"])

    def query(
        self, collection: str, where: str, fields: Sequence[str], roughly: bool = False
    ) -> list[dict[str, Any]]:
        """Return fields of the entities that meet an expression, in any order.

        Args:
            collection: the collection.
            where: the expression.
            fields: the fields.
            roughly: whether the answer may be some seconds old.
        """
        consistency = ROUGH if roughly else self._consistency
        with self._told():
            return list(
                self._client.query(
                    collection,
                    filter=where,
                    output_fields=list(fields),
                    timeout=_READS_S,
                    consistency_level=consistency,
                )
            )

    def nearest(
        self, collection: str, vector: Any, where: str, limit: int, ef: int, fields: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return fields of the entities of largest inner product that meet an expression.

        Args:
            collection: the collection.
            vector: (d,) the completed vector of the query.
            where: the expression.
            limit: how many are returned.
            ef: how many the walk of the graph keeps; at least ``limit``.
            fields: the fields.
        """
        with self._told():
            found = self._client.search(
                collection,
                data=[vector],
                filter=where,
                limit=limit,
                anns_field=COMPLETED,
                search_params={"metric_type": "IP", "params": {"ef": ef}},
                output_fields=list(fields),
                timeout=_SEARCHES_S,
                consistency_level=self._consistency,
            )
        return [dict(hit["entity"]) for hit in found[0]]


def _parts_of(address: str) -> tuple[str, str, str, str]:
    """Return the URI that pymilvus knows, the name and password of a user ("" without one), and the consistency."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address, "", "", STRONG
    rest, _, asked = rest.partition("?")
    consistency = asked.removeprefix("consistency=") or STRONG
    if consistency not in (STRONG, ROUGH):
        raise UsageError(
            f"after the ? of an address of Milvus stands consistency={STRONG} or consistency={ROUGH}"
        )
    if scheme == "milvus" and rest.startswith("/"):
        return rest, "", "", consistency
    login, at, place = rest.rpartition("@")
    user, _, password = login.partition(":") if at else ("", "", "")
    uri = f"{'http' if scheme == 'milvus' else scheme}://{place}"
    return uri, unquote(user), unquote(password), consistency
