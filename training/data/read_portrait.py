"""A picture -> a portrait: its square crop, landmarks, scores and the 3DMM's fit; or why it makes none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from datasets.landmarker import FaceReader, FaceReading
from datasets.portraits import STORED
from models.errors import TrainingDataError
from models.extractor import CROP, Crop, square_crop
from models.extractor.crop import Box
from models.extractor.extractor import Extractor
from models.extractor.landmarks import face_box
from models.face3d.fitting import fit_photo
from models.face3d.landmark_mesh import LandmarkMesh

ROOM = STORED / CROP  # side of a stored portrait over that of the square that the networks see of it
OTHER_FACE = 1 / 3  # of the largest face's side, from which on another one counts
MOST_ERROR = (
    0.035  # of a fit, as a fraction of the face's height: above it the landmarks are of no face like the 3DMM's
)
_MOST_SIDE = 576  # pixels of the square that the landmarks are read in
_COLOURFUL = 6.0  # levels between the strongest and the weakest channel, on average, of a picture in colour
_QUALITY = 95


class LeftOutError(TrainingDataError):
    """A picture or video that makes no training data; the message says why."""


@dataclass(frozen=True, eq=False)
class PortraitMaker:
    """Makes portraits of pictures.

    Attributes:
        extractor: finds the faces.
        reader: reads landmarks and scores.
        mesh: what is fitted.
        least_face: side of the smallest face that is taken, in pixels of the picture.
    """

    extractor: Extractor
    reader: FaceReader
    mesh: LandmarkMesh
    least_face: int

    def make(self, path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Facts and arrays of a portrait, as `training.data.portraits` stores them. Raises LeftOutError."""
        picture = read_picture(path)
        reading = self.read(picture)
        crop = square(face_box(reading.landmarks[:, :2]))
        landmarks = (reading.landmarks - np.array([crop.x, crop.y, 0], np.float32)) * np.float32(STORED / crop.side)
        identity, fit = fit_photo(self.mesh, landmarks, reading.scores)
        if fit.error > MOST_ERROR:
            raise LeftOutError("the 3DMM does not fit the landmarks")
        stored = crop.cut(picture, STORED)
        facts = {
            "coverage": round(_coverage(crop, picture), 3),
            "colour": int(np.ptp(stored, axis=-1).mean() > _COLOURFUL),
            "face_height_px": round(float(np.ptp(landmarks[:, 1])) * crop.side / STORED),
            "fit_error": round(fit.error, 4),
        }
        arrays: dict[str, np.ndarray] = {
            "jpeg": np.asarray(cv2.imencode(".jpg", stored[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]),
            "looks": looks(stored),
            "landmarks": landmarks.astype(np.float32),
            "scores": reading.scores,
            "identity": identity.astype(np.float32),
            "expression": fit.expression,
            "scale": np.array(fit.pose.scale, np.float32),
            "rotation": fit.pose.rotation.astype(np.float32),
            "translation": fit.pose.translation.astype(np.float32),
        }
        return facts, arrays

    def read(self, picture: NDArray[np.uint8]) -> FaceReading:
        """The one face of a picture uint8 [H, W, 3]. Raises LeftOutError."""
        around = square(self._face(picture))
        size = min(max(around.side, STORED), _MOST_SIDE)
        reading = self.reader.read(around.cut(picture, size))
        if reading is None:
            raise LeftOutError("no face that the landmarker sees")
        landmarks = reading.landmarks * (around.side / size) + np.array([around.x, around.y, 0], np.float32)
        return replace(reading, landmarks=landmarks.astype(np.float32))

    def _face(self, picture: NDArray[np.uint8]) -> Box:
        faces = self.extractor.detect(picture)
        if not faces:
            raise LeftOutError("no face")
        sides = [face.box[2] - face.box[0] for face in faces]
        if len(sides) > 1 and sides[1] > OTHER_FACE * sides[0]:
            raise LeftOutError("several faces")
        if sides[0] < self.least_face:
            raise LeftOutError("too small a face")
        return faces[0].box


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file, upright, uint8 [H, W, 3] RGB. Raises LeftOutError."""
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LeftOutError("not a picture that can be read") from error


def square(box: Box) -> Crop:
    """The square of a stored portrait: that which serving sees of a face's box, and some room around it."""
    seen = square_crop(box)
    side = round(seen.side * ROOM)
    return Crop(seen.x - (side - seen.side) // 2, seen.y - (side - seen.side) // 2, side)


def looks(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A portrait in 24 x 24 levels of grey, without mean and of length 1 [576]: compared by their inner product."""
    small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (24, 24), interpolation=cv2.INTER_AREA)
    levels = small.astype(np.float32).ravel() - small.mean()
    return np.asarray(levels / max(float(np.linalg.norm(levels)), 1e-6), np.float32)


def _coverage(crop: Crop, picture: NDArray[np.uint8]) -> float:
    """How much of the crop lies inside the picture."""
    height, width = picture.shape[:2]
    across = min(crop.x + crop.side, width) - max(crop.x, 0)
    down = min(crop.y + crop.side, height) - max(crop.y, 0)
    return across * down / crop.side**2
