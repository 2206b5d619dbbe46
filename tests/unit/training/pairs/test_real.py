"""Pairs of two real pictures, over a data folder with a synthetic head: two portraits of one person, and a clip."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.portraits import STORED
from models.errors import TrainingDataError
from models.face3d.head import Head
from models.face3d.heads import MeshModel
from models.face3d.morphable import MorphableModel
from models.face3d.pose import HeadPose
from models.face3d.warp import warp
from tests.labelled_clips import picture, write_clips
from tests.synthetic_head import write_data
from training.pairs.batches import batches
from training.pairs.generate import make_pairs
from training.pairs.real import Shot, make_real_pairs, pair
from training.pairs.shards import SIZE, Pairs
from training.pairs.source import REAL_FRACTION, Emphasis, StoredPairs


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, model: MorphableModel) -> Path:
    """Two portraits of one person, moved by 10 pixels, one of another, and one of the first that is held out."""
    shifts, people = (0, 10, 5, 20), ("a", "a", "", "b")
    pictures = [picture(shift, STORED) for shift in shifts]
    folder = tmp_path_factory.mktemp("data") / "data"
    return write_data(folder, model, pictures, np.zeros((4, 53)), people=people, shifts=shifts)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def real(data: Path, clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One shard of pairs, made once."""
    folder = tmp_path_factory.mktemp("real")
    make_real_pairs(data, clips, folder, count=40, seed=0, shard_size=40)
    return folder


@pytest.mark.slow
def test_the_flow_leads_from_one_picture_into_the_other(real: Path) -> None:
    pairs = Pairs(real)
    rows = np.arange(40)
    photos = pairs.gather("photo", rows)
    assert {-1, 0, 1} == set(photos.tolist()), "frames, and the two portraits of one person that are for training"
    for source, target, flow, mesh in zip(
        *(pairs.gather(name, rows) for name in ("source", "target", "flow", "mesh")), strict=True
    ):
        dense = cv2.resize(flow.astype(np.float32).transpose(1, 2, 0), (SIZE, SIZE))
        inside = cv2.erode(cv2.resize(mesh.astype(np.uint8), (SIZE, SIZE)), np.ones((15, 15), np.uint8)) > 0
        assert np.abs(warp(source, dense).astype(int) - target)[inside].mean() < 4


def test_only_what_no_warp_shows_is_learnt_from_the_pictures(model: MorphableModel) -> None:
    pose = HeadPose(10.0, np.eye(3), np.array([128.0, -128.0, 0.0]))
    face = Head(model.person(np.zeros(1)), np.zeros(53, np.float32), pose)
    found = pair(MeshModel.of(model, "cpu"), Shot(picture(0, SIZE), face), Shot(picture(3, SIZE), face))
    x, y = 128, 128 + 30  # the mouth lies 3 cm below the middle
    for reliable in (found.reliable, found.reverse_reliable):
        assert reliable[y, x]
        assert 0 < reliable.mean() < 0.05
    assert (found.picture == picture(3, SIZE)).all()


@pytest.mark.slow
def test_training_draws_a_fixed_fraction_of_real_pairs(data: Path, real: Path, tmp_path: Path) -> None:
    make_pairs(data, tmp_path / "pairs", count=8, seed=0, processes=1, sweeps=0.5, shard_size=8)
    stored = StoredPairs(tmp_path / "pairs", real)
    chance = stored.chance(Emphasis({"jawOpen": 0.3}, still=True))
    assert len(chance) == 48
    assert chance[8:].sum() == pytest.approx(REAL_FRACTION)
    assert stored.coefficients(10).shape == (20, 59)
    assert len(StoredPairs(tmp_path / "pairs").chance(Emphasis())) == 8
    only = Pairs(real)
    batch = next(batches(only, np.eye(len(only))[20], 4, 64, seed=0))
    assert 0 < batch.reliable.mean() < 0.05, "in both directions"


def test_without_clips_or_a_second_portrait_the_error_says_what_is_missing(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="extractor clips"):
        make_real_pairs(data, tmp_path, tmp_path / "real", count=1, seed=0)
    strangers = tmp_path / "strangers"
    shutil.copytree(data, strangers)
    index = strangers / "portraits" / "index.csv"
    index.write_text(index.read_text().replace(",a", ","))
    with pytest.raises(TrainingDataError, match=r"identity of index\.csv"):
        make_real_pairs(strangers, tmp_path, tmp_path / "real", count=1, seed=0)
