"""The regressor's training samples: crops of known faces, jittered, turned, mirrored, degraded and partly covered."""

from __future__ import annotations

import cv2
import numpy as np

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos
from datasets.same_identity_pairs import SameIdentityPairs
from models.coefficients import ARKIT
from models.extractor.crop import LIFT, SIDE
from models.extractor.landmarks import LANDMARKS
from models.extractor.regressor import CROP
from models.face3d.similarity import similarity, transform_points, transform_pose, warp_picture
from training.extractor.appearance import degrade

FACE_FREE = 0.15  # fraction of samples that show no face
HARD = 0.7  # fraction of those that show what a detector took for a face, where that is known
BESIDE = 0.05  # fraction of samples whose crop misses the face, as a detector's mistake would
JITTERS = ((0.02, 0.04), (0.07, 0.14))  # standard deviations of a crop's place, in its sides, and of its log size
ROUGH = 0.3  # fraction of crops placed as badly as the second says: what a detector's first guess may look like

Sample = dict[str, np.ndarray]


class FaceCrops:
    """Draws samples: `picture` uint8 [256, 256, 3], `coefficients` [59], `landmarks` [478, 2] in fractions of the crop,
    `presence` 0 or 1, `known` [478] 1 where a landmark has a label.

    Args:
        collections: pairs of faces, and the fraction of samples from each. Landmarks may be NaN where unknown.
        mirrored: landmark order of a mirrored face (`photos.mirror_order`).
        backgrounds: pictures without faces.
        mistakes: crops that a detector took for faces (`mining.hard_negatives`), uint8 [M, 256, 256, 3]; may be empty.
    """

    def __init__(
        self,
        collections: list[tuple[SameIdentityPairs, float]],
        mirrored: np.ndarray,
        backgrounds: Backgrounds,
        mistakes: np.ndarray,
    ) -> None:
        self._collections = [pairs for pairs, _ in collections]
        fractions = np.array([fraction for _, fraction in collections])
        self._fractions, self._mirrored = fractions / fractions.sum(), mirrored
        self._backgrounds, self._mistakes = backgrounds, mistakes

    def draw(self, number: int) -> Sample:
        """Sample `number`; the numbers 2k and 2k + 1 show one person, mirrored or not alike, unless they show no face.

        Everything random comes from the number.
        """
        shared, rng = np.random.default_rng((2, number // 2)), np.random.default_rng((3, number))
        pairs = self._collections[shared.choice(len(self._collections), p=self._fractions)]
        photos, index = pairs.draw(shared)[number % 2]
        mirrored = shared.random() < 0.5
        if rng.random() < FACE_FREE:
            return _nothing(degrade(self._faceless(rng), rng))
        if rng.random() < BESIDE:
            return _nothing(degrade(beside(photos, index, rng), rng))
        sample = face_sample(photos, index, rng, jitter=True)
        if mirrored:
            sample = self.mirror(sample)
        picture = sample["picture"]
        if rng.random() < 0.12:
            picture = cover(picture, self._backgrounds.draw(CROP, rng), rng)
        sample["picture"] = degrade(picture, rng)
        return sample

    def _faceless(self, rng: np.random.Generator) -> np.ndarray:
        if len(self._mistakes) and rng.random() < HARD:
            picture = self._mistakes[rng.integers(len(self._mistakes))]
            return np.ascontiguousarray(picture[:, ::-1]) if rng.random() < 0.5 else picture
        return self._backgrounds.draw(CROP, rng)

    def mirror(self, sample: Sample) -> Sample:
        """The sample of the left-right flipped picture."""
        return sample | {
            "picture": np.ascontiguousarray(sample["picture"][:, ::-1]),
            "coefficients": ARKIT.mirror(sample["coefficients"]),
            "landmarks": sample["landmarks"][self._mirrored] * np.array([-1, 1], np.float32)
            + np.array([1, 0], np.float32),
            "known": sample["known"][self._mirrored],
        }


def face_sample(photos: FacePhotos, index: int, rng: np.random.Generator, *, jitter: bool) -> Sample:
    """One photo's crop, placed by the crop policy; with `jitter`, as badly as a detector might place it, and turned."""
    matrix = crop_matrix(photos, index, rng, jitter=jitter)
    coefficients, points = face_labels(photos, index, matrix)
    return _sample(warp_picture(photos.pictures[index], matrix, CROP), coefficients, points, presence=1)


def crop_matrix(photos: FacePhotos, index: int, rng: np.random.Generator, *, jitter: bool) -> np.ndarray:
    """From pixels of a photo to those of its crop, float64 [2, 3]."""
    x0, y0, x1, y1 = photos.boxes[index]
    side = (x1 - x0) * SIDE
    centre = ((x0 + x1) / 2, (y0 + y1) / 2 - (x1 - x0) * LIFT)
    angle, target = 0.0, (CROP / 2, CROP / 2)
    if jitter:
        shift, zoom = JITTERS[int(rng.random() < ROUGH)]
        side *= float(np.exp(rng.normal(0, zoom)))
        angle = float(np.radians(rng.uniform(-40, 40) if rng.random() < 0.15 else rng.normal(0, 7)))
        dx, dy = CROP * rng.normal(0, shift, 2)
        target = (CROP / 2 + float(dx), CROP / 2 + float(dy))
    return similarity(centre, CROP / side, angle, target)


def face_labels(photos: FacePhotos, index: int, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [59] and landmarks [478, 2] (fractions) of a photo in the crop that `matrix` cuts."""
    pose = transform_pose(photos.poses[index], matrix).coefficients(CROP)
    return np.concatenate([photos.expression[index], pose]), transform_points(photos.landmarks[index], matrix) / CROP


def beside(photos: FacePhotos, index: int, rng: np.random.Generator) -> np.ndarray:
    """A crop as no sound detector would place it, uint8 [256, 256, 3]: off the face, far too large or small.

    It shows a piece of a face, clothes, hair, or a small face where a large one should be.
    """
    x0, y0, x1, y1 = photos.boxes[index]
    face, centre = x1 - x0, np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    if rng.random() < 0.5:
        side, direction = face * SIDE * rng.uniform(0.5, 1), rng.uniform(0, 2 * np.pi)
        centre = centre + face * rng.uniform(0.55, 0.9) * np.array([np.cos(direction), np.sin(direction)])
    else:
        side = face * SIDE * (rng.uniform(0.2, 0.42) if rng.random() < 0.7 else rng.uniform(2.3, 3))
        centre = centre + face * rng.normal(0, 0.2, 2)
    middle = (float(centre[0]), float(centre[1]))
    matrix = similarity(middle, CROP / float(side), float(rng.normal(0, 0.3)), (CROP / 2, CROP / 2))
    return warp_picture(photos.pictures[index], matrix, CROP)


def cover(picture: np.ndarray, cloth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A hand, a microphone, a lock of hair: an oval piece of `cloth` over a quarter of the face at most."""
    size = len(picture)
    mask = np.zeros((size, size), np.uint8)
    centre = tuple(int(v) for v in rng.integers(size // 5, size - size // 5, 2))
    axes = tuple(int(v) for v in rng.integers(size // 20, size // 5, 2))
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return np.where(mask[..., None] > 0, cloth, picture)


def _nothing(picture: np.ndarray) -> Sample:
    return _sample(picture, np.zeros(ARKIT.size), np.full((LANDMARKS, 2), np.nan), presence=0)


def _sample(picture: np.ndarray, coefficients: np.ndarray, landmarks: np.ndarray, *, presence: int) -> Sample:
    known = np.isfinite(landmarks).all(-1)
    return {
        "picture": picture,
        "coefficients": coefficients.astype(np.float32),
        "landmarks": np.where(known[:, None], landmarks, 0).astype(np.float32),
        "known": known.astype(np.float32),
        "presence": np.float32(presence),
    }
