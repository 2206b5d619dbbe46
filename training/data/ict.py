"""An ICT-FaceKit checkout -> `ict_facekit.npz`, the 3DMM that everything is fitted with.

The repository holds one Wavefront OBJ a shape in `FaceXModel/`: the neutral head, 100 identities, the expressions. All
have the same vertices; the differences to the neutral head are the model's axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.coefficients import ARKIT
from models.errors import TrainingDataError
from models.face3d.morphable import ICT_VERTICES

FOLDER, NEUTRAL, VERTEX_INDICES = "FaceXModel", "generic_neutral_mesh", "vertex_indices.json"
IDENTITIES = 100
FILE = "ict_facekit.npz"
_PART_ENDS = (9409, 11248, 13294, 13678, 14062, 17039, 21451, 23021, ICT_VERTICES)
"""The first vertex after each part of the mesh: face, head and neck, mouth socket, eye sockets, gums and tongue, teeth,
eyeballs. What follows (tears, lashes) is left out: no photo's fit needs it."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """An OBJ's contents: vertices [V, 3], texture coordinates [U, 2]; triangles [F, 3] of either."""

    vertices: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    triangles_uv: np.ndarray


def make_face_model(checkout: Path, out: Path, watch: Callable[[Iterable[Path]], Iterable[Path]]) -> None:
    """Write OUT/ict_facekit.npz.

    Args:
        checkout: the repository ICT-VGL/ICT-FaceKit, MIT licence.
        watch: passes on the files that are read, one by one, and shows how far it is.

    Raises:
        TrainingDataError: no checkout, or one of another version of the mesh.
    """
    neutral_file, *files = checked_files(checkout)
    neutral = read_obj(neutral_file)
    if len(neutral.vertices) < ICT_VERTICES:
        raise TrainingDataError(f"{neutral_file} has {len(neutral.vertices)} vertices, not {ICT_VERTICES} or more")
    mean = neutral.vertices[:ICT_VERTICES]
    axes = np.stack([_vertices(file.read_text())[:ICT_VERTICES] - mean for file in watch(files)]).astype(np.float16)
    kept = (neutral.triangles < ICT_VERTICES).all(1)
    triangles, triangles_uv = neutral.triangles[kept], neutral.triangles_uv[kept]
    out.mkdir(parents=True, exist_ok=True)
    partial = out / f".{FILE}"
    np.savez_compressed(
        partial,
        mean=mean,
        identity=axes[:IDENTITIES],
        expression=axes[IDENTITIES:],
        expression_names=np.array([_ict_name(slider.name) for slider in ARKIT.expression]),
        triangles=triangles,
        uv=neutral.uv,
        triangles_uv=triangles_uv,
        # Parts share the vertices of their rims, which belong to the earlier one: the last vertex tells.
        part=np.searchsorted(_PART_ENDS, triangles.max(1), side="right").astype(np.int8),
    )
    partial.rename(out / FILE)


def checked_files(checkout: Path) -> list[Path]:
    """The meshes of a checkout: neutral, identities, expressions. Raises TrainingDataError where one is missing."""
    identities = (f"identity{number:03d}" for number in range(IDENTITIES))
    names = (_ict_name(slider.name) for slider in ARKIT.expression)
    files = [checkout / FOLDER / f"{name}.obj" for name in (NEUTRAL, *identities, *names)]
    lacking = [file for file in (*files, checkout / FOLDER / VERTEX_INDICES) if not file.is_file()]
    if lacking:
        raise TrainingDataError(
            f"{lacking[0]} is missing: point --ict-facekit at a whole checkout of ICT-VGL/ICT-FaceKit"
        )
    return files


def read_obj(path: Path) -> Mesh:
    """Vertices, texture coordinates and faces of an OBJ, polygons cut into fans of triangles."""
    text = path.read_text()
    uv = np.array([line.split()[1:3] for line in text.splitlines() if line.startswith("vt ")], np.float32)
    corners = []
    for line in text.splitlines():
        if line.startswith("f "):
            first, *others = [tuple(map(int, corner.split("/")[:2])) for corner in line.split()[1:]]
            corners += [(first, *pair) for pair in pairwise(others)]
    indices = np.array(corners, np.int32) - 1  # [F, 3, (vertex, texture)]
    return Mesh(_vertices(text), uv, indices[..., 0], indices[..., 1])


def _vertices(text: str) -> np.ndarray:
    return np.array([line.split()[1:4] for line in text.splitlines() if line.startswith("v ")], np.float32)


def _ict_name(slider: str) -> str:
    """The file's name of a blendshape: sides are `_L` and `_R`, where left and right are not the motion itself."""
    if slider in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return slider
    return slider.replace("Left", "_L").replace("Right", "_R")
