"""Sliders and pose on the command line: what to change in a face, or in the motion that it makes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from client.calls import FaceMotion
from client.command import per_face, rendering
from client.command.errors import CommandError
from client.command.per_face import FaceFlag, FaceFlags

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
    "zoom": "factor; 1.1 brings the head nearer",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of all sliders."""
    expression = parser.add_argument_group(
        "expression", "Sliders from -1 to 1, most of them from 0; they are added to what is there already."
    )
    for flag, names in SHORTHANDS.items():
        expression.add_argument(f"--{flag}", action=FaceFlag, type=float, metavar="N", help=", ".join(names))
    expression.add_argument(
        "--set",
        action=FaceFlag,
        repeated=True,
        metavar="NAME=N",
        dest="assignments",
        help="any slider of `portrait sliders`; may be repeated",
    )
    pose = parser.add_argument_group("pose", "Added to the pose of the head that is there already.")
    for axis, meaning in POSE.items():
        pose.add_argument(f"--{axis}", action=FaceFlag, type=float, metavar="N", help=meaning)
    parser.add_argument(
        "--controls",
        action=FaceFlag,
        type=Path,
        metavar="FILE",
        help="JSON file with the API's `controls`, such as keyframes (docs/api.md); flags go on top",
    )


def requested(given: argparse.Namespace, *, absolute: bool = False) -> dict[str, Any]:
    """The API's `controls`, or its `faces` where several are named. Raises CommandError, OSError."""
    for_all, *each = per_face.flags_of(given)
    if per_face.several(given):
        return {"faces": _faces(for_all, each, absolute=absolute)}
    return {"controls": _merged(*map(_controls, (for_all, *each)), _mode(absolute=absolute))}


def _faces(for_all: FaceFlags, each: Sequence[FaceFlags], *, absolute: bool) -> list[FaceMotion]:
    if "driver" in for_all.values:
        raise CommandError("--driver is for one face: write it after the --face that it is for")
    found: list[FaceMotion] = []
    for flags in each:
        if not isinstance(flags.face, int):
            raise CommandError(f"of several faces each needs its number, such as --face 0, not {flags.face!r}")
        wanted = _merged(_controls(for_all), _controls(flags), _mode(absolute=absolute))
        face = FaceMotion(face=flags.face, controls=wanted)
        if "driver" in flags.values:
            face["driver"] = flags.values["driver"]
        found.append(face)
    return found


def _mode(*, absolute: bool) -> dict[str, Any]:
    return {"mode": "absolute"} if absolute else {}


def _controls(flags: FaceFlags) -> dict[str, Any]:
    values = flags.values
    expression = rendering.numbers(values.get("assignments"), "--set")
    for flag, names in SHORTHANDS.items():
        for name in names if flag.replace("-", "_") in values else ():
            if name in expression:
                raise CommandError(f"{name} is given twice, by --{flag} and by --set; give it once")
            expression[name] = values[flag.replace("-", "_")]
    pose = {axis: values[axis] for axis in POSE if axis in values}
    written = _read(values["controls"]) if "controls" in values else {}
    return _merged(written, {field: found for field, found in (("expression", expression), ("pose", pose)) if found})


def _merged(*controls: Mapping[str, Any]) -> dict[str, Any]:
    """Later ones go on top of earlier ones; expression and pose, slider by slider."""
    merged: dict[str, Any] = {}
    for one in controls:
        for name, value in one.items():
            both = isinstance(value, dict) and isinstance(merged.get(name), dict)
            merged[name] = merged[name] | value if both else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{path} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise CommandError(f'{path} has to hold a JSON object, such as {{"expression": {{"mouthSmile": 0.7}}}}')
    return document
