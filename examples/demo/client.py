"""The service's routes as functions: pictures and options in, media out."""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

import httpx
from PIL import Image


class NoSpeechModelError(Exception):
    """The service's bundle cannot make portraits talk."""


def ask(client: httpx.Client, route: str, files: dict[str, bytes], fields: dict[str, Any], accept: str) -> bytes:
    """One POST that waits for its media, and asks again for what takes longer. Raises NoSpeechModelError."""
    response = client.post(
        route,
        files=files,
        data={name: json.dumps(value) for name, value in fields.items()},
        headers={"Accept": accept, "Prefer": "wait=60"},
    )
    result = f"{response.headers.get('Location')}/result"
    while response.status_code in (httpx.codes.ACCEPTED, httpx.codes.CONFLICT):  # not finished yet
        time.sleep(float(response.headers["Retry-After"]))
        response = client.get(result)
    if response.status_code == httpx.codes.NOT_IMPLEMENTED:
        raise NoSpeechModelError
    if response.status_code != httpx.codes.OK:
        sys.exit(f"POST {route} answered {response.status_code}: {response.text}")
    return response.content


def edit(client: httpx.Client, photo: Image.Image, controls: dict[str, dict[str, float]]) -> Image.Image:
    """The photo with other sliders."""
    picture = ask(client, "/edit", {"source": png(photo)}, {"controls": controls}, "image/png")
    return Image.open(io.BytesIO(picture)).convert("RGB")


def perform(client: httpx.Client, photo: Image.Image, keyframes: list[dict[str, Any]], fps: int) -> bytes:
    """An MP4 of a photo brought to life by keyframes."""
    fields = {"controls": {"keyframes": keyframes}, "options": {"output": {"format": "mp4", "fps": fps}}}
    return ask(client, "/edit", {"source": png(photo)}, fields, "video/mp4")


def reenact(client: httpx.Client, driver: bytes, portrait: Image.Image) -> bytes:
    """An MP4 of the portrait doing what the driving video shows."""
    return ask(client, "/reenact", {"source": png(portrait), "driver": driver}, {}, "video/mp4")


def talk(client: httpx.Client, speech: bytes, portrait: Image.Image, seed: int) -> bytes:
    """An MP4 of the portrait saying what is heard. Raises NoSpeechModelError."""
    return ask(client, "/talk", {"source": png(portrait), "audio": speech}, {"options": {"seed": seed}}, "video/mp4")


def png(photo: Image.Image) -> bytes:
    file = io.BytesIO()
    photo.save(file, "png")
    return file.getvalue()
