"""More clients than the service can serve: every kind of job, photos that nobody sent before, and some that hang up."""

from __future__ import annotations

import io
import json
import random
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
from PIL import Image
from websockets.sync.client import connect

WAIT_S = 200.0
SMALL = json.dumps({"output": {"size": 256}, "paste_back": False})
_EDITORS = 6


class Clients:
    """Keep the service full until they are told to stop.

    Args:
        url: of the service.
        face: a photo, uint8 [height, width, 3].

    Attributes:
        ends: how often a job of each kind ended so: `edit succeeded`, `edit failed: CODE`, `edit refused: CODE`.
        faults: answers that must not be.
    """

    def __init__(self, url: str, face: np.ndarray, seed: int) -> None:
        self.url, self.ends, self.faults = url, Counter[str](), list[str]()
        self._face, self._ended = face, threading.Event()
        kinds = _EDITORS * [self._edit] + [self._clip, self._reenact, self._talk, self._look, self._batch, self._live]
        self._threads = [
            threading.Thread(target=self._go_on, args=(kind, random.Random(f"{seed} {number}")))
            for number, kind in enumerate(kinds)
        ]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(2 * WAIT_S)
            assert not thread.is_alive(), "a client hangs"

    def _go_on(self, kind: Callable[[httpx.Client, random.Random], None], rng: random.Random) -> None:
        with httpx.Client(base_url=self.url, timeout=WAIT_S) as http:
            while not self._ended.is_set():
                try:
                    kind(http, rng)
                except Exception as error:  # noqa: BLE001 - whatever it was, the test is to show it
                    self.faults.append(f"{kind.__name__}: {error!r}")

    def _photo(self, rng: random.Random) -> bytes:
        """A photo that no client has sent: other noise, another size."""
        side = rng.choice((256, 400, 512, 512, 900))
        pixels = np.asarray(Image.fromarray(self._face).resize((side, side)))
        noise = np.random.default_rng(rng.getrandbits(32)).integers(-4, 5, pixels.shape)
        file = io.BytesIO()
        Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
        return file.getvalue()

    def _edit(self, http: httpx.Client, rng: random.Random) -> None:
        files, output = {"source": ("a.jpg", self._photo(rng))}, {"format": rng.choice(("png", "jpeg", "webp"))}
        for _ in range(rng.randint(1, 4)):  # as people do: one photo, several wishes
            data = {"controls": _controls(rng), "options": json.dumps({"output": output})}
            self._sent("edit", http, rng, "/edit", files=files, data=data)

    def _clip(self, http: httpx.Client, rng: random.Random) -> None:
        frames = [{"time": 0, "expression": {}}, {"time": 1, "expression": {"jawOpen": rng.random()}}]
        data = {"controls": json.dumps({"keyframes": frames}), "options": SMALL}
        self._sent("clip", http, rng, "/edit", files={"source": ("a.jpg", self._photo(rng))}, data=data)

    def _reenact(self, http: httpx.Client, rng: random.Random) -> None:
        data = {"driver_id": rng.choice(("nod", "shake")), "options": SMALL}
        self._sent("reenact", http, rng, "/reenact", files={"source": ("a.jpg", self._photo(rng))}, data=data)

    def _talk(self, http: httpx.Client, rng: random.Random) -> None:
        data = {"options": json.dumps(json.loads(SMALL) | {"idle": 1, "seed": rng.randrange(1000)})}
        self._sent("talk", http, rng, "/talk", files={"source": ("a.jpg", self._photo(rng))}, data=data)

    def _look(self, http: httpx.Client, rng: random.Random) -> None:
        for route in ("/faces", "/extract"):
            self._sent(route[1:], http, rng, route, files={"source": ("a.jpg", self._photo(rng))})

    def _batch(self, http: httpx.Client, rng: random.Random) -> None:
        photo = http.post("/sources", files={"source": ("a.jpg", self._photo(rng))}).json()["id"]
        edits = [{"source_id": photo, "controls": json.loads(_controls(rng))} for _ in range(4)]
        batch = http.post("/batches", json={"edits": edits})
        if batch.status_code != 202:
            self._refused("batch", batch)
            return
        deadline = time.monotonic() + 2 * WAIT_S
        while (state := http.get(f"/batches/{batch.json()['id']}").json())["status"] != "completed":
            assert time.monotonic() < deadline, f"a batch hangs: {state}"
            time.sleep(0.5)
        self.ends["batch completed"] += 1

    def _live(self, http: httpx.Client, rng: random.Random) -> None:
        photo = http.post("/sources", files={"source": ("a.jpg", self._photo(rng))}).json()["id"]
        with connect(self.url.replace("http", "ws", 1) + "/live") as socket:
            socket.recv(WAIT_S)
            for seq in range(40):
                wish = {"type": "wish", "seq": seq, "source_id": photo, "controls": json.loads(_controls(rng))}
                socket.send(json.dumps(wish | {"output": {"size": 256}}))
                time.sleep(0.05)
            while True:
                message = socket.recv(WAIT_S)
                if isinstance(message, str):
                    self.ends[f"live refused: {json.loads(message)['problem']['code']}"] += 1
                    return
                header = json.loads(message[4 : 4 + struct.unpack(">I", message[:4])[0]])
                if header["seq"] == 39:
                    break
        self.ends["live succeeded"] += 1

    def _sent(self, kind: str, http: httpx.Client, rng: random.Random, path: str, **content: Any) -> None:
        """Send a request; wait for its end, take it back, or hang up."""
        answer = http.post(path, **content)
        if answer.status_code != 202:
            self._refused(kind, answer)
            time.sleep(0.2)
            return
        job = answer.json()
        if rng.random() < 0.1:
            http.delete(f"/jobs/{job['id']}")
        deadline = time.monotonic() + WAIT_S
        while job["status"] in ("queued", "running"):
            assert time.monotonic() < deadline, f"a job hangs: {job}"
            time.sleep(0.2)
            job = http.get(f"/jobs/{job['id']}").json()
        self.ends[f"{kind} {job['status']}" + (f": {job['error']['code']}" if job["error"] else "")] += 1
        if job["status"] == "succeeded" and job["result"]["url"]:
            http.get(job["result"]["url"]).raise_for_status()

    def _refused(self, kind: str, answer: httpx.Response) -> None:
        """Only for want of room."""
        if answer.status_code not in (429, 503):
            self.faults.append(f"{kind}: {answer.status_code} {answer.text[:600]}")
            return
        self.ends[f"{kind} refused: {answer.json()['code']}"] += 1


def _controls(rng: random.Random) -> str:
    """Sliders as people set them."""
    names = ("jawOpen", "eyeBlinkLeft", "mouthSmileLeft", "browInnerUp")
    return json.dumps(
        {"expression": {name: round(rng.random(), 2) for name in names}, "pose": {"yaw": rng.randint(-15, 15)}}
    )
