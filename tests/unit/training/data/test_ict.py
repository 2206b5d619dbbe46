"""A checkout of ICT-FaceKit becomes the 3DMM: axes are differences of meshes, polygons become triangles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.errors import TrainingDataError
from training.data import ict

VERTICES = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [9, 9, 9]], np.float32)


def obj(vertices: np.ndarray) -> str:
    """A quadrangle, a triangle and a polygon of vertices that are left out, with texture coordinates."""
    lines = ["# a head", *(f"v {x} {y} {z}" for x, y, z in vertices), "vt 0.0 0.5", "vt 1.0 0.25"]
    return "\n".join([*lines, "f 1/1 2/2 3/1 4/2", "f 2/1 5/2 3/1", "f 5/1 6/1 3/1"])


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of a head of five vertices and three identities."""
    monkeypatch.setattr(ict, "ICT_VERTICES", 5)
    monkeypatch.setattr(ict, "IDENTITIES", 3)
    monkeypatch.setattr(ict, "_PART_ENDS", (4, 5))
    folder = tmp_path / "checkout" / ict.FOLDER
    folder.mkdir(parents=True)
    (folder / ict.VERTEX_INDICES).write_text("{}")
    for number, file in enumerate(ict_files(tmp_path / "checkout")):
        file.write_text(obj(VERTICES + np.array([0, number, 0])))
    return tmp_path / "checkout"


def ict_files(checkout: Path) -> list[Path]:
    motions = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
    names = [slider.name for slider in ARKIT.expression]
    sided = [n if n in motions else n.replace("Left", "_L").replace("Right", "_R") for n in names]
    identities = [f"identity{number:03d}" for number in range(3)]
    return [checkout / ict.FOLDER / f"{name}.obj" for name in ("generic_neutral_mesh", *identities, *sided)]


def test_axes_are_what_a_mesh_differs_by(checkout: Path, tmp_path: Path) -> None:
    read = []
    ict.make_face_model(checkout, tmp_path / "data", lambda files: (read.append(file) or file for file in files))
    with np.load(tmp_path / "data" / ict.FILE) as file:
        assert (file["mean"] == VERTICES[:5]).all()
        assert file["identity"][:, 0, 1].tolist() == [1, 2, 3]
        assert file["expression"].shape == (53, 5, 3)
        assert file["expression"][:, 4, 1].tolist() == list(range(4, 57)), "in the order of the sliders"
        assert file["triangles"].tolist() == [[0, 1, 2], [0, 2, 3], [1, 4, 2]]
        assert file["part"].tolist() == [0, 0, 1], "a triangle on a rim is of the later part"
        assert file["uv"].tolist() == [[0, 0.5], [1, 0.25]]
        assert file["triangles_uv"].tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert len(read) == 56


def test_half_a_checkout_is_named(checkout: Path, tmp_path: Path) -> None:
    (checkout / ict.FOLDER / "jawOpen.obj").unlink()
    with pytest.raises(TrainingDataError, match=r"jawOpen\.obj is missing.*--ict-facekit"):
        ict.make_face_model(checkout, tmp_path / "data", lambda files: files)
    assert not (tmp_path / "data").exists()
