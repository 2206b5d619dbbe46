"""The mesh of a photo's face, as others read it."""

from __future__ import annotations

import numpy as np
import pytest

from models.extractor import Crop
from models.extractor.landmarks import FACE_LANDMARKS
from models.face3d.photo_mesh import GROUPS, PhotoMesh
from tests.fitted_faces import SIDE, FittedPortrait

WIDTH, HEIGHT = 900, 700


@pytest.fixture(scope="module", params=[0, 1], ids=["upright", "sideways"])
def square(request: pytest.FixtureRequest) -> Crop:
    return Crop(100, 50, 2 * SIDE, request.param)


@pytest.fixture
def mesh(fitted: dict[str, FittedPortrait], square: Crop) -> PhotoMesh:
    return PhotoMesh.of(fitted["astronaut"].face, SIDE, square.to_picture, WIDTH, HEIGHT)


def parsed(text: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Vertices, texture coordinates and faces by group of an OBJ, read by its specification: faces count from 1."""
    rows: dict[str, list[list[float]]] = {"v": [], "vt": []}
    faces: dict[str, list[list[int]]] = {}
    group = ""
    for line in text.splitlines():
        word, *rest = line.split()
        if word == "g":
            group = rest[0]
        elif word == "f":
            corners = [corner.split("/") for corner in rest]
            assert all(vertex == texture for vertex, texture in corners)
            faces.setdefault(group, []).append([int(vertex) - 1 for vertex, _ in corners])
        elif word in rows:
            rows[word].append([float(value) for value in rest])
        else:
            assert word == "#"
    return np.array(rows["v"]), np.array(rows["vt"]), {name: np.array(values) for name, values in faces.items()}


def test_landmarks_lie_on_its_vertices(mesh: PhotoMesh, fitted: dict[str, FittedPortrait], square: Crop) -> None:
    portrait = fitted["astronaut"]
    on_photo = square.to_picture(portrait.landmarks[:FACE_LANDMARKS])
    apart = np.linalg.norm(mesh.vertices[portrait.face.model.landmarks, :2] - on_photo, axis=1)
    assert apart.mean() < 0.004 * square.side
    assert np.ptp(mesh.vertices[:, 2]) > 0.1 * square.side


def test_the_obj_holds_the_mesh_and_its_place_in_the_photo(mesh: PhotoMesh) -> None:
    vertices, texture, faces = parsed("".join(mesh.obj()))
    assert vertices == pytest.approx(mesh.vertices * (1, -1, 1) + (0, HEIGHT, 0), abs=1e-2)
    assert texture == pytest.approx(vertices[:, :2] / (WIDTH, HEIGHT), abs=1e-4)
    assert faces.keys() == GROUPS.keys()
    assert sum(map(len, faces.values())) == len(mesh.triangles)
    assert max(part.max() for part in faces.values()) < len(vertices)
    assert min(part.min() for part in faces.values()) == 0


def test_the_outside_of_the_obj_s_skin_is_towards_the_viewer(mesh: PhotoMesh) -> None:
    vertices, _, faces = parsed("".join(mesh.obj()))
    a, b, c = vertices[faces["face"]].swapaxes(0, 1)
    towards = np.cross(b - a, c - a)[:, 2]
    assert towards[towards > 0].sum() > 5 * -towards[towards < 0].sum()
    nose = vertices[np.argmax(vertices[:, 2])]
    centre = vertices[faces["face"].ravel(), :2].mean(0)
    assert np.linalg.norm(nose[:2] - centre) < 0.25 * np.ptp(vertices[:, 1]), "z grows towards the viewer"
