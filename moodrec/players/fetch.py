"""One request to a player over HTTP: in time, of a bounded size, and never past a redirect."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urljoin, urlsplit

from moodrec.errors import MoodrecError

_SILENCE_S: Final = 30.0
"""Seconds without a byte after which a player is given up."""
_WHOLE_S: Final = 120.0
"""Seconds that an answer may take as a whole."""
_MOST_BYTES: Final = 64 << 20
_BLOCK: Final = 1 << 16
_NO_FORM: Final = frozenset({404, 405, 501})
_MOVED: Final = range(300, 400)


class PlayerError(MoodrecError):
    """A player cannot be reached, or refuses what it was asked for; the message says what it said."""

    def __init__(self, message: str, code: int | None = None) -> None:
        """Keep what the player said.

        Args:
            message: one sentence.
            code: of the Subsonic API; None where the player did not answer at all.
        """
        super().__init__(message)
        self.code = code


class FormRefusedError(Exception):
    """A server takes parameters in the URL alone."""


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would drop the form, and could carry a login to another server."""

    def redirect_request(self, *_: object) -> None:
        """Leave the redirect to the caller."""


_OPENER: Final = urllib.request.build_opener(_Stays)


def fetched(request: urllib.request.Request, where: str, whole_s: float = _WHOLE_S) -> bytes:
    """Send a request, and read its answer.

    Args:
        request: a GET, or a form by POST.
        where: the address of the player, for messages.
        whole_s: seconds that the answer may take.

    Raises:
        FormRefusedError: the server takes no forms.
        PlayerError: it cannot be reached, redirects, fails, or its answer is too large or too slow.
    """
    until = time.monotonic() + whole_s
    body = bytearray()
    try:
        with _OPENER.open(request, timeout=min(_SILENCE_S, whole_s)) as answer:
            while block := answer.read1(_BLOCK):
                body += block
                if len(body) > _MOST_BYTES:
                    raise PlayerError(f"{where}: an answer is larger than {_MOST_BYTES >> 20} MiB")
                if time.monotonic() > until:
                    raise PlayerError(f"{where}: an answer takes longer than {whole_s:g} seconds")
            if answer.length:
                raise PlayerError(f"{where}: an answer was cut off; try again")
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error, request, where) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise PlayerError(f"{where}: cannot be reached ({_reason(error)})") from None
    return bytes(body)


def _refusal(error: urllib.error.HTTPError, request: urllib.request.Request, where: str) -> Exception:
    if request.data is not None and error.code in _NO_FORM:
        return FormRefusedError(error.code)
    if error.code in _MOVED and (moved := error.headers.get("Location")):
        place = urlsplit(urljoin(request.full_url, moved))
        base = f"{place.scheme}://{place.netloc}{place.path.rpartition('/rest/')[0]}"
        return PlayerError(f"{where}: redirects to {base}; give that address, if it is the player's")
    return PlayerError(f"{where}: answered with HTTP status {error.code}")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"{reason.verify_message}; name a certificate of your own in SSL_CERT_FILE"
    return str(reason) or type(reason).__name__
