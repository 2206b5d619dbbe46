"""Sliders and pose on the command line: what to change in a face, or in the motion that it makes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from client.command import rendering
from client.command.errors import CommandError

SHORTHANDS: dict[str, tuple[str, ...]] = {
    "smile": ("mouthSmile",),
    "frown": ("mouthFrown",),
    "mouth-open": ("jawOpen",),
    "pucker": ("mouthPucker",),
    "blink": ("eyeBlink",),
    "wink-left": ("eyeBlinkLeft",),
    "wink-right": ("eyeBlinkRight",),
    "squint": ("eyeSquint",),
    "eyes-wide": ("eyeWide",),
    "brows-up": ("browInnerUp", "browOuterUp"),
    "brows-down": ("browDown",),
    "puff": ("cheekPuff",),
    "sneer": ("noseSneer",),
}
"""Flags of the sliders that are used most, and what each sets; --set reaches all of them."""

POSE = {
    "yaw": "degrees; + turns the nose to the picture's right",
    "pitch": "degrees; + lifts the nose",
    "roll": "degrees; + tilts the head clockwise in the picture",
    "x": "fraction of the crop; + is right",
    "y": "fraction of the crop; + is down",
    "zoom": "factor",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of all sliders."""
    expression = parser.add_argument_group("expression", "values from -1 to 1, added to what the photo shows")
    for flag, names in SHORTHANDS.items():
        expression.add_argument(f"--{flag}", type=float, metavar="N", help=", ".join(names))
    expression.add_argument(
        "--set", action="append", metavar="NAME=N", dest="assignments", help="any slider of `portrait sliders`"
    )
    pose = parser.add_argument_group("pose")
    for axis, meaning in POSE.items():
        pose.add_argument(f"--{axis}", type=float, metavar="N", help=meaning)
    parser.add_argument(
        "--controls",
        type=Path,
        metavar="FILE",
        help="the API's `controls` as JSON, such as keyframes; flags go on top",
    )


def requested(given: argparse.Namespace, *, absolute: bool = False) -> dict[str, Any]:
    """The API's `controls` that these arguments ask for. Raises CommandError, OSError."""
    wanted = {} if given.controls is None else _read(given.controls)
    expression = rendering.numbers(given.assignments, "--set")
    for flag, names in SHORTHANDS.items():
        value = getattr(given, flag.replace("-", "_"))
        for name in names if value is not None else ():
            if name in expression:
                raise CommandError(f"{name} is given twice, by --{flag} and by --set; give it once")
            expression[name] = value
    pose = {axis: value for axis in POSE if (value := getattr(given, axis)) is not None}
    for field, values in (("expression", expression), ("pose", pose)):
        if values:
            wanted[field] = wanted.get(field, {}) | values
    return wanted | ({"mode": "absolute"} if absolute else {})


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise CommandError(f'{path} has to hold a JSON object, such as {{"expression": {{"mouthSmile": 0.7}}}}')
    return document
