"""Portraits: what is read, what is left out and why, and a run that was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import skimage.data
from PIL import Image

from datasets.extractor_reader import ExtractorReader
from datasets.portraits import Portraits
from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.errors import TrainingDataError
from models.face3d.landmark_mesh import LandmarkMesh
from tests.landmark_head import write_landmark_head
from training.data.origins import Input, inputs
from training.data.portraits import make_portraits
from training.data.read_portrait import PortraitMaker

pytestmark = pytest.mark.slow

SETTINGS = {"labeller": "extractor"}


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> PortraitMaker:
    mesh = LandmarkMesh.load(write_landmark_head(tmp_path_factory.mktemp("head")))
    extractor = load_extractor(open_bundle(DEFAULT_BUNDLE), threads=1)
    return PortraitMaker(extractor, ExtractorReader(extractor, mesh), mesh, 60)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two people, one of them twice; two people in one; nobody; a small face; no picture at all."""
    folder = tmp_path / "photos"
    folder.mkdir()
    astronaut = Image.fromarray(skimage.data.astronaut())
    astronaut.save(folder / "a.png")
    astronaut.resize((480, 480)).save(folder / "again.jpg")
    shutil.copy(Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg"), folder / "hopper.jpg")
    both = Image.new("RGB", (1024, 512))
    both.paste(astronaut, (0, 0))
    both.paste(astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (512, 0))
    both.save(folder / "both.png")
    Image.fromarray(skimage.data.coffee()).save(folder / "coffee.png")
    astronaut.resize((200, 200)).save(folder / "small.png")
    (folder / "text.jpg").write_bytes(b"no picture")
    return folder


def found(photos: Path) -> list[Input]:
    return inputs(photos, ["png", "jpg"], "tests", "public domain")


def passed(things: Iterable[Input]) -> Iterable[Input]:
    return things


def test_what_makes_no_portrait_is_left_out_with_the_reason(maker: PortraitMaker, photos: Path, tmp_path: Path) -> None:
    made = make_portraits(tmp_path, found(photos), maker, SETTINGS, 0.5, passed)
    assert made.portraits == 2
    assert made.people == {"train": 1, "test": 1}
    assert made.left_out == {
        "duplicate": ["again.jpg"],
        "several faces": ["both.png"],
        "no face": ["coffee.png"],
        "too small a face": ["small.png"],
        "not a picture that can be read": ["text.jpg"],
    }


def test_a_portrait_shows_the_face_where_serving_sees_it(maker: PortraitMaker, photos: Path, tmp_path: Path) -> None:
    make_portraits(tmp_path, found(photos), maker, SETTINGS, 0.5, passed)
    portraits = Portraits(tmp_path, "train")
    assert [row["original"] for row in portraits.rows] == ["a.png", "hopper.jpg"]
    origins = {(row["source"], row["licence"], row["colour"]) for row in portraits.rows}
    assert origins == {("tests", "public domain", "1")}
    for number in range(2):
        picture, landmarks = portraits.picture(number), portraits.landmarks[number]
        assert picture.shape == (288, 288, 3)
        assert np.ptp(landmarks[:468, :2], axis=0).max() == pytest.approx(137.1, abs=1)
        middle = (landmarks[:468, :2].min(0) + landmarks[:468, :2].max(0)) / 2
        assert middle == pytest.approx([144, 155], abs=2)
        own = maker.mesh.mean @ portraits.pose(number).rotation.T * portraits.pose(number).scale
        nose = (own + portraits.pose(number).translation)[1, :2] * (1, -1)
        assert nose == pytest.approx(landmarks[1, :2], abs=6), "the fit lies on the landmarks"


def test_a_run_that_was_stopped_goes_on(maker: PortraitMaker, photos: Path, tmp_path: Path) -> None:
    def stopped(things: Iterable[Input]) -> Iterator[Input]:
        yield from list(things)[:1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_portraits(tmp_path, found(photos), maker, SETTINGS, 0.5, stopped)
    deaf = replace(maker, reader=None)  # type: ignore[arg-type]
    few = [one for one in found(photos) if one.name == "a.png"]
    assert make_portraits(tmp_path, few, deaf, SETTINGS, 0, passed).portraits == 1, "what was read is not read again"
    before = (tmp_path / "portraits" / "index.csv").read_text().splitlines()
    make_portraits(tmp_path, found(photos), maker, SETTINGS, 0, passed)
    assert (tmp_path / "portraits" / "index.csv").read_text().splitlines()[: len(before)] == before
    with pytest.raises(TrainingDataError, match="begun with another labeller"):
        make_portraits(tmp_path, found(photos), maker, {"labeller": "mediapipe"}, 0, passed)


def test_a_corrected_table_corrects_the_index(maker: PortraitMaker, photos: Path, tmp_path: Path) -> None:
    few = [one for one in found(photos) if one.name in ("a.png", "hopper.jpg")]
    make_portraits(tmp_path, few, maker, SETTINGS, 0, passed)
    deaf = replace(maker, extractor=None)  # type: ignore[arg-type]
    make_portraits(tmp_path, [replace(one, licence="CC0-1.0") for one in few], deaf, SETTINGS, 0, passed)
    assert {row["licence"] for row in Portraits(tmp_path, "train").rows} == {"CC0-1.0"}
