"""Who judges edited faces: by default MediaPipe's face landmarker, which had no part in rendering them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading


class Judge(Protocol):
    """Reads the face in a picture [H, W, 3] uint8 RGB; None where it finds none."""

    def read(self, picture: NDArray[np.uint8]) -> FaceReading | None: ...
