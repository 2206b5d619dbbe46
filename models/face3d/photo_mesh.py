"""The face model laid on a photo, as a mesh for other programs: arrays, or the text of a Wavefront OBJ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.face3d.landmark_fit import FittedFace
from models.face3d.morphable import EYEBALLS, FACE, MOUTH_INTERIOR

GROUPS = {"face": (FACE,), "mouth": MOUTH_INTERIOR, "eyes": tuple(EYEBALLS.values())}
"""Group of the OBJ -> parts of the face model."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PhotoMesh:
    """A person's face as a mesh of V vertices.

    Attributes:
        vertices: [V, 3], as the photo shows them: x and y are pixels of the picture from its upper left corner, y down;
            z points towards the viewer, in pixels too.
        neutral: [V, 3], the same person's face at rest, looking straight ahead: centimetres, y up.
        triangles: [F, 3], counter-clockwise as seen from outside, in axes whose y points up.
        part: [F], of each triangle, one of those in `GROUPS`.
        width, height: of the picture, in pixels.
    """

    vertices: Array
    neutral: Array
    triangles: NDArray[np.int32]
    part: NDArray[np.int8]
    width: int
    height: int

    @classmethod
    def of(cls, face: FittedFace, side: int, place: Callable[[Array], Array], width: int, height: int) -> PhotoMesh:
        """The mesh of a face that was fitted to a crop of `side` pixels.

        Args:
            place: where points [V, 2] in fractions of the crop are in the picture, in pixels.
            width, height: of the picture.
        """
        placed = face.placed
        inside = place(np.float32(1 / side) * (placed[:, :2] + np.float32(0.5)))
        vertices = np.column_stack([inside, placed[:, 2]]).astype(np.float32)
        return cls(vertices, face.person, face.model.triangles, face.model.part, width, height)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """`vertices`, `neutral`, `triangles` and `part` by name."""
        return {name: getattr(self, name) for name in ("vertices", "neutral", "triangles", "part")}

    def obj(self) -> Iterator[str]:
        """The text of an OBJ, part by part.

        Its y points up from the picture's lower edge, so pixel (x, y) of the picture is at (x, height - y, 0); texture
        coordinates lie in the picture.
        """
        x, y, z = self.vertices.T
        yield f"# A face on a picture of {self.width} x {self.height} pixels, which is its texture.\n"
        yield _lines("v", np.column_stack([x, self.height - y, z]), 3)
        yield _lines("vt", np.column_stack([x / self.width, 1 - y / self.height]), 6)
        for name, parts in GROUPS.items():
            yield f"g {name}\n"
            corners = self.triangles[np.isin(self.part, parts)] + 1
            yield "".join(f"f {a}/{a} {b}/{b} {c}/{c}\n" for a, b, c in corners.tolist())


def _lines(word: str, rows: Array, digits: int) -> str:
    return "".join(f"{word} {' '.join(f'{value:.{digits}f}' for value in row)}\n" for row in rows.tolist())
