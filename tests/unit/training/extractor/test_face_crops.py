import numpy as np
import pytest

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos, mirror_order
from datasets.same_identity_pairs import SameIdentityPairs
from models.coefficients import ARKIT
from models.extractor.regressor import CROP
from training.extractor.appearance import degrade
from training.extractor.face_crops import FaceCrops, cover, face_sample

NO_MISTAKES = np.zeros((0, CROP, CROP, 3), np.uint8)


def red_under_landmarks(sample: dict[str, np.ndarray]) -> float:
    """Share of the marked landmarks under which the picture is red."""
    places = np.clip((sample["landmarks"][::50] * CROP).astype(int), 0, CROP - 1)
    colours = sample["picture"][places[:, 1], places[:, 0]].astype(int)
    return float((colours[:, 0] - colours[:, 1] > 60).mean())


@pytest.mark.parametrize("jitter", [False, True])
def test_landmarks_stay_on_the_picture(faces: FacePhotos, jitter: bool) -> None:
    for seed in range(10):
        assert red_under_landmarks(face_sample(faces, seed % 2, np.random.default_rng(seed), jitter=jitter)) == 1


def test_plain_crop_follows_the_policy(faces: FacePhotos) -> None:
    sample = face_sample(faces, 0, np.random.default_rng(0), jitter=False)
    low, high = sample["landmarks"].min(0), sample["landmarks"].max(0)
    assert (high - low).max() == pytest.approx(137.125 / 256, abs=1e-3)
    assert ((low + high) / 2)[0] == pytest.approx(0.5, abs=0.01)
    assert sample["coefficients"][:53] == pytest.approx(faces.expression[0])
    assert sample["coefficients"][53:56] == pytest.approx([0.2, -0.1, 0.05], abs=1e-5)


def test_origin_of_the_3dmm_moves_with_the_picture(faces: FacePhotos) -> None:
    sample = face_sample(faces, 0, np.random.default_rng(3), jitter=True)
    plain = face_sample(faces, 0, np.random.default_rng(3), jitter=False)
    # The 3DMM's origin was put at (144, 155), the middle of the landmark cloud: it must stay there.
    for one in (sample, plain):
        assert one["coefficients"][56:58] + 0.5 == pytest.approx(one["landmarks"].mean(0), abs=0.03)


def test_mirror_keeps_landmarks_on_the_picture_and_swaps_sides(faces: FacePhotos, backgrounds: Backgrounds) -> None:
    crops = FaceCrops([(SameIdentityPairs.same(faces), 1.0)], mirror_order(faces.landmarks), backgrounds, NO_MISTAKES)
    sample = face_sample(faces, 0, np.random.default_rng(5), jitter=True)
    flipped = crops.mirror(sample)
    # The dots mark landmarks 0, 50, 100 …: in the mirrored picture they lie under the partners' places.
    order = mirror_order(faces.landmarks)
    assert flipped["landmarks"][order][::50][:, 0] == pytest.approx(1 - sample["landmarks"][::50][:, 0])
    places = (flipped["landmarks"][order][::50] * CROP).astype(int)
    assert (flipped["picture"][places[:, 1], places[:, 0], 0] > 100).all()
    left, right = ARKIT.index["eyeBlinkLeft"], ARKIT.index["eyeBlinkRight"]
    assert flipped["coefficients"][left] == sample["coefficients"][right]
    assert flipped["coefficients"][53] == -sample["coefficients"][53]
    again = crops.mirror(flipped)
    assert np.array_equal(again["picture"], sample["picture"])
    assert again["landmarks"] == pytest.approx(sample["landmarks"], abs=1e-6)


def test_samples_have_the_shapes_that_the_network_wants(faces: FacePhotos, backgrounds: Backgrounds) -> None:
    crops = FaceCrops(
        [(SameIdentityPairs.same(faces), 0.5)] * 2, mirror_order(faces.landmarks), backgrounds, NO_MISTAKES
    )
    samples = [crops.draw(seed) for seed in range(60)]
    assert {sample["picture"].shape for sample in samples} == {(CROP, CROP, 3)}
    assert {float(sample["presence"]) for sample in samples} == {0.0, 1.0}
    assert all(not sample["known"].any() for sample in samples if sample["presence"] == 0)
    assert all(np.isfinite(value).all() for sample in samples for value in sample.values())


def test_unknown_landmarks_are_marked_so(faces: FacePhotos) -> None:
    faces.landmarks[0, 470] = np.nan
    sample = face_sample(faces, 0, np.random.default_rng(0), jitter=True)
    assert sample["known"].sum() == 477
    assert np.isfinite(sample["landmarks"]).all()


def test_degrading_changes_colours_but_not_places() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:44, 30:54] = 200
    for seed in range(30):
        grey = degrade(picture, np.random.default_rng(seed)).astype(float).mean(-1)
        assert grey.shape == (64, 64)
        assert grey[24:40, 34:50].mean() > grey[:16].mean() + 15


def test_cover_hides_a_part_only() -> None:
    rng = np.random.default_rng(0)
    white, black = np.full((128, 128, 3), 255, np.uint8), np.zeros((128, 128, 3), np.uint8)
    fractions = [(cover(white, black, rng) == 0).mean() for _ in range(20)]
    assert min(fractions) > 0
    assert max(fractions) < 0.25


def test_mistakes_of_a_detector_are_shown_as_no_face(faces: FacePhotos, backgrounds: Backgrounds) -> None:
    green = np.zeros((1, CROP, CROP, 3), np.uint8)
    green[..., 1] = 250
    crops = FaceCrops([(SameIdentityPairs.same(faces), 1.0)], mirror_order(faces.landmarks), backgrounds, green)
    samples = [crops.draw(seed) for seed in range(120)]
    shown = [s for s in samples if s["picture"][..., 1].mean() > s["picture"][..., 0].mean() + 60.0]
    assert len(shown) > 3
    assert all(sample["presence"] == 0 for sample in shown)


def test_neighbouring_samples_show_one_person_mirrored_or_not_alike(
    faces: FacePhotos, backgrounds: Backgrounds
) -> None:
    faces.expression[1] *= 0.5
    crops = FaceCrops([(SameIdentityPairs.same(faces), 1.0)], mirror_order(faces.landmarks), backgrounds, NO_MISTAKES)
    pairs = [(crops.draw(2 * k), crops.draw(2 * k + 1)) for k in range(30)]
    whole = [pair for pair in pairs if all(sample["presence"] for sample in pair)]
    assert len(whole) > 10
    for first, second in whole:
        assert np.array_equal(first["coefficients"][:53], second["coefficients"][:53])
        assert not np.array_equal(first["picture"], second["picture"])
    assert len({tuple(first["coefficients"][:53]) for first, _ in whole}) == 4  # two people, mirrored and not
