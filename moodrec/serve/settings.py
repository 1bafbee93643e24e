"""The settings of a server: where it binds, who may call it, and what one request may cost."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from moodrec.arguments import finite, whole
from moodrec.engines.address import EngineAddress
from moodrec.errors import UsageError

LEAST_TOKEN: Final = 16
"""Fewer characters than this can be guessed."""
MapMethod = Literal["auto", "pca", "umap"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request, and all of them together, may cost.

    Raises:
        UsageError: a number is out of range.
    """

    body_bytes: int = 1 << 20
    """Greatest size of a request's body, but for uploads."""
    upload_bytes: int = 200 << 20
    """Greatest size of an audio file that is sent to be analysed."""
    request_s: float = 30.0
    """Seconds after which a request without an answer is cut."""
    upload_s: float = 300.0
    """Seconds after which an upload and its analysis are cut."""
    head_s: float = 10.0
    """Seconds that a client may take to send the head of a request."""
    stall_s: float = 60.0
    """Seconds after which a client that takes nothing of its answer is cut off."""
    rate: float = 300.0
    """Requests a second that one client address may send on average; 0 takes the limit away."""
    burst: int = 600
    """Requests that one client address may send at once."""
    concurrency: int = 64
    """Requests that are worked on at the same time; more are told to come back."""
    streams: int = 64
    """Streams of events that are open at the same time."""
    connections: int = 1000
    """Connections that are open at the same time."""
    k: int = 1000
    """Greatest number of tracks in one answer."""
    condition: int = 4000
    """Greatest length of a condition, in characters."""
    ids: int = 10_000
    """Greatest number of ids in one list of a request."""
    whole: int = 1_000_000
    """Greatest number of tracks of an engine's catalogue of which columns are read as a whole."""

    def __post_init__(self) -> None:
        for name in (
            "body_bytes",
            "upload_bytes",
            "burst",
            "concurrency",
            "streams",
            "connections",
            "k",
            "whole",
        ):
            whole(getattr(self, name), name, most=None)
        for name in ("request_s", "upload_s", "head_s", "stall_s"):
            if finite(getattr(self, name), name) <= 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be more than 0")
        if finite(self.rate, "rate") < 0:
            raise UsageError(f"rate is {self.rate}; it must be 0 or more")


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """How a library, an index or a catalogue in an engine is served.

    Raises:
        UsageError: the address can be reached from other machines and there is no token, a token is too short, or
            there is neither a folder nor an engine, or both.
    """

    library: Path | None = None
    """The folder of the library, or of an index; None where an engine holds the catalogue."""
    engine: EngineAddress | None = None
    """The engine that holds the catalogue; None for a folder."""
    host: str = "127.0.0.1"
    """The address to bind; loopback cannot be reached from other machines."""
    port: int = 8765
    token: str | None = field(default=None, repr=False)
    """The secret that requests carry; required beyond loopback."""
    music: tuple[Path, ...] = ()
    """Folders that may be analysed from the page, and inside which audio is served."""
    model: Path | None = None
    """The model that analyses uploads; None takes that of the library."""
    names: tuple[str, ...] = ()
    """Further host names under which the server is reached, as through a proxy."""
    map_method: MapMethod = "auto"
    """How tracks are laid out on the map; ``auto`` takes UMAP where it is installed."""
    refresh_s: float = 2.0
    """Seconds between two checks for a newer version of the index."""
    threads: int = 8
    """Requests that compute at the same time."""
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            raise UsageError(f"the token has {len(self.token)} characters; it needs at least {LEAST_TOKEN}")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise UsageError("the token holds characters that an HTTP header cannot carry; write it in ASCII")
        if self.token is None and not is_loopback(self.host):
            raise UsageError(
                f"{self.host} can be reached from other machines, so a token is required: put one of at least "
                f"{LEAST_TOKEN} characters into a file and give --token-file FILE, or set MOODREC_SERVE_TOKEN"
            )
        if (self.library is None) == (self.engine is None):
            raise UsageError(
                "name what is served: the folder of a library or an index, or the address of an engine"
            )
        if self.engine is not None and self.music:
            raise UsageError(
                "music is analysed into a library, and an engine's catalogue is served: leave --music out, or serve "
                "the library"
            )
        if not 0 <= self.port <= 65_535:
            raise UsageError(f"port is {self.port}; it must be from 0 to 65535")
        object.__setattr__(self, "music", tuple(Path(os.path.realpath(place)) for place in self.music))
        for place in self.music:
            if not place.is_dir():
                raise UsageError(f"{place}: is no folder of music")

    @property
    def folder(self) -> Path:
        """The folder of the library or of the index.

        Raises:
            UsageError: an engine holds the catalogue.
        """
        if self.library is None:
            raise UsageError("an engine's catalogue is served, which has no folder; serve a library for this")
        return self.library

    @property
    def served(self) -> str:
        """What is served, for people: a folder, or the address of an engine without its secrets."""
        return str(self.library) if self.engine is None else self.engine.shown

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def is_loopback(host: str) -> bool:
    """Say whether an address can be reached from its own machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
