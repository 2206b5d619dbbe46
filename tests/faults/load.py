"""Clients that keep a service busy while faults happen to it, and remember what they were promised."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field

import httpx
import numpy as np

_GIVE_UP_S = 60.0
_PAUSE_S = 0.05
_LIVE_EVERY_S = 0.05


@dataclass
class Load:
    """Sends edits until it is told to stop; each with a key of its own, and again until it is answered.

    Attributes:
        accepted: ids of the jobs that were promised.
        refused: codes of what was not.
        live_s: seconds that GET /health/live took, whenever there was an API to answer.
    """

    url: str
    photos: list[bytes]
    seed: int
    accepted: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    live_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            *(threading.Thread(target=self._edit, args=(client,)) for client in range(3)),
            threading.Thread(target=self._break_off),
            threading.Thread(target=self._watch),
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(_GIVE_UP_S + 30)
            assert not thread.is_alive(), "a client hangs"

    def flood(self, count: int) -> None:
        """Many edits at once."""
        rng = random.Random(count)
        threads = [threading.Thread(target=self._send, args=(rng.choice(self.photos), 0.1)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_GIVE_UP_S + 30)

    def slowest_live(self) -> float:
        """The 99th percentile of `live_s`."""
        return float(np.percentile(self.live_s, 99))

    def _edit(self, client: int) -> None:
        rng = random.Random(self.seed * 100 + client)
        while not self._ended.is_set():
            job = self._send(rng.choice(self.photos), rng.choice([0, 0.2, 0.5]))
            if job is not None and rng.random() < 0.1:
                self._request("DELETE", f"/jobs/{job}")
            time.sleep(rng.uniform(0.05, 0.3))

    def _send(self, photo: bytes, effort: float) -> str | None:
        """Send an edit whose frame takes 0.2 s times `effort`, until there is an answer. Returns the job's id."""
        answer = self._request(
            "POST",
            "/edit",
            files={"source": ("a.jpg", photo, "image/jpeg")},
            data={"controls": json.dumps({"expression": {"mouthFunnel": effort}})},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        if answer is None:
            return None
        body = answer.json()
        with self._lock:
            if answer.status_code == 202:
                self.accepted.add(body["id"])
                return str(body["id"])
            self.refused.append(body["code"])
        return None

    def _request(self, method: str, path: str, **content: object) -> httpx.Response | None:
        """An answer that is no "come again"; None when there is none within a minute."""
        deadline = time.monotonic() + _GIVE_UP_S
        while time.monotonic() < deadline:
            try:
                answer = httpx.request(method, self.url + path, timeout=20, **content)  # type: ignore[arg-type]
            except httpx.TransportError:
                time.sleep(_PAUSE_S)
                continue
            if answer.status_code not in (429, 503):
                return answer
            time.sleep(_PAUSE_S)
        return None

    def _break_off(self) -> None:
        """Uploads that stop in the middle: some hang up, some just wait."""
        rng = random.Random(self.seed)
        head = b"POST /edit HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n"
        host, port = self.url.removeprefix("http://").split(":")
        held: list[socket.socket] = []
        while not self._ended.wait(rng.uniform(0.1, 0.4)):
            try:
                connection = socket.create_connection((host, int(port)), timeout=2)
                connection.sendall(head + b'{"source": "' + b"A" * rng.randrange(50_000))
            except OSError:
                continue
            held.append(connection)
            if len(held) > 5 or rng.random() < 0.5:
                held.pop(0).close()
        for connection in held:
            connection.close()

    def _watch(self) -> None:
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while not self._ended.wait(_LIVE_EVERY_S):
                began = time.monotonic()
                try:
                    client.get("/health/live")
                except httpx.TransportError:
                    continue
                self.live_s.append(time.monotonic() - began)
