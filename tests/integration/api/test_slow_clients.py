"""Connections that stand still are ended, slow ones that move are served: real sockets to the real server."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.integration.api.conftest import ActedWorker, ApiProcess, alone, api_process, serving

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

HEADER_S, BODY_S, RATE = 0.8, 1.0, 2000
FORM = b"Content-Type: multipart/form-data; boundary=b\r\n"
UPLOAD = b"POST /sources HTTP/1.1\r\nHost: x\r\n" + FORM + b"Content-Length: 100000\r\n\r\n"


@pytest.fixture(scope="module")
def process(settings: ApiSettings) -> Iterator[ApiProcess]:
    """An impatient API."""
    times = {"HEADER_TIMEOUT_S": HEADER_S, "BODY_TIMEOUT_S": BODY_S, "MIN_BODY_RATE": RATE}
    with api_process(settings, **{f"PORTRAIT_{name}": str(value) for name, value in times.items()}) as process:
        yield process


def connect(process: ApiProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", process.port), timeout=20)


def everything(sock: socket.socket) -> bytes:
    """What the server says until it ends the connection."""
    received = b""
    with sock:
        while piece := sock.recv(65536):
            received += piece
    return received


def drip(sock: socket.socket, piece: bytes, pause_s: float) -> bytes:
    """Send a piece again and again, until the server answers. Returns what it says until it ends the connection."""
    sock.settimeout(pause_s)
    for _ in range(100):
        sock.sendall(piece)
        try:
            first = sock.recv(65536)
        except TimeoutError:
            continue
        sock.settimeout(20)
        return first + everything(sock)
    raise AssertionError("the server is endlessly patient")


BEGINNINGS = {
    "nothing": (b"", None),
    "half a request line": (b"GET /hea", b"request_timeout"),
    "half the headers": (b"GET /health/live HTTP/1.1\r\nHost: x\r\n", b"request_timeout"),
    "no body": (UPLOAD, b"request_timeout"),
    "half a body": (UPLOAD + b"--b\r\n", b"request_timeout"),
}


def test_300_half_open_connections_are_ended(process: ApiProcess, worker: ActedWorker) -> None:
    opened = [(connect(process), beginning) for beginning in list(BEGINNINGS.values()) * 60]
    for sock, (beginning, _) in opened:
        sock.sendall(beginning)
    began = time.monotonic()
    for sock, (_, code) in opened:
        received = everything(sock)
        if code is None:
            assert received == b""
        else:
            assert received.startswith(b"HTTP/1.1 408 ")
            assert b"content-type: application/problem+json" in received
            assert code in received
    assert time.monotonic() - began < 15
    assert process.http.get("/health/live").status_code == 200


def test_more_bytes_buy_headers_no_time(process: ApiProcess) -> None:
    sock = connect(process)
    sock.sendall(b"GET /health/live HTTP/1.1\r\n")
    assert b" 408 " in drip(sock, b"X-Filler: 1\r\n", pause_s=0.1)


def test_a_second_request_has_its_time_too(process: ApiProcess) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with connect(process) as sock:
        for _ in range(3):  # idle for longer than headers may take, but for less than connections are kept
            sock.sendall(request)
            received = b""
            while not received.endswith(b"}"):
                received += sock.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")
            time.sleep(HEADER_S * 1.5)
        sock.sendall(request[:10])
        assert b" 408 " in everything(sock)


def test_a_body_that_drips_is_given_up(process: ApiProcess, worker: ActedWorker) -> None:
    sock = connect(process)
    sock.sendall(UPLOAD + b'--b\r\nContent-Disposition: form-data; name="source"; filename="a.jpg"\r\n\r\n')
    received = drip(sock, b"x", pause_s=0.1)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in received


def test_a_slow_upload_that_moves_is_served(process: ApiProcess, worker: ActedWorker, photo: dict[str, Any]) -> None:
    request = httpx.Request("POST", process.http.base_url.join("/sources"), files=photo)
    body = request.read()
    head = f"POST /sources HTTP/1.1\r\nHost: x\r\nContent-Type: {request.headers['content-type']}\r\n"
    with connect(process) as sock:
        sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        for part in range(10):
            time.sleep(0.25)  # all in all more than a body may stand still
            sock.sendall(body[part * len(body) // 10 : (part + 1) * len(body) // 10])
        assert sock.recv(65536).startswith(b"HTTP/1.1 201")


def test_a_long_answer_outlives_all_times(process: ApiProcess, worker: ActedWorker, photo: dict[str, Any]) -> None:
    location = process.http.post("/edit", files=photo).headers["location"]
    with process.http.stream("GET", f"{location}/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: progress"
        time.sleep(HEADER_S + BODY_S + 0.5)
        worker.store.cancel(location.rpartition("/")[2])
        assert "event: done" in list(lines)


def test_who_does_not_take_the_answer_loses_it(
    settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    hasty = alone(settings, body_timeout_s=0.5, min_body_rate=10_000_000)
    with serving(hasty) as (server, api), socket.socket() as sock:
        location = api.post("/edit", files=photo).headers["location"]
        worker.succeed(worker.claim(), bytes(16 * 2**20))
        before = len(server.server_state.connections)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.connect(("127.0.0.1", hasty.port))
        sock.sendall(f"GET {location}/result HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert sock.recv(15).startswith(b"HTTP/1.1 200")
        assert len(server.server_state.connections) == before + 1
        deadline = time.monotonic() + 15
        while len(server.server_state.connections) > before:
            assert time.monotonic() < deadline, "the answer waits for ever"
            time.sleep(0.05)
        assert len(api.get(f"{location}/result").content) == 16 * 2**20, "who takes it gets it"
