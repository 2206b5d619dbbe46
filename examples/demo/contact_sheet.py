"""Two public-domain portraits, what is done to them, and the contact sheet that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont
from skimage import data

TILE = 192
CAPTION = 28
COLUMNS = 4

EDITS: dict[str, dict[str, dict[str, float]]] = {
    "smile": {"expression": {"mouthSmile": 0.8, "cheekSquint": 0.4}},
    "mouth open": {"expression": {"jawOpen": 0.6}},
    "eyes closed": {"expression": {"eyeBlink": 1.0}},
    "brows up": {"expression": {"browInnerUp": 0.8, "browOuterUp": 0.8}},
    "turn left": {"pose": {"yaw": -15}},
    "turn right": {"pose": {"yaw": 15}},
    "look up": {"pose": {"pitch": 12}},
    "tilt": {"pose": {"roll": 15}},
}


@dataclass(frozen=True)
class Portrait:
    """A photo and the square of it, left, top, right, bottom in pixels, that the contact sheet shows."""

    name: str
    photo: Image.Image
    head: tuple[int, int, int, int]


def portraits() -> list[Portrait]:
    """Photographs by the US government, and so in the public domain."""
    hopper = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
    return [
        Portrait("Eileen Collins", Image.fromarray(data.astronaut()), (122, 5, 338, 221)),
        Portrait("Grace Hopper", Image.open(hopper).convert("RGB"), (122, 42, 418, 338)),
    ]


def contact_sheet(rows: list[tuple[Portrait, list[Image.Image]]]) -> Image.Image:
    """A block a portrait: the photo, large, then every edit with its caption, all cut to the head."""
    lines = -(-len(EDITS) // COLUMNS)
    block = lines * (TILE + CAPTION)
    photo_side = block - CAPTION
    sheet = Image.new("RGB", (photo_side + COLUMNS * TILE, block * len(rows)), "white")
    for row, (portrait, edited) in enumerate(rows):
        place(sheet, portrait.photo, portrait, portrait.name, (0, row * block), photo_side)
        for index, (caption, picture) in enumerate(zip(EDITS, edited, strict=True)):
            line, column = divmod(index, COLUMNS)
            corner = (photo_side + column * TILE, row * block + line * (TILE + CAPTION))
            place(sheet, picture, portrait, caption, corner, TILE)
    return sheet


def place(
    sheet: Image.Image, picture: Image.Image, portrait: Portrait, caption: str, corner: tuple[int, int], side: int
) -> None:
    """Draw the head of a picture, `side` pixels square, under its caption."""
    x, y = corner
    font = ImageFont.load_default(16)
    ImageDraw.Draw(sheet).text((x + side / 2, y + CAPTION / 2), caption, fill="black", font=font, anchor="mm")
    sheet.paste(picture.crop(portrait.head).resize((side, side), Image.Resampling.LANCZOS), (x, y + CAPTION))
