"""Neutral shapes as a stand-in for identity."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.landmarker import FaceReading
from evaluation.photos import Photo
from evaluation.renderer import identity
from evaluation.renderer.identity import evaluate_identity, millimetres, neutral_shape
from models.coefficients import ARKIT, rotation_matrix
from models.face3d.landmark_mesh import LandmarkMesh
from tests.unit.evaluation.renderer.conftest import (
    HalvingJudge,
    SpellingRenderer,
    bench,
    geometry,
    read,
    spell,
)

SMILE = ARKIT.index["mouthSmileLeft"]


@pytest.fixture(scope="module")
def mesh() -> LandmarkMesh:
    rng = np.random.default_rng(0)
    identity, expression = rng.normal(0, 0.25, (4, 468, 3)), rng.normal(0, 0.3, (53, 468, 3))
    return LandmarkMesh(rng.normal(0, 5, (468, 3)), identity, expression)


def reading(mesh: LandmarkMesh, identity: np.ndarray, smile: float) -> FaceReading:
    shape = mesh.mean + np.tensordot(identity, mesh.identity, 1) + smile * mesh.expression[SMILE]
    turned = 8 * shape @ rotation_matrix(0.2, 0.1, 0).T * (1, -1, -1) + (128, 120, 0)
    scores = np.zeros(53, np.float32)
    scores[SMILE] = smile
    return FaceReading(np.concatenate([turned, np.zeros((10, 3))]).astype(np.float32), scores, np.eye(3))


def test_a_smile_changes_identity_less_than_another_person_does(mesh: LandmarkMesh) -> None:
    one, other = np.array([0.8, -1, 0.5, 0]), np.array([-0.5, 0.3, -1, 0.7])
    rest, smiling, stranger = (
        neutral_shape(mesh, reading(mesh, *who)) for who in ((one, 0.0), (one, 0.7), (other, 0.0))
    )
    assert millimetres(rest, smiling) < 0.3 * millimetres(rest, stranger)
    assert millimetres(rest, rest) == 0
    assert millimetres(rest, rest + np.array([0.3, 0, 0.4])) == pytest.approx(5)


def test_pictures_are_held_against_their_photo(portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "neutral_shape", lambda mesh, seen: np.full((468, 3), seen.scores[0] / 3**0.5))
    other = read(portrait)
    other[0] += 0.4
    photos = [Photo(0, portrait, colour=True), Photo(1, spell(other), colour=True)]

    class Distorting(SpellingRenderer):
        def photo(self, *arguments: np.ndarray) -> list[np.ndarray]:  # type: ignore[override]
            return [spell(one + 0.2 * (np.arange(59) == 0)) for one in arguments[3]]

    mesh = LandmarkMesh(*(np.zeros((468, 3)) for _ in range(3)))
    pictures = geometry(*(photo.picture for photo in photos))
    found = evaluate_identity(bench(Distorting(), judge=HalvingJudge()), pictures, mesh, photos)
    assert found is not None
    assert found.rendered == pytest.approx([1, 1])  # 0.2, halved by the judge, in centimetres
    assert found.known == pytest.approx([0, 0], abs=1e-6)
    assert found.stranger == pytest.approx([2])
    assert evaluate_identity(bench(), pictures, mesh, photos) is None
