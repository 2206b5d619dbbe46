"""The detector's training pictures: portraits pasted over face-free pictures, every face's box and points known.

The stored portraits show one centred face each. A detector needs faces of every size, place and slant. Neither a
pasted square's edge nor natural texture may make a face: so background patches are pasted in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos
from models.extractor.landmarks import face_box, five_points
from models.face3d.similarity import similarity, transform_points, warp_picture
from training.extractor.appearance import degrade

CANVAS = 256
SMALLEST = 14.0  # pixels of canvas: the side of the smallest face
FACE_FREE = 0.2  # fraction of collages without any face
HARD = 0.4  # fraction of grounds on which an earlier detector found faces, where such are known
CLOSE_UP = 0.35  # fraction of collages that one portrait fills


@dataclass
class Collage:
    """A picture uint8 [size, size, 3], its face boxes (tight squares) [F, 4] and five points [F, 5, 2], in pixels."""

    picture: np.ndarray
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    points: list[np.ndarray] = field(default_factory=list)


class CollageMaker:
    """Draws collages.

    Args:
        photos: the faces.
        mirrored: landmark order of a mirrored face (`photos.mirror_order`).
        backgrounds: the face-free pictures.
        hard: face-free pictures in which an earlier detector found faces (`mining.hard_grounds`), uint8
            [M, S, S, 3] with S >= size; may be empty.
        size: side of the canvas.
    """

    def __init__(
        self,
        photos: FacePhotos,
        mirrored: np.ndarray,
        backgrounds: Backgrounds,
        hard: np.ndarray,
        size: int = CANVAS,
    ) -> None:
        self._photos, self._mirrored, self._backgrounds, self._size = photos, mirrored, backgrounds, size
        self._hard = hard

    def draw(self, rng: np.random.Generator) -> Collage:
        """One collage; everything random comes from `rng`."""
        collage = Collage(self._ground(rng))
        for _ in range(rng.integers(0, 3)):
            self._paste_patch(collage, rng)
        kind = rng.random()
        if kind > FACE_FREE:
            self._paste_faces(collage, rng, close_up=kind < FACE_FREE + CLOSE_UP)
        collage.picture = degrade(collage.picture, rng)
        return collage

    def _ground(self, rng: np.random.Generator) -> np.ndarray:
        if not len(self._hard) or rng.random() >= HARD:
            return self._backgrounds.draw(self._size, rng)
        picture = self._hard[rng.integers(len(self._hard))]
        x, y = rng.integers(0, len(picture) - self._size + 1, 2)
        window = picture[y : y + self._size, x : x + self._size]
        return np.ascontiguousarray(window[:, ::-1] if rng.random() < 0.5 else window)

    def _paste_faces(self, collage: Collage, rng: np.random.Generator, *, close_up: bool) -> None:
        size = self._size
        if close_up:
            side = size * np.exp(rng.uniform(np.log(0.3), np.log(0.95)))
            centre = size / 2 + rng.normal(0, 0.12, 2) * size
            self._paste_face(collage, side, centre, rng, whole=rng.random() < 0.7)
            return
        largest = size * rng.choice([0.12, 0.25, 0.5])
        for _ in range(rng.integers(1, 6)):
            side = np.exp(rng.uniform(np.log(SMALLEST), np.log(largest)))
            centre = rng.uniform(0.3 * side, size - 0.3 * side, 2)
            if all(_apart(centre, side, box) for box in collage.boxes):
                self._paste_face(collage, side, centre, rng, whole=rng.random() < 0.4)

    def _paste_face(
        self, collage: Collage, side: float, centre: np.ndarray, rng: np.random.Generator, *, whole: bool
    ) -> None:
        photo = rng.integers(len(self._photos))
        picture, landmarks = self._photos.pictures[photo], self._photos.landmarks[photo]
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            landmarks = landmarks[self._mirrored] * (-1, 1) + (picture.shape[1], 0)
        x0, y0, x1, y1 = face_box(landmarks)
        angle = np.radians(rng.uniform(-45, 45) if rng.random() < 0.35 else rng.normal(0, 10))
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        matrix = similarity(middle, side / (x1 - x0), angle, (float(centre[0]), float(centre[1])))
        outline = np.array([0, 0, *picture.shape[1::-1]]) if whole else _cutting(middle, x1 - x0, rng)
        mask = _mask(picture.shape[0], outline, rng, rectangle=whole)
        _blend(collage.picture, picture, mask, matrix)
        placed = transform_points(landmarks, matrix)
        collage.boxes.append(face_box(placed))
        collage.points.append(five_points(placed))

    def _paste_patch(self, collage: Collage, rng: np.random.Generator) -> None:
        """Something without a face, with the edges of a pasted face: a background, or a portrait's clothes and hair."""
        side = float(rng.uniform(0.1, 0.7)) * self._size
        if rng.random() < 0.5:
            patch = self._backgrounds.draw(128, rng)
        else:
            photo = rng.integers(len(self._photos))
            patch = _beside_the_face(self._photos.pictures[photo], face_box(self._photos.landmarks[photo]), rng)
        centre = (patch.shape[1] / 2, patch.shape[0] / 2)
        x, y = rng.uniform(0, self._size, 2)
        matrix = similarity(centre, side / max(patch.shape[:2]), rng.normal(0, 0.3), (float(x), float(y)))
        height, width = patch.shape[:2]
        square = cv2.copyMakeBorder(patch, 0, max(width - height, 0), 0, max(height - width, 0), cv2.BORDER_REPLICATE)
        mask = _mask(square.shape[0], np.array([0, 0, width, height]), rng, rectangle=rng.random() < 0.5)
        _blend(collage.picture, square, mask, matrix)


def _apart(centre: np.ndarray, side: float, box: tuple[float, float, float, float]) -> bool:
    other = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    return bool(np.abs(centre - other).max() > (side + box[2] - box[0]) * 0.62)


def _cutting(middle: tuple[float, float], face: float, rng: np.random.Generator) -> np.ndarray:
    """A rectangle around the face, tight or generous, x0 y0 x1 y1 in the photo."""
    left, top, right, bottom = face * rng.uniform([0.5, 0.58, 0.5, 0.5], [0.95, 0.95, 0.95, 1.0])
    return np.array([middle[0] - left, middle[1] - top, middle[0] + right, middle[1] + bottom])


def _mask(size: int, rectangle_or_oval: np.ndarray, rng: np.random.Generator, *, rectangle: bool) -> np.ndarray:
    """Opacity of a cutting, float32 [size, size]: a rectangle or an oval in x0 y0 x1 y1, hard-edged or feathered."""
    x0, y0, x1, y1 = np.rint(rectangle_or_oval).astype(int)
    mask = np.zeros((size, size), np.float32)
    if rectangle or rng.random() < 0.5:
        mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = 1
    else:
        centre, axes = (int((x0 + x1) // 2), int((y0 + y1) // 2)), (int((x1 - x0) // 2), int((y1 - y0) // 2))
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    return cv2.blur(mask, (int(rng.integers(3, 25)),) * 2) if rng.random() < 0.6 else mask


def _blend(canvas: np.ndarray, picture: np.ndarray, mask: np.ndarray, matrix: np.ndarray) -> None:
    """Paint `picture` on the canvas under `mask`, in place."""
    size = len(canvas)
    moved = warp_picture(picture, matrix, size)
    alpha = warp_picture(mask, matrix, size, border=cv2.BORDER_CONSTANT)[..., None]
    canvas[...] = (moved * alpha + canvas * (1 - alpha)).astype(np.uint8)


def _beside_the_face(
    picture: np.ndarray, box: tuple[float, float, float, float], rng: np.random.Generator
) -> np.ndarray:
    """A part of a portrait that shows none of its face: what lies below, left or right of it."""
    x0, y0, x1, y1 = (int(v) for v in box)
    parts = [picture[y1 + 4 :], picture[: y0 - int(0.35 * (y1 - y0))], picture[:, : x0 - 12], picture[:, x1 + 12 :]]
    parts = [part for part in parts if min(part.shape[:2]) >= 16]
    return parts[rng.integers(len(parts))] if parts else picture[:16, :16]
