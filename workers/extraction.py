"""The document that POST /extract answers with."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.coefficients import CoefficientSpace
    from models.portrait import Source


def extraction_document(space: "CoefficientSpace", source: "Source") -> dict[str, Any]:
    """JSON-ready coefficients of a photo, raw and in the API's units (degrees, fractions of the crop, zoom factor)."""
    values = [float(value) for value in source.coefficients]
    weights = len(space.expression)
    yaw, pitch, roll, x, y, log_zoom = values[weights:]
    pose = {
        "yaw": math.degrees(yaw),
        "pitch": math.degrees(pitch),
        "roll": math.degrees(roll),
        "x": x,
        "y": y,
        "zoom": math.exp(log_zoom),
    }
    frame = {
        "time": 0.0,
        "face": {"box": [float(edge) for edge in source.face.box], "score": float(source.face.score)},
        "expression": {slider.name: values[slider.index] for slider in space.expression},
        "pose": pose,
        "coefficients": values,
    }
    names = [slider.name for slider in space.expression] + ["yaw", "pitch", "roll", "x", "y", "log zoom"]
    return {"space": space.name, "names": names, "fps": None, "frames": [frame]}
