"""The address of a catalogue's engine, whose password never shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode

from moodrec.engines.facts import NAME, check_catalogue_name
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.engines.base import EngineIndex

ENGINES: Final = {"postgres": "postgres", "postgresql": "postgres", "milvus": "milvus"}
"""The engine of each scheme of an address."""
_SHOWN: Final = frozenset({"host", "hostaddr", "port", "dbname", "consistency"})
"""Parameters of an address that may be shown."""
_END: Final = re.compile(r"[/?#]")


@dataclass(frozen=True)
class EngineAddress:
    """Where the engine of a catalogue is, and what the catalogue is called there."""

    kind: str
    """The name of the engine: ``postgres`` or ``milvus``."""
    text: str = field(repr=False)
    """The whole address, as the engine reads it, with the password."""
    shown: str
    """The address without user, password and secret parameters, for people."""
    has_password: bool
    """Whether the address holds a password."""
    catalogue: str = NAME
    """What the catalogue is called."""

    @classmethod
    def of(cls, text: str, catalogue: str = NAME, password: str | None = None) -> Self:
        """Read an address.

        Args:
            text: ``postgresql://user@host/database``, ``postgres://...`` or ``milvus://host:19530``.
            catalogue: what the catalogue is called.
            password: of the user, where the address holds none.

        Raises:
            UsageError: it is no address of an engine; the message holds nothing of what may be a password.
        """
        check_catalogue_name(catalogue)
        scheme, _, rest = text.strip().partition("://")
        kind = ENGINES.get(scheme.lower())
        if kind is None:
            raise UsageError(
                "an index in an engine is named by its address: postgresql://user@host/database or "
                "milvus://host:19530; a folder is given without --index"
            )
        found = _END.search(rest)
        end = len(rest) if found is None else found.start()
        authority, path = rest[:end], rest[end:]
        login, at, place = authority.rpartition("@")
        path, _, asked = path.partition("?")
        if not at and ("@" in path or ("@" in asked and ":" in place)):
            raise UsageError(
                "the address cannot be read: write the characters / ? # @ % of a name or a password as %2F %3F %23 "
                "%40 %25, or give the password apart (MOODREC_INDEX_PASSWORD)"
            )
        parameters = parse_qsl(asked, keep_blank_values=True)
        if any("password" in name.lower() for name, _ in parameters):
            raise UsageError("a password stands before the host of an address, or in MOODREC_INDEX_PASSWORD")
        user, _, own = login.partition(":")
        secret = unquote(own) or (password or "")
        if "\0" in secret or "\0" in unquote(user):
            raise UsageError("a name or a password holds the character NUL")
        login = quote(unquote(user), safe="") + (f":{quote(secret, safe='')}" if secret else "")
        before = f"{scheme.lower()}://"
        query = f"?{asked}" if asked else ""
        told = urlencode([pair for pair in parameters if pair[0] in _SHOWN], safe="/@:")
        return cls(
            kind,
            f"{before}{login}{'@' if login else ''}{place}{path}{query}",
            f"{before}{place}{path}{'?' if told else ''}{told}",
            bool(unquote(own)),
            catalogue,
        )

    @property
    def engine(self) -> type[EngineIndex]:
        """The class of the engine's catalogues."""
        if self.kind == "postgres":
            from moodrec.engines.postgres.index import PostgresIndex

            return PostgresIndex
        from moodrec.engines.milvus.index import MilvusIndex

        return MilvusIndex

    def open(self) -> EngineIndex:
        """Open the catalogue.

        Raises:
            NotFoundError: there is none of this name.
            EngineError, MissingExtraError: the engine cannot be used.
        """
        return self.engine.open(self.text, self.catalogue)
