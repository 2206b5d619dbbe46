"""Transparency: taken from a photo, and found again in its frames."""

import numpy as np
import pytest

from models.coefficients import apply_controls
from models.portrait import PortraitEditor, Source
from models.transparency import over_black, recovered, split


@pytest.fixture
def translucent() -> np.ndarray:
    """[64, 256, 4]: noise of every alpha."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 256, 4), np.uint8)
    noise[..., 3] = np.arange(256)
    return noise


def test_a_picture_over_both_colours_tells_its_transparency(translucent: np.ndarray) -> None:
    white, alpha = split(translucent)
    assert alpha is not None
    weight = alpha[..., None] / 255
    assert np.abs(white - (translucent[..., :3] * weight + 255 * (1 - weight))).max() <= 0.5
    black = over_black(white, alpha)
    assert np.abs(black - translucent[..., :3] * weight).max() <= 1
    [again] = recovered([white], [black])
    assert (again[..., 3] == alpha).all()
    assert (again[:, 255] == translucent[:, 255]).all(), "what is opaque stays as it is"
    seen = alpha > 127
    assert np.abs(again[seen].astype(int) - translucent[seen]).max() <= 2


def test_an_opaque_picture_has_none(astronaut: np.ndarray) -> None:
    picture, alpha = split(astronaut)
    assert picture is astronaut
    assert alpha is None


@pytest.fixture(scope="module")
def editor() -> PortraitEditor:
    return PortraitEditor.load(device="cpu", threads=1)


@pytest.fixture(scope="module")
def cut_out(editor: PortraitEditor, astronaut: np.ndarray) -> Source:
    """Her head, cut out as an ellipse with a soft edge."""
    rows, columns = np.mgrid[:512, :512]
    distance = np.hypot((columns - 224) / 80, (rows - 105) / 95)
    alpha = (255 * np.clip((1.05 - distance) / 0.1, 0, 1)).astype(np.uint8)
    return editor.analyse(np.dstack([astronaut, alpha]))


def frame(editor: PortraitEditor, source: Source, **controls: object) -> np.ndarray:
    motion = apply_controls(editor.space, source.coefficients, **controls)[None]  # type: ignore[arg-type]
    return next(editor.render(source, motion, alpha=True))


def centre(alpha: np.ndarray) -> float:
    """The mean column of the upper half of the head, weighted by how opaque it is."""
    above = alpha[:105].astype(float).sum(0)
    return float((above * np.arange(512)).sum() / above.sum())


def test_an_edit_of_nothing_keeps_the_transparency_exactly(
    editor: PortraitEditor, cut_out: Source, astronaut: np.ndarray
) -> None:
    still = frame(editor, cut_out)
    assert cut_out.alpha is not None
    assert (still[..., 3] == cut_out.alpha).all()
    opaque = cut_out.alpha == 255
    assert (still[opaque][:, :3] == astronaut[opaque]).all()


@pytest.mark.slow
def test_the_outline_moves_with_the_head(editor: PortraitEditor, cut_out: Source) -> None:
    assert cut_out.alpha is not None
    moved = frame(editor, cut_out, pose={"x": 0.06})
    side = cut_out.crop.side
    assert centre(moved[..., 3]) - centre(cut_out.alpha) > 0.01 * side, "to the right, as the head does"
    assert moved[100, 224 + 10, 3] == 255, "a face is not seen through"
    assert moved[400, 50, 3] == 0, "nor is anything seen where nothing was"
    without = next(editor.render(cut_out, cut_out.coefficients[None]))
    assert without.shape == (512, 512, 3), "where the format has no place for it"
