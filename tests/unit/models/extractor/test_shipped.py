"""The shipped detector and regressor on the two portraits that may be shown, and on pictures without a face."""

import numpy as np
import pytest
from PIL import Image

from models.coefficients import ARKIT
from models.extractor import CROP, Crop, Extractor, Face, square_crop

LIPS, EYES = (13, 14), (468, 473)  # inner lips, iris centres


def within(point: np.ndarray, expected: tuple[float, float], tolerance: float) -> bool:
    return bool(np.linalg.norm(np.subtract(point, expected)) < tolerance)


def only_face(extractor: Extractor, image: np.ndarray) -> Face:
    faces = extractor.detect(image)
    assert len(faces) == 1
    return faces[0]


def degrees(extractor: Extractor, crop: np.ndarray) -> np.ndarray:
    return np.degrees(extractor.extract(crop).coefficients[53:56])


def test_astronaut_has_one_face_where_it_is(extractor: Extractor, astronaut: np.ndarray) -> None:
    face = only_face(extractor, astronaut)
    x0, y0, x1, y1 = face.box
    assert within(np.array([(x0 + x1) / 2, (y0 + y1) / 2]), (226, 122), 8)
    assert 95 < x1 - x0 < 115
    eye, other_eye, nose, mouth, other_mouth = face.points
    assert within((eye + other_eye) / 2, (226, 103), 6)
    assert eye[0] < nose[0] < other_eye[0]
    assert eye[1] < nose[1] < mouth[1]
    assert mouth[0] < other_mouth[0]


def test_hopper_has_one_face_where_it_is(extractor: Extractor, hopper: np.ndarray) -> None:
    x0, y0, x1, y1 = only_face(extractor, hopper).box
    assert within(np.array([(x0 + x1) / 2, (y0 + y1) / 2]), (267, 231), 14)
    assert 180 < x1 - x0 < 220


def test_astronaut_smiles_and_hopper_does_not(extractor: Extractor, astronaut: np.ndarray, hopper: np.ndarray) -> None:
    smile = [ARKIT.index["mouthSmileLeft"], ARKIT.index["mouthSmileRight"]]
    weights = {}
    for name, image in (("astronaut", astronaut), ("hopper", hopper)):
        extraction = extractor.extract(square_crop(only_face(extractor, image).box).cut(image, CROP))
        weights[name] = extraction.coefficients[smile].mean()
        assert extraction.presence > 0.8
        assert extraction.coefficients.shape == (59,)
        assert ((extraction.coefficients[:53] >= 0) & (extraction.coefficients[:53] <= 1)).all()
    assert weights["astronaut"] > 0.4
    assert weights["hopper"] < weights["astronaut"] - 0.2


def test_landmarks_lie_on_the_face(extractor: Extractor, astronaut: np.ndarray) -> None:
    crop = square_crop(only_face(extractor, astronaut).box)
    landmarks = extractor.extract(crop.cut(astronaut, CROP)).landmarks * crop.side + (crop.x, crop.y)
    assert landmarks.shape == (478, 2)
    assert within(landmarks[list(EYES)].mean(0), (226, 103), 6)
    assert within(landmarks[list(LIPS)].mean(0), (225, 148), 6)


def test_batch_equals_single_crops(extractor: Extractor, astronaut: np.ndarray) -> None:
    crops = np.stack([Crop(140 + 4 * i, 20, 190).cut(astronaut, CROP) for i in range(3)])
    batch = extractor.extract(crops)
    for i, crop in enumerate(crops):
        assert batch.coefficients[i] == pytest.approx(extractor.extract(crop).coefficients, abs=1e-4)


def test_mirrored_face_gives_mirrored_coefficients(extractor: Extractor, astronaut: np.ndarray) -> None:
    crop = square_crop(only_face(extractor, astronaut).box).cut(astronaut, CROP)
    straight = extractor.extract(crop).coefficients
    mirrored = ARKIT.mirror(extractor.extract(np.ascontiguousarray(crop[:, ::-1])).coefficients)
    assert np.abs(straight[:53] - mirrored[:53]).mean() < 0.04
    assert np.degrees(np.abs(straight[53:56] - mirrored[53:56])).max() < 6


def test_turning_the_picture_turns_roll_alone(extractor: Extractor, astronaut: np.ndarray) -> None:
    x0, y0, x1, y1 = only_face(extractor, astronaut).box
    picture = Image.fromarray(astronaut)
    centre = ((x0 + x1) / 2, (y0 + y1) / 2)
    crop = square_crop((x0, y0, x1, y1))
    upright = degrees(extractor, crop.cut(astronaut, CROP))
    turned = degrees(
        extractor, crop.cut(np.asarray(picture.rotate(-15, Image.Resampling.BICUBIC, center=centre)), CROP)
    )
    assert turned[2] - upright[2] == pytest.approx(15, abs=4)  # Pillow's negative angle is clockwise
    assert np.abs(turned[:2] - upright[:2]).max() < 8


def test_jittered_crops_agree(extractor: Extractor, astronaut: np.ndarray) -> None:
    crop = square_crop(only_face(extractor, astronaut).box)
    rng = np.random.default_rng(0)
    results = []
    for _ in range(12):
        dx, dy, ds = (round(v) for v in rng.normal(0, 0.02, 3) * crop.side)
        results.append(
            extractor.extract(Crop(crop.x + dx, crop.y + dy, crop.side + ds).cut(astronaut, CROP)).coefficients
        )
    spread = np.std(results, 0)
    assert spread[:53].max() < 0.12
    assert np.degrees(spread[53:56]).max() < 3


@pytest.mark.parametrize("scale", [0.3, 2.5])
def test_small_and_large_copies_give_the_same_box(extractor: Extractor, astronaut: np.ndarray, scale: float) -> None:
    size = round(512 * scale)
    copy = np.asarray(Image.fromarray(astronaut).resize((size, size), Image.Resampling.LANCZOS))
    expected = np.array(only_face(extractor, astronaut).box)
    assert np.abs(np.array(only_face(extractor, copy).box) / scale - expected).max() < 12


@pytest.mark.parametrize("kind", ["black", "white", "noise", "pixel", "ramp", "strip"])
def test_pictures_without_a_face_give_none(extractor: Extractor, kind: str) -> None:
    ramp = np.linspace(0, 255, 400)[:, None, None] * np.ones((1, 300, 3))
    picture = {
        "black": np.zeros((240, 320, 3)),
        "white": np.full((500, 400, 3), 255),
        "noise": np.random.default_rng(1).integers(0, 256, (300, 300, 3)),
        "pixel": np.full((1, 1, 3), 90),
        "ramp": ramp,
        "strip": np.full((3, 4000, 3), 130),
    }[kind]
    assert extractor.detect(picture.astype(np.uint8)) == []


@pytest.mark.parametrize("name", ["coffee", "text", "page", "rocket"])
def test_photos_without_a_face_give_none(extractor: Extractor, name: str) -> None:
    from skimage import data

    picture = getattr(data, name)()
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, -1)
    assert extractor.detect(picture) == []


def test_presence_tells_a_face_from_a_background(extractor: Extractor) -> None:
    from skimage import data

    assert extractor.extract(Crop(0, 0, 400).cut(data.coffee(), CROP)).presence < 0.5
