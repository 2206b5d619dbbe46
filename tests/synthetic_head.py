"""A synthetic 3DMM: a textured half sphere with a mouth socket, small enough to reason about."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.coefficients import ARKIT
from models.face3d.head import Head
from models.face3d.morphable import FACE, MOUTH_SOCKET, MorphableModel
from models.face3d.pose import HeadPose

SIZE = 128


@pytest.fixture(scope="session")
def model() -> MorphableModel:
    """A half sphere of 8 cm radius; blendshape 0 pushes it 2 cm to the picture's right, the others do nothing."""
    steps = 41
    axis = np.linspace(-8, 8, steps, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    z = np.sqrt(np.maximum(64 - x**2 - y**2, 0))
    mean = np.stack([x, y, z], -1).reshape(-1, 3)
    triangles = []
    for row in range(steps - 1):
        for column in range(steps - 1):
            a = row * steps + column
            if (mean[[a, a + 1, a + steps, a + steps + 1], 2] > 0).all():
                triangles += [(a, a + 1, a + steps), (a + 1, a + steps + 1, a + steps)]
    expression = np.zeros((53, len(mean), 3), np.float32)
    expression[0, :, 0] = 2
    index = np.array(triangles, np.int32)
    centre = mean[index].mean(1)
    socket = (np.abs(centre[:, 0]) < 1.5) & (np.abs(centre[:, 1] + 3) < 0.8)
    part = np.where(socket, MOUTH_SOCKET, FACE).astype(np.int8)
    return MorphableModel(mean, np.zeros((1, *mean.shape), np.float32), expression, index, part)


@pytest.fixture
def face(model: MorphableModel) -> Head:
    """The neutral head in the middle of a picture of `SIZE` pixels, 5 pixels a centimetre."""
    pose = HeadPose(5.0, np.eye(3), np.array([SIZE / 2, -SIZE / 2, 0.0]))
    return Head(model.person(np.zeros(1)), np.zeros(53, np.float32), pose)


@pytest.fixture
def photo() -> np.ndarray:
    """A smooth pattern in which every place looks different."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    waves = [127 + 60 * np.sin(x / 9 + k) + 60 * np.cos(y / (7 + k)) for k in range(3)]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


@pytest.fixture
def eyed(model: MorphableModel) -> MorphableModel:
    """The half sphere with one eye: 3.2 cm wide, 1.2 cm open; eyeBlinkLeft lowers the upper rim onto the lower."""
    steps = 41
    columns = np.arange(16, 25)
    upper, lower = 24 * steps + columns, 21 * steps + columns
    upper[[0, -1]] = lower[[0, -1]]
    expression = np.zeros_like(model.expression)
    expression[ARKIT.index["eyeBlinkLeft"], upper[1:-1], 1] = -1.2
    return replace(model, expression=expression, lid_rims=((upper.tolist(), lower.tolist()),))


def eye_on_skin(eyed: MorphableModel, face: Head, skin: Sequence[int], eye: Sequence[int]) -> np.ndarray:
    """Plain skin with an eye of another colour between the rims, uint8 [SIZE, SIZE, 3]."""
    image = np.full((SIZE, SIZE, 3), skin, np.uint8)
    points = eyed.project(face.person, face.pose)[:, :2]
    upper, lower = eyed.lid_rims[0]
    outline = np.concatenate([points[upper], points[lower][::-1]])
    return cv2.fillPoly(image, [np.rint(outline).astype(np.int32)], [int(level) for level in eye])


def blinking(face: Head, amount: float) -> Head:
    """The face with its left eye shut by `amount`."""
    expression = face.expression.copy()
    expression[ARKIT.index["eyeBlinkLeft"]] = amount
    return replace(face, expression=expression)


def write_data(
    root: Path,
    model: MorphableModel,
    pictures: Sequence[np.ndarray],
    expression: np.ndarray,
    *,
    people: Sequence[str] = (),
    shifts: Sequence[float] = (),
) -> Path:
    """A training data folder: the 3DMM, and pictures uint8 [288, 288, 3] with heads in their middle, the last held out.

    Args:
        expression: fitted weights [P, 53].
        people: whose picture each is, "" where nobody has another; nobody if not given.
        shifts: pixels that each head lies further to the right; none if not given.
    """
    count = len(pictures)
    (root / "portraits").mkdir(parents=True)
    arrays = {name: getattr(model, name) for name in ("mean", "identity", "expression", "triangles", "part")}
    np.savez(root / "ict_facekit.npz", **arrays)
    with (root / "portraits" / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "split", "colour", "coverage", "identity"))
        for number, (picture, person) in enumerate(zip(pictures, people or [""] * count, strict=True)):
            cv2.imwrite(str(root / "portraits" / f"{number}.png"), picture[..., ::-1])
            writer.writerow((f"{number}.png", "test" if number == count - 1 else "train", 1, 1.0, person))
    np.savez(
        root / "portraits" / "labels.npz",
        identity=np.zeros((count, 1)),
        expression=expression,
        scale=np.full(count, 9.0),
        rotation=np.tile(np.eye(3), (count, 1, 1)),
        translation=np.array([[144.0 + shift, -144.0, 0.0] for shift in shifts or [0] * count]),
    )
    return root
