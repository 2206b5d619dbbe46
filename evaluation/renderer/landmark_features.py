"""Five distances on MediaPipe's landmarks that follow the main expression sliders, free of the head's pose and size.

Its blendshape scores would be nearer at hand, but they hardly see brows and puckers: over known-flow targets of six
photos the spread of a slope was 0.9 and 1.2 of its mean, against 0.2 here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading

_EYES = ((33, 133), (263, 362))  # corners
_LIDS = (((160, 144), (158, 153), (33, 133)), ((385, 380), (387, 373), (362, 263)))
_INNER_BROWS, _INNER_CORNERS = (55, 285, 107, 336), (133, 362)
_LIPS, _MOUTH_CORNERS, _NOSE = (13, 14), (61, 291), (1, 168)


def features(reading: FaceReading) -> NDArray[np.float64]:
    """float64 [5], for jawOpen, eyeBlink, mouthSmile, browInnerUp, mouthPucker; larger as the slider rises.

    Lip distance; minus the eye aspect ratio; height of the mouth's corners and of the inner brows; minus mouth width.
    Lengths are in distances between the eyes' middles, in the head's own axes.
    """
    points = (reading.landmarks.astype(np.float64) * (1, -1, -1)) @ reading.rotation

    def distance(one: int, other: int) -> float:
        return float(np.linalg.norm(points[one] - points[other]))

    def height(group: tuple[int, ...]) -> float:
        return float(points[list(group), 1].mean())

    unit = float(np.linalg.norm(np.subtract(*(points[list(eye)].mean(0) for eye in _EYES))))
    openness = [(distance(*a) + distance(*b)) / (2 * distance(*corners)) for a, b, corners in _LIDS]
    return np.array(
        [
            distance(*_LIPS) / unit,
            -float(np.mean(openness)),
            (height(_MOUTH_CORNERS) - height(_NOSE)) / unit,
            (height(_INNER_BROWS) - height(_INNER_CORNERS)) / unit,
            -distance(*_MOUTH_CORNERS) / unit,
        ]
    )
