"""Which held-out pictures are drawn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.portraits import Portraits
from evaluation.photos import choose, load
from models.errors import EvaluationError

SOURCES = ["pif", "congress", "pif", "london", "congress", "pif"]


@pytest.fixture
def portraits(tmp_path: Path) -> Portraits:
    folder = tmp_path / "portraits"
    folder.mkdir()
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "source", "coverage", "colour", "split"])
        for i, source in enumerate(SOURCES):
            Image.new("RGB", (288, 288), (i, i, i)).save(folder / f"{i}.png")
            writer.writerow([f"{i}.png", source, "1.0", str(i % 2), "test" if i else "train"])
    fits = {"identity": np.zeros((6, 60)), "expression": np.zeros((6, 53)), "scale": np.ones(6)}
    np.savez(folder / "labels.npz", rotation=np.zeros((6, 3, 3)), translation=np.zeros((6, 3)), **fits)
    return Portraits(tmp_path, "test")


def test_photographs_and_archive_are_kept_apart(portraits: Portraits) -> None:
    assert choose(portraits, 40, 0, archive=False).tolist() == [2, 3, 5]
    assert choose(portraits, 40, 0, archive=True).tolist() == [1, 4]


def test_the_seed_decides(portraits: Portraits) -> None:
    draws = {tuple(choose(portraits, 2, seed, archive=False)) for seed in range(20)}
    assert len(draws) == 3
    assert tuple(choose(portraits, 2, 7, archive=False)) == tuple(choose(portraits, 2, 7, archive=False))


def test_photos_come_with_pixels_and_colour(portraits: Portraits) -> None:
    two, three = load(portraits, np.array([2, 3]))
    assert two.picture.shape == (288, 288, 3)
    assert (two.picture == 2).all()
    assert (two.colour, three.colour) == (False, True)


def test_a_split_without_photos_is_an_error(portraits: Portraits) -> None:
    train = Portraits(portraits.folder.parent, "train")
    with pytest.raises(EvaluationError, match=r"index\.csv"):
        choose(train, 3, 0, archive=True)
