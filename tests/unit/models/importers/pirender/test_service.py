"""A portrait, a driver and a document with an imported bundle: the whole way that the routes take."""

from __future__ import annotations

import numpy as np
import pytest

from models.bundle import Bundle, load_extractor
from models.coefficients import BFM, Transfer, apply_controls, transfer
from models.coefficients.bfm import pirender_vector
from models.extractor.deep3d import Deep3DExtractor
from models.extractor.motion import tracked_motion
from models.portrait import PortraitEditor, Source


@pytest.fixture(scope="module")
def editor(imported: Bundle) -> PortraitEditor:
    return PortraitEditor.load(imported.folder, device="cpu", threads=1)


@pytest.fixture(scope="module")
def source(editor: PortraitEditor, astronaut: np.ndarray) -> Source:
    return editor.analyse(astronaut)


def test_coefficients_are_read_in_the_bundles_space(source: Source, editor: PortraitEditor) -> None:
    assert editor.space is BFM
    assert source.coefficients.shape == (73,)
    s, t_x, t_y = pirender_vector(source.coefficients)[70:]
    assert 0.7 < s < 1.6, "the square shows a face about as large as the aligned picture does"
    assert abs(t_x - 128) < 40
    assert abs(t_y - 128) < 40


def test_sliders_and_raw_coefficients_reach_the_picture(editor: PortraitEditor, source: Source) -> None:
    # A descriptor reaches the random network's flow, if not a face: this tells that it is not lost on the way.
    pictures = [
        next(editor.render(source, apply_controls(BFM, source.coefficients, **controls)[None], paste_back=False))
        for controls in ({}, {"expression": {"exp_0": 1.0}}, {"pose": {"yaw": 30, "x": 0.1}})
    ]
    assert pictures[0].shape == (source.crop.side, source.crop.side, 3)
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_a_track_is_put_on_the_portrait_with_crop_normalisation(
    editor: PortraitEditor, source: Source, hopper: np.ndarray
) -> None:
    frames = [(i / 25, np.roll(hopper, 6 * i, axis=1)) for i in range(3)]
    track = tracked_motion(BFM, editor.track(frames), 25.0).smoothed(0.5)
    motion = transfer(BFM, source.coefficients, track.motion.coefficients, Transfer("absolute"))
    assert motion.shape == (3, 73)
    nearest = motion[:, -1] - track.motion.coefficients[:, -1]
    assert np.ptp(nearest) < 1e-5, "log zoom differs by source / reference alone"
    assert motion[-1, -3] > motion[0, -3], "the head goes where the driver's goes"
    assert len(list(editor.render(source, motion))) == 3


def test_a_batch_is_read_like_its_frames(imported: Bundle, source: Source) -> None:
    extractor = load_extractor(imported, threads=1)
    assert isinstance(extractor, Deep3DExtractor)
    crop = source.crop.cut(source.image, 256)
    batch = extractor.extract(np.stack([crop, crop[:, ::-1]]))
    np.testing.assert_allclose(batch.coefficients[0], extractor.extract(crop).coefficients, atol=1e-4)
    assert batch.coefficients.shape == (2, 73)
    assert not np.allclose(batch.coefficients[0], batch.coefficients[1], atol=1e-3)
