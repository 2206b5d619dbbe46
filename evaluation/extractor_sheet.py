"""What the extractor sees in held-out photos: its landmarks, and the 3DMM where its coefficients put it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.portraits import Portraits
from models.coefficients import ARKIT
from models.extractor import CROP, Extractor, square_crop
from models.extractor.landmarks import face_box
from models.face3d.landmark_shape import ANCHORS
from models.face3d.morphable import FACE, MorphableModel
from models.face3d.pose import HeadPose

_COLUMNS, _ZOOM = 4, 2
_COUNT = len(ARKIT.expression)


def write_extractor_sheet(detector: Path, regressor: Path, data: Path, numbers: NDArray[np.int64], out: Path) -> Path:
    """Write OUT/extractor.png: each photo's crop with landmarks, and beside it with the mesh of its fitted identity."""
    extractor, portraits = Extractor(detector, regressor), Portraits(data, "test")
    model = MorphableModel.load(data / "ict_facekit.npz")
    landmarks = portraits.landmarks[..., :2]
    cells = []
    for number in map(int, numbers):
        picture = portraits.picture(number)
        faces = extractor.detect(picture)
        crop = square_crop(faces[0].box if faces else face_box(landmarks[number])).cut(picture, CROP)
        seen = extractor.extract(crop)
        person = model.person(portraits.identity[number])
        cells.append(np.concatenate([_points(crop, seen.landmarks), _mesh(crop, model, person, seen.coefficients)], 1))
    blank = np.zeros_like(cells[0])
    cells += [blank] * (-len(cells) % _COLUMNS)
    rows = [np.concatenate(cells[k : k + _COLUMNS], 1) for k in range(0, len(cells), _COLUMNS)]
    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(out / "extractor.png")
    return out / "extractor.png"


def _points(crop: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    canvas = _enlarged(crop)
    for index, (x, y) in enumerate(landmarks * CROP * _ZOOM):
        colour = (0, 255, 0) if index in ANCHORS else (90, 140, 90)
        cv2.circle(canvas, (round(float(x)), round(float(y))), 1, colour, -1, cv2.LINE_AA)
    return canvas


def _mesh(
    crop: NDArray[np.uint8], model: MorphableModel, person: NDArray[np.float32], coefficients: NDArray[np.float32]
) -> NDArray[np.uint8]:
    pose = HeadPose.from_coefficients(coefficients[_COUNT:], CROP)
    vertices = model.project(model.expressed(person, coefficients[:_COUNT]), pose)
    triangles = vertices[model.triangles[model.part == FACE]]
    a, b, c = triangles[..., :2].swapaxes(0, 1)
    front = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] < 0
    canvas = _enlarged(crop)
    drawn = canvas.copy()
    cv2.polylines(drawn, list(np.rint(triangles[front][..., :2] * _ZOOM).astype(np.int32)), True, (0, 255, 255), 1)
    return np.asarray(cv2.addWeighted(canvas, 0.6, drawn, 0.4, 0), np.uint8)


def _enlarged(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(crop, None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_CUBIC), np.uint8)
