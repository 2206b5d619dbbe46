"""Example bodies and answers that GET /docs shows."""

from collections.abc import Mapping
from typing import Any

_SOURCE = {"source_id": "the id that POST /sources answered with; or source, with the photo in base64"}

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
    "version": "8",
    "digest": "404b9706b2f9d2bc275c7e99bf6ade1148594fff45e48e1039145ed71050278f",
}

SLIDERS_EXAMPLE = {
    "space": "arkit",
    "bundle": _BUNDLE,
    "coefficients": 59,
    "expression": [
        {
            "name": "jawOpen",
            "index": 24,
            "group": "jaw",
            "side": None,
            "min": 0.0,
            "max": 1.0,
            "description": "Opens the mouth by lowering the jaw.",
            "weakly_observed": False,
        }
    ],
    "shorthands": {"mouthSmile": ["mouthSmileLeft", "mouthSmileRight"]},
    "pose": [{"name": "yaw", "unit": "degree", "min": -45, "max": 45}],
    "presets": {"smile": {"expression": {"mouthSmile": 0.7}}},
}

EXTRACT_EXAMPLES: Mapping[str, Any] = {
    "photo": {"summary": "What a photo shows", "value": _SOURCE},
    "video": {
        "summary": "Every frame of a video, smoothed over time",
        "value": {"source": "the video in base64", "options": {"smoothing": 0.5}},
    },
}

_DRIVER = _SOURCE | {"driver": "the video, picture or document of /extract in base64"}

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
            "source": "the video in base64",
            "driver": "a photo of a smile, or its document of /extract, in base64",
            "options": {"region": "expression"},
        },
    },
    "copy": {
        "summary": "The driver's face and pose as they are, cut to the crop",
        "value": _DRIVER | {"options": {"mode": "absolute", "paste_back": False, "output": {"size": 512, "fps": 25}}},
    },
}

_SPEECH = _SOURCE | {"audio": "the speech in base64"}

TALK_EXAMPLES: Mapping[str, Any] = {
    "talk": {"summary": "The photo says what is heard; the motion is another one every time", "value": _SPEECH},
    "choice": {
        "summary": "Three motions to choose from, repeatable, with a calm head",
        "value": _SPEECH | {"options": {"seed": 7, "samples": 3, "gains": {"head": 0.5}}},
    },
    "own head": {
        "summary": "Head poses of your own: a document of /extract, or a video in base64",
        "value": _SPEECH | {"pose": "the document or video in base64", "options": {"output": {"format": "webm"}}},
    },
}
