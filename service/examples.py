"""The example of GET /sliders that GET /docs shows. Those of bodies stand with the kinds of jobs."""

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
