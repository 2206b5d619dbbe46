"""Sliders over a WebSocket, pictures back, by the real worker."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from websockets.sync.client import ClientConnection, connect

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]  # on a busy machine


@pytest.fixture
def source(http: httpx.Client, photo: dict[str, Any]) -> str:
    return str(http.post("/sources", files=photo).json()["id"])


@pytest.fixture
def socket(http: httpx.Client) -> Iterator[ClientConnection]:
    with connect(f"ws://{http.base_url.host}:{http.base_url.port}/v1/live") as socket:
        assert json.loads(socket.recv(30))["type"] == "ready"
        yield socket


def wish(socket: ClientConnection, seq: int, source: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": "wish", "seq": seq, "source_id": source, **fields}))


def preview(socket: ClientConnection) -> tuple[dict[str, Any], np.ndarray]:
    """The next preview's header and pixels."""
    message = socket.recv(120)
    assert isinstance(message, bytes), message
    (length,) = struct.unpack(">I", message[:4])
    with Image.open(io.BytesIO(message[4 + length :])) as shown:
        return json.loads(message[4 : 4 + length]), np.asarray(shown.convert("RGB")).astype(int)


def test_a_drag_ends_with_the_picture_of_its_last_wish(
    socket: ClientConnection, source: str, astronaut: np.ndarray
) -> None:
    small = np.asarray(Image.fromarray(astronaut).resize((256, 256), Image.Resampling.BICUBIC)).astype(int)
    seen = []
    for seq in range(20):
        wish(socket, seq, source, controls={"expression": {"jawOpen": seq / 19}}, output={"size": 256})
    while not seen or seen[-1][0]["seq"] < 19:
        seen.append(preview(socket))
    numbers = [header["seq"] for header, _ in seen]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 20, "some were overtaken"
    header, open_mouth = seen[-1]
    assert (header["media_type"], header["width"], header["height"]) == ("image/jpeg", 256, 256)
    wish(socket, 20, source, output={"size": 256})
    _, unchanged = preview(socket)
    assert np.abs(unchanged - small).mean() < 3, "nothing requested, nothing changed but the size"
    assert np.abs(open_mouth - unchanged).max() > 60
    changed = np.abs(open_mouth - unchanged).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert rows.max() < 200, "the mouth is in the upper half of the picture"
    assert columns.min() > 25


def test_the_crop_comes_as_large_as_it_is_wished(socket: ClientConnection, source: str) -> None:
    wish(socket, 1, source, paste_back=False, output={"size": 128, "format": "webp"})
    header, shown = preview(socket)
    assert (header["media_type"], shown.shape) == ("image/webp", (128, 128, 3))


def test_a_large_photo_is_shown_as_its_edit_is(
    http: httpx.Client, socket: ClientConnection, astronaut: np.ndarray
) -> None:
    """The worker keeps what it has prepared of a photo; the small one has its own."""
    file = io.BytesIO()
    Image.fromarray(astronaut).resize((900, 900), Image.Resampling.BICUBIC).save(file, "PNG")
    source = http.post("/sources", files={"source": ("large.png", file.getvalue(), "image/png")}).json()["id"]
    controls = {"expression": {"jawOpen": 0.7}}
    headers = {"Prefer": "wait=60", "Accept": "image/png"}
    edited = http.post("/edit", json={"source_id": source, "controls": controls}, headers=headers)
    with Image.open(io.BytesIO(edited.content)) as large:
        expected = np.asarray(large.convert("RGB").resize((300, 300), Image.Resampling.BICUBIC)).astype(int)
    for seq in range(2):
        wish(socket, seq, source, controls=controls, output={"size": 300})
        _, shown = preview(socket)
        assert shown.shape == (300, 300, 3)
        assert np.abs(shown - expected).mean() < 3
