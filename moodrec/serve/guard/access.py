"""Who may call: the host name, the page a request comes from, and the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from moodrec.serve.problems import problem
from moodrec.serve.settings import ServeSettings, is_loopback

COOKIE: Final = "moodrec_session"
BEARER: Final = "bearer "
_PUBLIC: Final = ("/healthz", "/readyz", "/v1/openapi.json", "/v1/session")
_MOST_KNOWN: Final = 100
"""Host headers that are remembered as known."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Access:
    """Refuses requests of strangers before anything else is done for them.

    Pages of other sites cannot call the server through the browser of somebody who has it open: a foreign ``Origin``
    is refused, and so is, where there is no token, a host name under which the server is not known (a site may let
    its own name point to this machine).
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        """Wrap the application that is guarded.

        Args:
            app: what is guarded.
            settings: of the server.
        """
        self._app, self._token = app, settings.token
        self._names = {"localhost", settings.host, *settings.names}
        self._others = frozenset(name.lower() for name in settings.names)
        self._known: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it.

        Args:
            scope: of the request.
            receive: gives its body.
            send: takes the answer.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if not self._is_known(request.headers.get("host", "")):
            answer = problem(
                421,
                "UnknownHost",
                "the server is not known by this host name; start it with --name NAME to serve it under that name",
            )
            await answer(scope, receive, send)
        elif scope["method"] not in _SAFE and not self._is_own_page(request):
            answer = problem(
                403,
                "ForeignPage",
                "a page of another site may not change anything here; if it is this server's own page, seen through "
                "a proxy, start it with --name HOST, the name in the browser's address",
            )
            await answer(scope, receive, send)
        elif not self._may(scope["path"], request):
            answer = problem(
                401,
                "NoToken",
                "this server needs its token: send it as Authorization: Bearer TOKEN",
                {"WWW-Authenticate": 'Bearer realm="moodrec"'},
            )
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        if self._token is not None or host in self._known:
            return True
        name = host_name(host)
        known = name in self._names or is_loopback(name)
        if known and len(self._known) < _MOST_KNOWN:
            self._known.add(host)
        return known

    def _is_own_page(self, request: HTTPConnection) -> bool:
        """Whether a request comes from the server's page, or from no page at all.

        A proxy may write a ``Host`` of its own, so that a page that is seen under one of the server's other names is
        its page whatever stands there.
        """
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        if origin is None:
            return True
        try:
            place = urlsplit(origin).netloc.lower()
        except ValueError:  # such as "http://[", which no browser sends
            return False
        return place == request.headers.get("host", "").lower() or host_name(place) in self._others

    def _may(self, path: str, request: HTTPConnection) -> bool:
        if self._token is None or is_public(path):
            return True
        given = request.headers.get("authorization", "")
        if given.lower().startswith(BEARER):
            return same(given[len(BEARER) :].strip(), self._token)
        return same(request.cookies.get(COOKIE, ""), session_of(self._token))


def is_public(path: str) -> bool:
    """Say whether a path needs no token: whether the server is well, and the page's files, which hold no data.

    The endpoints of players under ``/rest/`` have credentials of their own, which they check themselves.
    """
    return path in _PUBLIC or not path.startswith(("/v1/", "/api/", "/metrics"))


def session_of(token: str) -> str:
    """Return what the cookie of a browser holds in place of the token."""
    return hmac.new(token.encode(), b"moodrec page", hashlib.sha256).hexdigest()


def same(given: str, right: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ.

    Args:
        given: by the client.
        right: the server's.
    """
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def host_name(host: str) -> str:
    """Return the name of a ``Host`` header, without its port."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.partition(":")[0]
    return name
