"""The bench around a real, tiny network, and sharpness at full resolution."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import pytest
import torch

from datasets.portraits import Portraits
from evaluation.renderer import sharpness
from evaluation.renderer.bench import RENDERED, UNEDITED, RendererBench, unedited
from evaluation.renderer.edit import Edit
from evaluation.renderer.sharpness import Sharpness, evaluate_sharpness, gradient_energy
from evaluation.renderer.sheets import contact_sheet, edit_sheets
from models.coefficients import ARKIT
from models.errors import NoFaceError
from models.extractor import Extraction, Extractor
from models.renderer import PRESETS, PIRenderer
from models.renderer.synthesis import tapered
from models.rendering import FrameRenderer
from tests.unit.evaluation.renderer import conftest


class SeeingExtractor(conftest.SpellingExtractor):
    """Finds a face in the middle of the picture, always the same."""

    def extract(self, crops: np.ndarray) -> Extraction:
        landmarks = np.repeat(conftest.face_landmarks()[None], len(crops), 0)
        return Extraction(np.zeros((len(crops), 59), np.float32), landmarks, np.ones(len(crops), np.float32))


def network() -> PIRenderer:
    torch.manual_seed(0)
    renderer = PIRenderer(PRESETS["debug"]).eval()
    for parameter in renderer.editing.last.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return renderer.requires_grad_(False)


@pytest.fixture(scope="module")
def bench() -> RendererBench:
    device = torch.device("cpu")
    renderers = {RENDERED: FrameRenderer(network(), device), UNEDITED: FrameRenderer(unedited(network()), device)}
    return RendererBench(ARKIT, cast(Extractor, SeeingExtractor()), renderers)


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    y, x = np.mgrid[0:256, 0:256]
    return np.stack([120 + 50 * np.sin(x / (9 + k)) * np.cos(y / 11) for k in range(3)], -1).astype(np.uint8)


def test_without_editing_the_picture_is_the_warped_one(bench: RendererBench, crop: np.ndarray) -> None:
    own = bench.coefficients(crop)
    made = bench.still(crop, own, Edit({"jawOpen": 0.5}).apply(ARKIT, own))
    source = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1
    renderer = network()
    windows = torch.from_numpy(Edit({"jawOpen": 0.5}).apply(ARKIT, own))[None, :, None]
    with torch.inference_mode():
        flow, _ = renderer.flow(source, renderer.descriptor(windows, torch.from_numpy(own)[None]))
        warped = renderer.move(source, tapered(flow))
    wanted = ((warped[0] + 1) * 127.5).permute(1, 2, 0).numpy()
    assert np.abs(made[UNEDITED] - wanted).max() <= 0.51
    assert np.abs(made[RENDERED].astype(int) - made[UNEDITED]).max() > 2


def test_pictures_come_at_the_crops_own_size(bench: RendererBench, crop: np.ndarray) -> None:
    own = bench.coefficients(crop)
    large = cv2.resize(crop, (320, 320))
    assert bench.render(large, own, own[None]).shape == (1, 320, 320, 3)


def test_a_picture_without_a_face_is_refused(bench: RendererBench, crop: np.ndarray) -> None:
    square = bench.square(crop)
    assert (square.x, square.y, square.side) == (0, 0, 256)
    with pytest.raises(NoFaceError):
        bench.square(0 * crop)


def test_gradient_energy_tells_sharp_from_soft(crop: np.ndarray) -> None:
    mask = np.zeros((256, 256), bool)
    mask[100:200, 100:200] = True
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    assert gradient_energy(noise, mask) > 20 * gradient_energy(soft, mask)
    outside = noise.copy()
    outside[100:201, 100:201] = 50
    assert gradient_energy(outside, mask) == 0


def test_a_soft_mouth_is_less_sharp_than_its_skin(crop: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharpness, "SIDE", 256)
    mouth = conftest.face_landmarks()[13] * 256

    class Softening(conftest.SpellingRenderer):
        def photo(self, image: np.ndarray, *others: Any) -> list[np.ndarray]:  # type: ignore[override]
            made = image.copy()
            x, y = (round(float(value)) for value in mouth)
            part = np.s_[y - 20 : y + 20, x - 40 : x + 40]
            made[part] = cv2.GaussianBlur(image, (0, 0), 8)[part]
            return [made]

    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    renderers = {RENDERED: cast(FrameRenderer, Softening())}
    soft = RendererBench(ARKIT, cast(Extractor, SeeingExtractor()), renderers)
    found, unmeasured = evaluate_sharpness(soft, {"noise": noise, "nobody": 0 * noise})
    assert list(unmeasured) == ["nobody"]
    assert len(found) == len(sharpness.EDITS)
    for one in found:
        assert one.against_skin("eyes") == pytest.approx(1, abs=0.1)
        assert one.against_skin("mouth") < 0.7
    assert Sharpness("x", {"mouth": 1.0, "eyes": 0.5, "skin": 0.5}).against_skin("mouth") == 2


@pytest.mark.slow
def test_sheets_repeat_with_their_seed(bench: RendererBench, crop: np.ndarray) -> None:
    spelled = conftest.spell(np.zeros(59, np.float32))
    portraits = cast(Portraits, type("One", (), {"picture": staticmethod(lambda number: spelled)})())
    arguments = (bench, conftest.geometry(spelled), portraits, np.array([0]))
    (_, first), (_, second) = edit_sheets(*arguments, [0, 1], 5)
    ((_, again),) = edit_sheets(*arguments, [1], 5)
    assert (second == again).all()
    assert (first != second).any()
    cell = contact_sheet([[("caption", crop)]])
    assert first.shape == (3 * cell.shape[0], 6 * cell.shape[1], 3)
    assert (cell[-256:] == crop).all()
