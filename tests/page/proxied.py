"""A reverse proxy with a path of its own, which names the server as it reaches it: as nginx does by default."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

PREFIX: Final = "/music"
_ITS_OWN: Final = frozenset({"connection", "transfer-encoding", "keep-alive"})


@contextmanager
def proxy_to(port: int) -> Iterator[str]:
    """The address of a proxy to a port of this machine, as long as the block."""

    class Passing(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            asked = {name: value for name, value in self.headers.items() if name.lower() not in _ITS_OWN}
            asked |= {"Host": f"127.0.0.1:{port}", "Connection": "close"}
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                upstream.request(self.command, self.path.removeprefix(PREFIX), body, asked)
                answer = upstream.getresponse()
            except (OSError, http.client.HTTPException):
                self.send_error(502)
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _ITS_OWN:
                    self.send_header(name, value)
            self.end_headers()
            while block := answer.read1():
                self.wfile.write(block)
                self.wfile.flush()
            upstream.close()

        do_GET = do_HEAD = do_POST = do_DELETE = pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
