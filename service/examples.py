"""Examples of answers that GET /docs shows. Those of bodies stand with the kinds of jobs."""

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

_GOOD = {"verdict": "good", "reasons": []}

# What the bundle of this repository sees in the portrait of Grace Hopper.
FACES_EXAMPLE = {
    "bundle": _BUNDLE,
    "code_version": "0.1.0",
    "width": 512,
    "height": 600,
    "found": 1,
    "faces": [
        {
            "index": 0,
            "box": [159.93, 124.89, 366.21, 331.17],
            "score": 0.9999,
            "crop": [71.0, 19.0, 456.0, 404.0],
            "points": {
                "left_eye": [304.39, 190.29],
                "right_eye": [224.32, 193.96],
                "nose": [267.37, 244.99],
                "mouth_left": [302.84, 274.75],
                "mouth_right": [232.51, 278.59],
            },
            "turn": 0,
            "pose": {"yaw": 1.35, "pitch": -8.63, "roll": -3.09},
            "size": 206.28,
            "sharpness": 0.173,
            "mouth_open": 0.007,
            "eyes_closed": {"left": 0.028, "right": 0.0},
            "warnings": [],
            "verdicts": {"edit": _GOOD, "reenact": _GOOD, "talk": _GOOD},
        }
    ],
}
