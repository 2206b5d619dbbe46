"""The face detector: any picture -> places where a face may be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from models.extractor.decode import decode
from models.extractor.distinct import distinct
from models.extractor.face import Face
from models.extractor.session import open_session

THRESHOLD = 0.3
"""Least score of a candidate. It is low: the regressor has the last word."""

MOST = 16
"""Candidates of one pass at most, the best first."""

GREY = 114
"""Grey level of the padding beside a picture that is not square."""

_OUTPUTS = ("heatmap", "box", "points")


class Detector:
    """Finds candidates with `detector.onnx`. Calls may come from several threads.

    Args:
        path: the ONNX file: `pictures` uint8 [N, H, W, 3] -> heatmap, box, points (see `decode.decode`).
        threads: CPU threads of one call; None for `models.runtime.thread_count`.
        device: as of `PortraitEditor.load`: "cpu" stays off every GPU, "cuda:1" is that one.

    Raises:
        BundleError: the file cannot be used.
    """

    def __init__(self, path: Path, threads: int | None = None, device: str = "auto") -> None:
        self._session = open_session(path, threads, _OUTPUTS, device)

    def detect(self, image: np.ndarray, size: int) -> list[Face]:
        """Candidates in a picture uint8 [H, W, 3] RGB seen at `size` pixels (a multiple of 32), best first."""
        canvas, scale, offset = letterbox(image, size)
        heatmap, box, points = self._session.run(list(_OUTPUTS), {"pictures": canvas[None]})
        found = decode(heatmap[0], box[0], points[0], THRESHOLD)
        boxes = (found.boxes.reshape(-1, 2, 2) - offset) / scale
        landmarks = ((found.points - offset) / scale).astype(np.float32)
        faces = [
            Face((float(x0), float(y0), float(x1), float(y1)), float(score), five)
            for ((x0, y0), (x1, y1)), score, five in zip(boxes, found.scores, landmarks, strict=True)
        ]
        return distinct(faces)[:MOST]


def letterbox(image: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit a picture [H, W, 3] into a square, its sides' ratio kept and the rest grey.

    Returns the canvas uint8 [size, size, 3], and scale [2] and offset [2] (x, y): canvas = picture · scale + offset.
    """
    height, width = image.shape[:2]
    fit = size / max(height, width)
    new_width, new_height = max(round(width * fit), 1), max(round(height * fit), 1)
    # Reducing by whole factors first makes a 100-megapixel photo cheap; the filter that follows hides it.
    small = Image.fromarray(image).resize((new_width, new_height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    canvas = np.full((size, size, 3), GREY, np.uint8)
    left, top = (size - new_width) // 2, (size - new_height) // 2
    canvas[top : top + new_height, left : left + new_width] = np.asarray(small)
    return canvas, np.array([new_width / width, new_height / height]), np.array([left, top], np.float64)
