"""The address of a server is taken before anybody is told of it, so that a port in use is an error in a sentence."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from moodrec.errors import MoodrecError, UsageError
from moodrec.serve.settings import ServeSettings

BACKLOG: Final = 512
"""The number of connections that may wait to be accepted."""
_REASONS: Final = {
    errno.EADDRINUSE: "another program uses this port; take another one: --port N",
    errno.EACCES: "this user may not take this port; take one above 1023: --port N",
}


def bind(settings: ServeSettings) -> list[socket.socket]:
    """Take the address of a server: a socket for each address that its host name stands for, open to connections.

    Two programs can have one port until it is open for one of them. Connections wait until they are accepted.

    Args:
        settings: of the server; any free port is taken for port 0, the same one for all addresses.

    Raises:
        UsageError: the host is no address of this machine.
        MoodrecError: the port cannot be had.
    """
    try:
        known = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise UsageError(f"--host {settings.host}: there is no such address") from None
    taken: list[socket.socket] = []
    refused: OSError | None = None
    for family, _, _, _, (host, port, *more) in dict.fromkeys(known):
        port = port_of(taken) if taken else port
        try:
            taken.append(socket.create_server((host, port, *more), family=family, backlog=BACKLOG))
        except OSError as error:
            refused = error
            # A host name may stand for an address of IPv6 where the system has none.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                break
    if refused is not None and (not taken or refused.errno in _REASONS):
        close(taken)
        raise _explained(settings, refused)
    return taken


def port_of(taken: list[socket.socket]) -> int:
    """Return the port that sockets have taken."""
    port: int = taken[0].getsockname()[1]
    return port


def close(taken: list[socket.socket]) -> None:
    """Give back the address that sockets have."""
    for one in taken:
        one.close()


def _explained(settings: ServeSettings, error: OSError) -> MoodrecError:
    if error.errno in _REASONS:
        return MoodrecError(f"{settings.url}: {_REASONS[error.errno]}")
    return UsageError(
        f"--host {settings.host}: is no address of this machine ({os.strerror(error.errno or 0)})"
    )
