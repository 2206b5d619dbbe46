"""What the demo asks of the service, as functions: pictures and options in, media out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from client import PortraitClient


def edit(service: PortraitClient, photo: Image.Image, controls: Mapping[str, Any]) -> Image.Image:
    """The photo with other sliders."""
    picture = service.result(service.edit(png(photo), controls=controls))
    return Image.open(io.BytesIO(picture)).convert("RGB")


def perform(service: PortraitClient, photo: Image.Image, keyframes: Sequence[Mapping[str, Any]], fps: int) -> bytes:
    """An MP4 of a photo brought to life by keyframes."""
    output = {"output": {"format": "mp4", "fps": fps}}
    return service.result(service.edit(png(photo), controls={"keyframes": keyframes}, options=output))


def reenact(service: PortraitClient, driver: bytes, portrait: Image.Image) -> bytes:
    """An MP4 of the portrait doing what the driving video shows."""
    return service.result(service.reenact(png(portrait), driver))


def talk(service: PortraitClient, speech: bytes, portrait: Image.Image, seed: int) -> bytes:
    """An MP4 of the portrait saying what is heard."""
    return service.result(service.talk(png(portrait), speech, options={"seed": seed}))


def png(photo: Image.Image) -> bytes:
    """The photo as a file."""
    file = io.BytesIO()
    photo.save(file, "png")
    return file.getvalue()
