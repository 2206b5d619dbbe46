"""The ICT-FaceKit 3DMM, used at training time only: shapes from identity and expression weights, vertices in pixels.

The paper writes S = S̄ + α·B_id + β·B_exp (section 3.1, eq. 1); here S̄, B_id and B_exp are ICT-FaceKit's, whose
expression basis is the 53 named blendshapes of the `arkit` coefficient space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from models.coefficients import ARKIT, rotation_matrix
from models.face3d.arrays import read_arrays
from models.face3d.pose import HeadPose

MADE_BY = "`python -m training data face`"
FACE, HEAD, MOUTH_SOCKET, GUMS_AND_TONGUE, TEETH = 0, 1, 2, 5, 6
EYE_SOCKETS = (3, 4)

ICT_VERTICES = 24591  # vertex numbers are those of the full mesh
ICT_LID_RIMS = (
    ([1507, 1545, 1544, 1542, 1962, 1537, 1535, 1533, 1528], [1507, 1623, 1509, 1511, 1514, 1518, 598, 709, 1528]),
    ([3742, 3747, 3749, 3751, 4162, 3756, 3758, 3759, 3721], [3742, 2950, 2839, 3732, 3728, 3725, 3723, 3832, 3721]),
)
MOUTH_INTERIOR = (MOUTH_SOCKET, GUMS_AND_TONGUE, TEETH)
EYEBALLS = {"Left": 7, "Right": 8}
"""The mesh part of each eyeball."""

GAZE = {"In": (25.0, 0.0), "Out": (-25.0, 0.0), "Up": (0.0, 15.0), "Down": (0.0, -20.0)}
"""How far a slider `eyeLook…` at 1 turns an eyeball, in degrees: towards the nose, and up. About what MediaPipe's
scores of these names mean: on the training pictures a pupil goes 0.15 to 0.2 eye widths a unit sideways, 0.08 up, 0.13
down."""


@dataclass(frozen=True)
class MorphableModel:
    """A linear 3DMM. Lengths are centimetres; x to the picture's right, y up, z towards the viewer.

    Attributes:
        mean: S̄, float32 [V, 3].
        identity: B_id, float32 [I, V, 3].
        expression: B_exp, float32 [53, V, 3]; one blendshape a row, weight in [0, 1].
        triangles: int32 [F, 3].
        part: int8 [F], ICT's mesh part of each triangle (`FACE`, `HEAD`, `TEETH` …).
        lid_rims: vertices along the upper and the lower lid's rim of each eye, corner to corner; equally many each.
    """

    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    lid_rims: tuple[tuple[list[int], list[int]], ...] = ()

    @classmethod
    def load(cls, path: Path, identities: int = 60) -> MorphableModel:
        """Read `ict_facekit.npz`, keeping the first `identities` identity axes. Raises TrainingDataError without it."""
        file = read_arrays(path, ("mean", "identity", "expression", "triangles", "part"), MADE_BY)
        mean, triangles, part = file["mean"].astype(np.float32), file["triangles"].astype(np.int32), file["part"]
        return cls(
            mean=mean,
            identity=file["identity"][:identities].astype(np.float32),
            expression=_with_gaze(file["expression"].astype(np.float32), mean, triangles, part),
            triangles=triangles,
            part=part.astype(np.int8),
            lid_rims=ICT_LID_RIMS if len(mean) == ICT_VERTICES else (),
        )

    @cached_property
    def interior(self) -> np.ndarray:
        """Triangles of the mouth interior, int32 [M, 3]."""
        return self.triangles[np.isin(self.part, MOUTH_INTERIOR)]

    @cached_property
    def eyeballs(self) -> np.ndarray:
        """Which triangles are of an eyeball, bool [F]."""
        return np.isin(self.part, list(EYEBALLS.values()))

    @cached_property
    def rims(self) -> np.ndarray:
        """Vertices where the face's skin meets the mouth or an eye socket: the inner lips and the lids, int64 [R]."""
        skin = np.unique(self.triangles[self.part == FACE])
        return np.intersect1d(skin, np.unique(self.triangles[np.isin(self.part, (MOUTH_SOCKET, *EYE_SOCKETS))]))

    def person(self, identity: np.ndarray) -> np.ndarray:
        """S̄ + α·B_id, the neutral shape of one person, float32 [V, 3]. `identity` is α, [I]."""
        return self.mean + np.tensordot(identity.astype(np.float32), self.identity, 1)

    def expressed(self, person: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """Add β·B_exp to a neutral shape [V, 3]; `expression` is β, [53]. Zero weights cost nothing."""
        (active,) = np.nonzero(expression)
        return person + np.tensordot(expression[active].astype(np.float32), self.expression[active], 1)

    def project(self, shape: np.ndarray, pose: HeadPose) -> np.ndarray:
        """Scaled-orthographic projection to pixels, float32 [V, 3]: x right, y down, z towards the viewer."""
        vertices = pose.scale * shape @ pose.rotation.T.astype(np.float32) + pose.translation
        return (vertices * (1, -1, 1)).astype(np.float32)


def _with_gaze(expression: np.ndarray, mean: np.ndarray, triangles: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The blendshapes [53, V, 3] whose `eyeLook…` also turn the eyeballs; ICT-FaceKit's move nothing but the lids.

    A turn made linear: halfway its pupil lies a few per cent of the eyeball's radius too deep.
    """
    expression = expression.copy()
    for side, number in EYEBALLS.items():
        ball = np.unique(triangles[part == number])
        if not len(ball):
            continue
        points = mean[ball] - (mean[ball].min(0) + mean[ball].max(0)) / 2
        nose = -1 if side == "Left" else 1  # a person's left eye is on the picture's right
        for direction, (inward, up) in GAZE.items():
            turn = rotation_matrix(np.radians(nose * inward), np.radians(up), 0.0)
            expression[ARKIT.index[f"eyeLook{direction}{side}"], ball] += points @ (turn.T - np.eye(3))
    return expression
