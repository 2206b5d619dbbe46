"""How much an edit changes who a face seems to be, by its neutral shape.

No face-recognition network is free to ship here, so this is a stand-in and no embedding: the 3DMM's identity is fitted
to MediaPipe's landmarks of a picture, with its expression and pose fitted away, and the neutral shapes are compared. It
sees the shape of the face, not its skin, hair or colours; what of an expression leaks into a fit of one picture counts
as change, as the known-flow target's value shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datasets.landmarker import FaceReading
from evaluation.photos import Photo
from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.edit import Edit
from evaluation.renderer.geometry import Geometry
from models.errors import NoFaceError
from models.face3d.fitting import SpeakerFit
from models.face3d.landmark_mesh import LandmarkMesh

EDITS = (Edit({"mouthSmile": 0.6}), Edit({"jawOpen": 0.5}), Edit(pose={"yaw": 15}), Edit(pose={"pitch": -10}))


@dataclass(frozen=True, eq=False)
class IdentityChange:
    """Mean distances of neutral shapes from the photo's, millimetres of the 3DMM; one value for each photo.

    Attributes:
        rendered: of the bundle's pictures of `EDITS`.
        known: of their known-flow targets, the same person by construction: the least that can be expected.
        stranger: of the next photo, another person: what a lost identity would come to.
    """

    rendered: list[float]
    known: list[float]
    stranger: list[float]


def evaluate_identity(
    bench: RendererBench, geometry: Geometry, mesh: LandmarkMesh, photos: Iterable[Photo]
) -> IdentityChange | None:
    """None without a judge. Photos and edits in which a face is lost are left out."""
    if bench.judge is None:
        return None
    own_shapes: list[NDArray[np.float64]] = []
    rendered: list[float] = []
    known: list[float] = []
    for photo in photos:
        try:
            square = bench.square(photo.picture)
        except NoFaceError:
            continue
        crop = cut(square, photo.picture)
        before = bench.judge.read(crop)
        if before is None:
            continue
        own, fit = bench.coefficients(crop), geometry.own(photo.number, square)
        pictures = bench.render(crop, own, np.stack([edit.apply(bench.space, own) for edit in EDITS]))
        targets = [geometry.retarget(photo.number, crop, fit, edit.apply(bench.space, fit)).picture for edit in EDITS]
        shape = neutral_shape(mesh, before)
        own_shapes.append(shape)
        for distances, made in ((rendered, pictures), (known, targets)):
            readings = [reading for picture in made if (reading := bench.judge.read(picture)) is not None]
            if readings:
                distances.append(float(np.mean([millimetres(shape, neutral_shape(mesh, one)) for one in readings])))
    strangers = [millimetres(one, other) for one, other in pairwise(own_shapes)]
    return IdentityChange(rendered, known, strangers)


def neutral_shape(mesh: LandmarkMesh, reading: FaceReading) -> NDArray[np.float64]:
    """The face at rest that explains a reading best, [468, 3] in centimetres of the 3DMM."""
    fit = SpeakerFit.of_frames(mesh, reading.landmarks[None], reading.scores[None])
    return np.asarray(mesh.mean + np.tensordot(fit.identity, mesh.identity, 1), np.float64)


def millimetres(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mean distance of two shapes' vertices."""
    return 10 * float(np.linalg.norm(one - other, axis=-1).mean())
