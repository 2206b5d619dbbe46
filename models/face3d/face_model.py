"""The part of the 3DMM that draws faces in serving: skin, mouth, eyeballs, and where landmarks lie on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from models.coefficients import ARKIT
from models.errors import BundleError
from models.face3d.morphable import EYEBALLS, FACE, MOUTH_INTERIOR, TEETH, MorphableModel
from models.face3d.pose import HeadPose

FILE = "face.safetensors"
IDENTITIES = 24
"""Axes of identity that are kept: those after them move no vertex by more than half a millimetre, and landmarks correct
what is left over."""

REACH = 2.0
"""Centimetres around the landmarks in which the mesh lies on the photo well enough to be drawn."""

FALLS = 0.5
"""Centimetres by which an opening jaw moves its own teeth, and no others."""

STILL = 0.004
"""Centimetres: an expression that moves a vertex by less leaves it where it is."""

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
"""Landmarks around the inner rim of the lips, from the person's right corner over the upper lip."""

Array = NDArray[np.float32]
Index = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A linear 3DMM of a face without the rest of the head. Lengths are centimetres, axes as in `MorphableModel`.

    Attributes:
        mean: [V, 3].
        identity: [I, V, 3].
        expression: [53, V, 3].
        triangles, part: [F, 3] and [F], the part of each as in `MorphableModel`.
        landmarks: [468], the vertex of each face landmark.
        mouth_rim: [R], vertices around the inner rim of the lips, closed, in the order of `INNER_LIPS`.
        lid_rims: [2, 2, L], of each eye the upper and lower lid's rim, corner to corner.
    """

    mean: Array
    identity: Array
    expression: Array
    triangles: Index
    part: NDArray[np.int8]
    landmarks: Index
    mouth_rim: Index
    lid_rims: Index

    @classmethod
    def reduce(cls, model: MorphableModel, landmarks: NDArray[np.integer], identities: int = IDENTITIES) -> FaceModel:
        """What is near the landmarks of the whole model, its mouth and its eyeballs.

        Args:
            landmarks: [468], as in `mediapipe_to_ict.npz`.
        """
        near = cKDTree(model.mean[np.unique(landmarks)]).query(model.mean)[0] < REACH
        is_kept = np.isin(model.part, (*MOUTH_INTERIOR, *EYEBALLS.values()))
        is_kept |= (model.part == FACE) & near[model.triangles].any(1)
        vertices, triangles = np.unique(model.triangles[is_kept], return_inverse=True)
        number = np.full(len(model.mean), -1, np.int32)
        number[vertices] = np.arange(len(vertices))
        rim = _along_edges(model.mean, model.triangles[model.part == FACE], landmarks[list(INNER_LIPS)])
        return cls(
            mean=model.mean[vertices],
            identity=model.identity[:identities, vertices],
            expression=model.expression[:, vertices],
            triangles=triangles.reshape(-1, 3).astype(np.int32),
            part=model.part[is_kept],
            landmarks=number[landmarks],
            mouth_rim=number[rim],
            lid_rims=number[np.array(model.lid_rims)],
        )

    @classmethod
    def load(cls, path: Path) -> FaceModel:
        """Read what `save` wrote. Raises BundleError where the file does not hold it."""
        try:
            stored = load_file(path)
            expression = np.zeros((len(stored["expression_scale"]), *stored["mean"].shape), np.float32)
            rows, vertices = stored["expression_row"].astype(int), stored["expression_vertex"].astype(int)
            moves = stored["expression_value"].astype(np.float32)
            expression[rows, vertices] = moves * stored["expression_scale"][rows, None]
            return cls(
                mean=stored["mean"],
                identity=stored["identity"] * stored["identity_scale"][:, None, None],
                expression=expression,
                triangles=stored["triangles"].astype(np.int32),
                part=stored["part"],
                landmarks=stored["landmarks"].astype(np.int32),
                mouth_rim=stored["mouth_rim"].astype(np.int32),
                lid_rims=stored["lid_rims"].astype(np.int32),
            )
        except (KeyError, OSError, ValueError, SafetensorError) as error:
            raise BundleError(f"{path.name} holds no face model ({error}); fetch the bundle again") from error

    def save(self, path: Path) -> None:
        """Write the model: axes as whole numbers with a unit each, expressions without vertices that hardly move."""
        identity_scale, scale = _scale(self.identity, 127), _scale(self.expression, 32767)
        moves = np.rint(self.expression / scale[:, None, None]).astype(np.int16)
        moves[np.abs(self.expression).max(-1) < STILL] = 0
        rows, vertices = np.nonzero(moves.any(-1))
        tensors = {
            "mean": self.mean.astype(np.float32),
            "identity": np.rint(self.identity / identity_scale[:, None, None]).astype(np.int8),
            "identity_scale": identity_scale,
            "expression_row": rows.astype(np.uint8),
            "expression_vertex": vertices.astype(np.uint16),
            "expression_value": moves[rows, vertices],
            "expression_scale": scale,
            "triangles": self.triangles.astype(np.uint16),
            "part": self.part.astype(np.int8),
            "landmarks": self.landmarks.astype(np.uint16),
            "mouth_rim": self.mouth_rim.astype(np.uint16),
            "lid_rims": self.lid_rims.astype(np.uint16),
        }
        # safetensors writes memory as it lies, whatever the order of the axes.
        save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, path)

    def expressed(self, person: Array, expression: Array, vertices: Index | None = None) -> Array:
        """A person [V, 3] with expression weights [53], [V, 3] centimetres.

        Args:
            vertices: [P], the only ones that are wanted, as [P, 3].
        """
        if vertices is None:  # all weights, also those of 0: picking some would copy most of the model
            moves = expression.astype(np.float32) @ self.expression.reshape(len(self.expression), -1)
            return person + moves.reshape(-1, 3)
        (active,) = np.nonzero(expression)
        return person[vertices] + np.tensordot(expression[active], self.expression[np.ix_(active, vertices)], 1)

    def project(self, shape: Array, pose: HeadPose) -> Array:
        """Where a shape [P, 3] is seen, in pixels [P, 3] whose centres are at integers."""
        turn = (pose.scale * pose.rotation.T * (1, -1, 1)).astype(np.float32)
        offset = pose.translation * (1, -1, 1) - (0.5, 0.5, 0)
        return np.asarray(shape @ turn + offset.astype(np.float32), np.float32)

    def triangles_of(self, *parts: int) -> Index:
        """Triangles [F, 3] of some parts."""
        return self.triangles[np.isin(self.part, parts)]

    @cached_property
    def skin(self) -> Index:
        """Triangles of the skin and the lips."""
        return self.triangles_of(FACE)

    @cached_property
    def interior(self) -> Index:
        """Triangles of teeth, gums, tongue and cavity."""
        return self.triangles_of(*MOUTH_INTERIOR)

    @cached_property
    def eyeballs(self) -> tuple[Index, ...]:
        """Triangles of the eyeball behind each of the `lid_rims`."""
        balls = [self.triangles_of(part) for part in EYEBALLS.values()]
        middles = [self.mean[ball].mean((0, 1)) for ball in balls]
        places = [self.mean[rims].mean((0, 1)) for rims in self.lid_rims]
        return tuple(balls[int(np.argmin(np.linalg.norm(np.subtract(middles, place), axis=1)))] for place in places)

    @cached_property
    def is_skin(self) -> NDArray[np.bool_]:
        """Which vertices [V] are of the skin and the lips."""
        return np.isin(np.arange(len(self.mean)), self.skin)

    @cached_property
    def jaw(self) -> NDArray[np.int8]:
        """Which teeth vertices [V] are of: 1 of upper ones, 2 of lower ones, 0 for all others."""
        is_tooth = np.isin(np.arange(len(self.mean)), self.triangles_of(TEETH))
        falls = np.abs(self.expression[ARKIT.index["jawOpen"]]).max(1) > FALLS
        return np.where(is_tooth, 1 + falls, 0).astype(np.int8)

    @cached_property
    def certainty(self) -> Array:
        """How well the landmarks hold each vertex in place, [V] in [0, 1]: less, the farther it is from them."""
        distance = cKDTree(self.mean[np.unique(self.landmarks)]).query(self.mean)[0]
        near = np.clip(1 - distance / REACH, 0, 1)
        return (near * near * (3 - 2 * near)).astype(np.float32)

    @cached_property
    def mirror(self) -> Index:
        """The vertex [V] on the face's other side that stands for each."""
        return cKDTree(self.mean).query(self.mean * (-1, 1, 1))[1].astype(np.int32)

    @cached_property
    def lid_distances(self) -> Array:
        """Centimetres from each vertex of the mean face to each of the `lid_rims`, [2, 2, V]."""
        rims = self.lid_rims.reshape(4, -1)
        distances = [cKDTree(self.mean[rim]).query(self.mean)[0] for rim in rims]
        return np.reshape(distances, (2, 2, -1)).astype(np.float32)

    @cached_property
    def normals(self) -> Array:
        """Unit normals of the mean face at its vertices, [V, 3]."""
        a, b, c = (self.mean[self.triangles[:, k]] for k in range(3))
        normals = np.zeros_like(self.mean)
        for k in range(3):
            np.add.at(normals, self.triangles[:, k], np.cross(b - a, c - a))
        return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9)


def _scale(axes: Array, largest: int) -> Array:
    """The unit of each axis [N, V, 3] in which its numbers are whole and at most `largest`: [N]."""
    return (np.abs(axes).max((1, 2)) / largest + 1e-12).astype(np.float32)


def _along_edges(vertices: Array, triangles: Index, stations: NDArray[np.integer]) -> Index:
    """The closed path of vertices along the shortest edges from each of the stations to the next."""
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    lengths = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
    edges = coo_array((lengths, (pairs[:, 0], pairs[:, 1])), shape=(len(vertices),) * 2).tocsr()
    _, before = dijkstra(edges, directed=False, indices=stations, return_predecessors=True, limit=3.0)
    path: list[int] = []
    for row, (start, end) in enumerate(zip(stations, np.roll(stations, -1), strict=True)):
        steps = [int(end)]
        while steps[-1] != start:
            steps.append(int(before[row, steps[-1]]))
        path += steps[:0:-1]
    return np.array(path, np.int32)
