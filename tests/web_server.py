"""A web server on this machine that gives files, and behaves badly where a path says so."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebServer(ThreadingHTTPServer):
    """Files, by their paths, and when to stop what has no end."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.ended = files, threading.Event()


class Handler(BaseHTTPRequestHandler):
    """What `web_server` says."""

    server: WebServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path in self.server.files:
            self._give(self.server.files[path])
        else:
            getattr(self, f"_{path[1:]}", self._missing)(query)

    def _missing(self, _: str) -> None:
        self.send_error(404)

    def _to(self, goal: str) -> None:
        self._head(302, Content_Length="0", Location=goal)

    def _loop(self, _: str) -> None:
        self._to("/loop")

    def _nowhere(self, _: str) -> None:
        self._head(302, Content_Length="0")

    def _endless(self, _: str) -> None:
        self._without_end(0, bytes(2**16))

    def _drip(self, _: str) -> None:
        self._without_end(0.05, b"x")

    def _short(self, _: str) -> None:
        self._head(200, Content_Length="8")
        self.wfile.write(b"half")

    def _long(self, _: str) -> None:
        self._head(200, Content_Length=str(2**40))

    def _zipped(self, _: str) -> None:
        content = gzip.compress(bytes(2**20))
        self._head(200, Content_Length=str(len(content)), Content_Encoding="gzip")
        self.wfile.write(content)

    def _mute(self, _: str) -> None: ...

    def _give(self, content: bytes) -> None:
        self._head(200, Content_Length=str(len(content)))
        self.wfile.write(content)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _without_end(self, pause: float, piece: bytes) -> None:
        self._head(200)
        try:
            while not self.server.ended.wait(pause):
                self.wfile.write(piece)
        except OSError:
            return

    def log_message(self, *args: object) -> None: ...


@contextmanager
def web_server(files: Mapping[str, bytes]) -> Iterator[str]:
    """Its address, without a path.

    Besides the files, by their paths: `/to?URL` redirects there, `/loop` to itself, `/nowhere` to nothing. `/endless`
    never ends, `/drip` sends a byte now and then, `/short` less than it says, `/long` says more than anybody takes,
    `/zipped` compresses though nobody wished it, `/mute` closes without a word.
    """
    server = WebServer(files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
