"""Answers and credentials of the Subsonic API: JSON or XML, and HTTP status 200 whatever happens."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

from starlette.responses import Response

import moodrec
from moodrec.serve.documents import encoded
from moodrec.serve.guard.access import same

VERSION: Final = "1.16.1"
NAMESPACE: Final = "http://subsonic.org/restapi"
GENERIC, MISSING, WRONG, CONFLICT, BAD_KEY, NOT_FOUND = 0, 10, 40, 43, 44, 70
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,99}")
"""The functions that ``f=jsonp`` may call."""
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SubsonicError(Exception):
    """A request fails with a code of the Subsonic API."""

    def __init__(self, code: int, message: str) -> None:
        """Keep what the client is told.

        Args:
            code: of the Subsonic API.
            message: one sentence.
        """
        super().__init__(message)
        self.code = code


def check_login(given: Mapping[str, str], token: str | None) -> None:
    """Check the credentials of a request: an API key, or a name with a token or a password.

    Args:
        given: the parameters of the request.
        token: the secret of the server; None lets everybody in.

    Raises:
        SubsonicError: they are missing, wrong, or of several kinds.
    """
    key, user = given.get("apiKey"), given.get("u")
    hashed, salt, password = given.get("t"), given.get("s"), given.get("p")
    if key is not None and any(one is not None for one in (user, hashed, salt, password)):
        raise SubsonicError(CONFLICT, "send an API key or a name, not both")
    if hashed is not None and password is not None:
        raise SubsonicError(CONFLICT, "send a token or a password, not both")
    if token is None:
        return
    if key is not None:
        if not same(key, token):
            raise SubsonicError(BAD_KEY, "this is not the API key of this server")
        return
    if user is None or (password is None and (hashed is None or salt is None)):
        raise SubsonicError(MISSING, "the parameters apiKey, or u with t and s, or u with p are missing")
    right = (
        _password_is(password, token) if password is not None else _token_is(hashed or "", salt or "", token)
    )
    if not right:
        raise SubsonicError(WRONG, "wrong name or password")


def check_callback(given: Mapping[str, str]) -> None:
    """Check the function that an answer by ``f=jsonp`` calls.

    Args:
        given: the parameters of the request.

    Raises:
        SubsonicError: ``callback`` is missing, or no name of a function.
    """
    if _NAME.fullmatch(given.get("callback", "")) is None:
        raise SubsonicError(MISSING, "f=jsonp needs the parameter callback, the name of a function")


def _password_is(given: str, token: str) -> bool:
    if given.startswith("enc:"):
        try:
            given = bytes.fromhex(given[4:]).decode("utf-8", "replace")
        except ValueError:
            return False
    return same(given, token)


def _token_is(hashed: str, salt: str, token: str) -> bool:
    right = hashlib.md5((token + salt).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    return same(hashed.lower(), right)


def answer(given: Mapping[str, str], payload: Mapping[str, Any]) -> Response:
    """Make the answer to a request that succeeded.

    Args:
        given: its parameters; ``f=json`` asks for JSON, ``f=jsonp`` for a call of ``callback`` with it, anything
            else for XML.
        payload: what stands in ``subsonic-response``.
    """
    return _response(given, {"status": "ok", **_HEAD, **payload})


def failure(given: Mapping[str, str], error: SubsonicError) -> Response:
    """Make the answer to a request that failed.

    Args:
        given: its parameters.
        error: why it failed.
    """
    return _response(
        given, {"status": "failed", **_HEAD, "error": {"code": error.code, "message": str(error)}}
    )


_HEAD: Final = {
    "version": VERSION,
    "type": "moodrec",
    "serverVersion": moodrec.__version__,
    "openSubsonic": True,
}


def _response(given: Mapping[str, str], document: Mapping[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store"}
    form, callback = given.get("f", "xml"), given.get("callback", "")
    if form in ("json", "jsonp"):
        content = encoded({"subsonic-response": document})
        if form == "jsonp" and _NAME.fullmatch(callback):
            return Response(f"{callback}({content.decode()});", 200, headers, "text/javascript")
        return Response(content, 200, headers, "application/json")
    root = _element("subsonic-response", document)
    root.set("xmlns", NAMESPACE)
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(data, 200, headers, "application/xml")


def _element(name: str, value: Mapping[str, Any]) -> ET.Element:
    """Write an object as XML: single values are attributes, objects and lists are elements."""
    element = ET.Element(name)
    for key, item in value.items():
        if isinstance(item, Mapping):
            element.append(_element(key, item))
        elif isinstance(item, list):
            for one in item:
                if isinstance(one, Mapping):
                    element.append(_element(key, one))
                else:
                    ET.SubElement(element, key).text = _text(one)
        elif item is not None:
            element.set(key, _text(item))
    return element


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
