"""Heads that turn over their background: what stays, what is filled in, and what of the hidden side is seen."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.coefficients import ARKIT, apply_controls
from models.renderer.layers.compose import LayeredSource
from models.renderer.layers.head_alpha import head_alpha
from models.renderer.layers.head_sheet import HeadSheet
from models.renderer.layers.masks import Window
from models.renderer.layers.plate import taken_apart
from models.renderer.layers.skull import skull
from models.renderer.layers.source import PosedFace, SourceLayers
from models.renderer.layers.turned import TurnedHead
from tests.fitted_faces import SIDE, FittedPortrait

NAMES = ("astronaut", "hopper")
NO_FLOW, NO_PAINT = np.zeros((64, 64, 2), np.float32), np.zeros((256, 256, 4), np.float32)
TURNS = ({"yaw": 25.0}, {"yaw": -25.0}, {"pitch": 15.0}, {"pitch": -15.0}, {"roll": 15.0})
GRID = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(np.float32)


class Turning:
    """A portrait taken apart once for all tests of a module."""

    def __init__(self, portrait: FittedPortrait) -> None:
        self.portrait = portrait
        self.layers = SourceLayers(portrait.crop, portrait.face)
        self.source = LayeredSource(portrait.crop, lambda: self.layers)
        self.head = TurnedHead(portrait.crop, self.layers)

    def wanted(self, **pose: float) -> np.ndarray:
        return apply_controls(ARKIT, self.portrait.coefficients, pose=pose)

    def posed(self, **pose: float) -> PosedFace:
        return self.layers.posed(self.wanted(**pose))

    def frame(self, **pose: float) -> np.ndarray:
        return self.source.frame(NO_FLOW, NO_PAINT, self.source.begun(self.wanted(**pose)))

    def beyond_reach(self) -> np.ndarray:
        """Pixels above the chin that are too far from the head for its hair."""
        reach = skull(self.portrait.face.pose, GRID.reshape(-1, 2))[0].reshape(SIDE, SIDE)
        chin = self.portrait.face.placed[self.portrait.face.model.landmarks[152], 1]
        return (reach > 2) & (GRID[..., 1] < chin - 0.1 * SIDE)


@pytest.fixture(scope="module")
def turning(fitted: dict[str, FittedPortrait]) -> dict[str, Turning]:
    return {name: Turning(fitted[name]) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pose", TURNS)
def test_the_background_stays_and_the_head_is_in_one_piece(
    turning: dict[str, Turning], name: str, pose: dict[str, float]
) -> None:
    source = turning[name]
    far = source.beyond_reach()
    assert far.sum() > 40
    assert (source.frame(**pose)[far] == source.portrait.crop[far]).all()
    alpha = source.head.frame(source.posed(**pose)).alpha
    pieces, _, sizes, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    assert pieces == 2  # the background is one
    assert sizes[1, cv2.CC_STAT_AREA] > 0.15 * SIDE**2


@pytest.mark.parametrize("name", NAMES)
def test_the_background_does_not_bend(turning: dict[str, Turning], name: str) -> None:
    source = turning[name]
    left, right = (source.head.frame(source.posed(yaw=yaw)) for yaw in (-25, 25))
    behind = (left.alpha == 0) & (right.alpha == 0)
    assert behind.mean() > 0.1
    assert (left.picture[behind] == right.picture[behind]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_turn_comes_in_without_a_jump(turning: dict[str, Turning], name: str) -> None:
    source = turning[name]

    def step(yaw: float) -> float:
        """Mean change over a hundredth of a slider's range."""
        return float(np.abs(source.frame(yaw=yaw + 0.3).astype(float) - source.frame(yaw=yaw)).mean())

    ordinary = step(12)
    assert max(step(yaw) for yaw in (0, 0.3, 0.6, 0.9, 3)) < 1.6 * ordinary
    rest = source.head.frame(source.posed()).picture
    assert np.abs(rest - source.portrait.crop).mean() < 0.3


def test_a_face_that_keeps_its_place_is_not_taken_apart(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    source = LayeredSource(portrait.crop, lambda: SourceLayers(portrait.crop, portrait.face))
    requested = apply_controls(ARKIT, portrait.coefficients, expression={"mouthSmile": 0.5})
    source.frame(NO_FLOW, NO_PAINT, source.begun(requested))
    assert "_turned" not in vars(source)
    source.begun(apply_controls(ARKIT, portrait.coefficients, pose={"roll": 3.0}))
    assert "_turned" in vars(source)


@pytest.mark.parametrize("degrees", [25.0, -25.0])
def test_a_face_that_looks_aside_gets_its_hidden_side_back(turning: dict[str, Turning], degrees: float) -> None:
    """Turned aside, that picture taken for the photo and turned to the front again, the face is nearly what it was."""
    source = turning["astronaut"]
    aside = source.frame(yaw=degrees)
    face = replace(source.portrait.face, pose=source.posed(yaw=degrees).pose)
    layers = SourceLayers(aside, face)
    turned_back = LayeredSource(aside, lambda: layers)
    front = turned_back.frame(NO_FLOW, NO_PAINT, turned_back.begun(source.wanted()))
    inside = np.zeros((SIDE, SIDE), np.uint8)
    oval = source.portrait.face.placed[source.portrait.face.model.landmarks[list(OVAL)], :2]
    cv2.fillConvexPoly(inside, cv2.convexHull(np.rint(oval).astype(np.int32)), 1)
    wrong = np.abs(cv2.GaussianBlur(front, (0, 0), 2) - cv2.GaussianBlur(source.portrait.crop, (0, 0), 2).astype(float))
    assert wrong[inside > 0].mean() < 6
    for rims in source.portrait.face.model.lid_rims:
        eye = Window.around(source.portrait.face.placed[rims.ravel(), :2], 6, SIDE)
        likeness = cv2.matchTemplate(front, source.portrait.crop[eye.place], cv2.TM_CCOEFF_NORMED)
        rows, columns = np.indices(likeness.shape)
        on_face = inside[rows + eye.height // 2, columns + eye.width // 2] > 0
        assert likeness[on_face].max() > 0.8  # it is there,
        assert likeness[~on_face].max() < 0.7  # and beside the face is none


def test_a_grey_face_that_looks_aside_stays_grey(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    grey = np.repeat(cv2.cvtColor(portrait.crop, cv2.COLOR_RGB2GRAY)[..., None], 3, -1)
    pose = (
        SourceLayers(grey, portrait.face).posed(apply_controls(ARKIT, portrait.coefficients, pose={"yaw": 20.0})).pose
    )
    aside = LayeredSource(grey, lambda: SourceLayers(grey, replace(portrait.face, pose=pose)))
    assert np.ptp(aside.frame(NO_FLOW, NO_PAINT, aside.begun(portrait.coefficients)), axis=-1).max() <= 1


def test_the_sheet_rests_in_the_photos_pose_and_keeps_the_border(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["hopper"]
    sheet = HeadSheet(portrait.face, SIDE)
    own = sheet.places(portrait.face.pose)
    assert np.abs(np.dstack([own.columns, own.rows]) - GRID)[own.shown > 0.99].max() < 0.1
    turned = SourceLayers(portrait.crop, portrait.face).posed(
        apply_controls(ARKIT, portrait.coefficients, pose={"roll": 20.0})
    )
    moved = sheet.places(turned.pose)
    places = np.dstack([moved.columns, moved.rows])
    assert np.abs(places - GRID)[0].max() < 3
    assert np.abs(places - GRID)[SIDE // 3].max() > 10


@pytest.mark.parametrize("name", NAMES)
def test_an_alpha_holds_the_face_and_is_the_same_every_time(fitted: dict[str, FittedPortrait], name: str) -> None:
    portrait = fitted[name]
    alpha = head_alpha(portrait.crop, portrait.face)
    assert (alpha == head_alpha(portrait.crop, portrait.face)).all()
    columns, rows = np.rint(portrait.face.placed[portrait.face.model.landmarks, :2]).astype(int).T
    assert np.percentile(alpha[rows, columns], 5) > 0.9
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    assert alpha[: SIDE // 8, : SIDE // 16].max() == 0


def test_what_a_head_covers_is_filled_from_around_it(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    wall = np.full((SIDE, SIDE, 3), (60, 120, 200), np.uint8)
    alpha = head_alpha(portrait.crop, portrait.face)
    photo = np.where(alpha[..., None] > 0.02, portrait.crop, wall)
    parts = taken_apart(photo, alpha, HeadSheet(portrait.face, SIDE))
    head = (alpha > 0.5) & (GRID[..., 1] < SIDE // 2)
    assert np.abs(parts.plate[head] - wall[head]).max() < 12
    far = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((51, 51))) == 0
    assert far.sum() > 1000
    assert (parts.plate[far] == photo[far]).all()
    solid = cv2.erode((alpha > 0.999).astype(np.uint8), np.ones((5, 5))) > 0
    assert np.abs(parts.person - photo)[solid].max() < 1e-3


OVAL = (10, 297, 284, 389, 454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234, 162, 54, 67)
