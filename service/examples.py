"""Example bodies and answers that GET /docs shows."""

import base64
from collections.abc import Mapping
from typing import Any

# The id that POST /sources answered with; `source` would take the file itself in base64. The files below are cut off
# after their first bytes.
_SOURCE = {"source_id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
_MP4 = base64.b64encode(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41").decode()
_WAV = base64.b64encode(b"RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0").decode()
_DOCUMENT = base64.b64encode(b'{"space": "arkit", "frames": [').decode()

EDIT_EXAMPLES: Mapping[str, Any] = {
    "smile": {
        "summary": "A smile, the head turned a little",
        "value": _SOURCE | {"controls": {"expression": {"mouthSmile": 0.7, "jawOpen": 0.1}, "pose": {"yaw": 10}}},
    },
    "wink": {
        "summary": "A wink of the left eye, as WebP",
        "value": _SOURCE
        | {
            "controls": {"mode": "absolute", "expression": {"eyeBlinkLeft": 1}},
            "options": {"output": {"format": "webp"}},
        },
    },
    "clip": {
        "summary": "A clip that turns into a smile",
        "value": _SOURCE
        | {
            "controls": {
                "keyframes": [{"time": 0}, {"time": 1.2, "expression": {"mouthSmile": 1}, "pose": {"yaw": -15}}]
            }
        },
    },
}

_BUNDLE = {
    "name": "default",
    "version": "9",
    "digest": "aa6b17d41ce4c156f7f456fb084ea7564e54cb50834f23faf6a0a02c827e205d",
}

SLIDERS_EXAMPLE = {
    "space": "arkit",
    "bundle": _BUNDLE,
    "coefficients": 59,
    "expression": [
        {
            "name": "jawOpen",
            "index": 26,
            "group": "jaw",
            "side": None,
            "min": 0.0,
            "max": 1.0,
            "description": "Drops the lower jaw and opens the mouth.",
            "weakly_observed": False,
        }
    ],
    "shorthands": {"mouthSmile": ["mouthSmileLeft", "mouthSmileRight"]},
    "pose": [{"name": "yaw", "unit": "degrees", "min": -45, "max": 45}],
    "presets": {
        "smile": {"mode": "relative", "expression": {"mouthSmile": 0.7, "cheekSquint": 0.3, "eyeSquint": 0.2}},
    },
}

EXTRACT_EXAMPLES: Mapping[str, Any] = {
    "photo": {"summary": "What a photo shows", "value": _SOURCE},
    "video": {
        "summary": "Every frame of a video, smoothed over time",
        "value": {"source": _MP4, "options": {"smoothing": 0.5}},
    },
}

_DRIVER = _SOURCE | {"driver": _MP4}

REENACT_EXAMPLES: Mapping[str, Any] = {
    "talking head": {
        "summary": "All of the driver's motion, added to the photo's own expression and pose",
        "value": _DRIVER,
    },
    "mouth only": {
        "summary": "The driver's mouth alone, a little exaggerated, as WebM",
        "value": _DRIVER
        | {"options": {"region": "mouth", "gains": {"mouth": 1.2}, "smoothing": 0.3, "output": {"format": "webm"}}},
    },
    "clip that smiles": {
        "summary": "A video as the source: what the driver's one frame shows is added to every frame",
        "value": {
            "source": _MP4,
            "driver": _DOCUMENT,
            "options": {"region": "expression"},
        },
    },
    "copy": {
        "summary": "The driver's face and pose as they are, cut to the crop",
        "value": _DRIVER | {"options": {"mode": "absolute", "paste_back": False, "output": {"size": 512, "fps": 25}}},
    },
}

_SPEECH = _SOURCE | {"audio": _WAV}

TALK_EXAMPLES: Mapping[str, Any] = {
    "talk": {"summary": "The photo says what is heard; the motion is another one every time", "value": _SPEECH},
    "choice": {
        "summary": "Three motions to choose from, repeatable, with a calm head",
        "value": _SPEECH | {"options": {"seed": 7, "samples": 3, "gains": {"head": 0.5}}},
    },
    "own head": {
        "summary": "Head poses of your own: a document of /extract, or a video in base64",
        "value": _SPEECH | {"pose": _DOCUMENT, "options": {"output": {"format": "webm"}}},
    },
}
