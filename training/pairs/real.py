"""Training pairs of two real pictures of one person: two portraits, or two frames of a clip.

Generated pairs show painted teeth and lids; here they are real. Both pictures are fitted; the fits place each
pixel of one in the other, to a pixel or two. An editing network that had to explain such errors would blur. So the
pictures teach it only what no warp shows: the inside of the mouth, and lids over eyes that were open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track

from datasets.clips import fitted_shards, speaker_identity
from datasets.portraits import LEAST_SIDE, STORED, PhotoWindow, Portraits
from models.errors import TrainingDataError
from models.face3d.correspondence import correspond
from models.face3d.eyelids import shut_eyes
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.morphable import MorphableModel
from models.face3d.pose import HeadPose
from models.face3d.retarget import Retargeted, RetargetedBatch
from training.pairs.shards import SIZE, entries, write_shard
from training.plan import shard_plan

FRAMES = 0.6
"""Fraction of the pairs from clips; the others are portraits."""

SHARD_SIZE = 500
FRAME_SIDES = 185, 235  # least and largest side of a window of a clip's stored frame


@dataclass(frozen=True)
class Shot:
    """A picture, uint8 [SIZE, SIZE, 3], and the face in it. photo: index into the portraits, or -1."""

    picture: np.ndarray
    face: Head
    photo: int = -1


def make_real_pairs(data: Path, clips: Path, out: Path, count: int, seed: int, shard_size: int = SHARD_SIZE) -> None:
    """Write at least `count` pairs under `out`, in shards; shards that are there already are kept.

    Args:
        clips: folder of labelled speech clips (`python -m training.extractor clips`).

    Raises:
        TrainingDataError: no person has two portraits, or there are no clips.
    """
    model = MorphableModel.load(data / "ict_facekit.npz")
    portraits, frames, mesh = _Portraits(data, model), _Frames(clips, model), MeshModel.of(model, "cpu")
    for shard in track(range(-(-count // shard_size)), "pairs"):
        folder = out / f"{seed:03d}-{shard:05d}"
        if not folder.is_dir():
            rng = np.random.default_rng([seed, shard])
            write_shard(folder, shard_size, _rows(mesh, portraits, frames, rng, shard_size))


def plan_real_pairs(data: Path, clips: Path, out: Path, count: int, seed: int) -> str:
    """The plan of `make_real_pairs`, with portraits, clips and 3DMM opened. Raises as it does."""
    model = MorphableModel.load(data / "ict_facekit.npz")
    portraits, frames = _Portraits(data, model), _Frames(clips, model)
    reads = {
        "data": f"{data}: {portraits.people} people with several portraits",
        "clips": f"{clips}: {frames.shards} shards",
    }
    names = [f"{seed:03d}-{shard:05d}" for shard in range(-(-count // SHARD_SIZE))]
    return shard_plan(f"training real-pairs: shards of {SHARD_SIZE}", reads, names, out)


def _rows(
    mesh: MeshModel, portraits: _Portraits, frames: _Frames, rng: np.random.Generator, count: int
) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        source, target = frames.draw(rng) if rng.random() < FRAMES else portraits.draw(rng)
        yield entries(source.photo, source.picture, source.face, target.face, pair(mesh, source, target))


def pair(model: MeshModel, source: Shot, target: Shot) -> Retargeted:
    """Two pictures of one person, as if the first had been moved to the second."""
    old, new = (Heads.stack([shot.face], model.mean.device) for shot in (source, target))
    found = correspond(model, old, new, SIZE)
    flow, mesh, interior, detail = found.flow, found.surface.mesh, found.interior, found.detail
    return RetargetedBatch(
        picture=torch.from_numpy(target.picture).permute(2, 0, 1)[None],
        flow=flow[:1],
        mesh=mesh[:1],
        reverse_flow=flow[1:],
        reverse_mesh=mesh[1:],
        reliable=interior[:1] | shut_eyes(model, old, new, SIZE),
        reverse_reliable=interior[1:] | shut_eyes(model, new, old, SIZE),
        detail=detail[:1],
        reverse_detail=detail[1:],
    ).pair(0)


class _Portraits:
    """People with several portraits."""

    def __init__(self, data: Path, model: MorphableModel) -> None:
        self._portraits, self._model = Portraits(data, "train"), model
        photos = self._portraits.index
        people = self._portraits.person[photos]
        groups = [photos[people == person] for person in np.unique(people) if person]
        self._groups = [group for group in groups if len(group) > 1]
        if not self._groups:
            raise TrainingDataError(f"{data} has no two portraits of one person: see the column identity of index.csv")

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self._groups)

    def draw(self, rng: np.random.Generator) -> tuple[Shot, Shot]:
        group = self._groups[rng.integers(len(self._groups))]
        first, second = rng.choice(group, 2, replace=False)
        window = PhotoWindow.draw(rng, LEAST_SIDE, STORED, STORED)
        return self._shot(int(first), window), self._shot(int(second), window)

    def _shot(self, photo: int, window: PhotoWindow) -> Shot:
        picture = window.cut(self._portraits.picture(photo), SIZE)
        return Shot(picture, self._portraits.face(photo, self._model, window, SIZE), photo)


class _Frames:
    """Two frames of one clip."""

    def __init__(self, clips: Path, model: MorphableModel) -> None:
        shards = fitted_shards(clips)
        self._person = model.person(speaker_identity(clips))
        names = ("pictures", "expression", "pose", "clip", "kept")
        self._shards = [{name: np.load(shard / f"{name}.npy", mmap_mode="r") for name in names} for shard in shards]

    @property
    def shards(self) -> int:
        """How many there are."""
        return len(self._shards)

    def draw(self, rng: np.random.Generator) -> tuple[Shot, Shot]:
        shard = self._shards[rng.integers(len(self._shards))]
        first = rng.choice(np.flatnonzero(shard["kept"]))
        second = rng.choice(np.flatnonzero(shard["kept"] & (shard["clip"] == shard["clip"][first])))
        window = PhotoWindow.draw(rng, *FRAME_SIDES, shard["pictures"].shape[1])
        return self._shot(shard, int(first), window), self._shot(shard, int(second), window)

    def _shot(self, shard: dict[str, np.ndarray], row: int, window: PhotoWindow) -> Shot:
        picture = np.asarray(shard["pictures"][row])
        pose = HeadPose.from_coefficients(shard["pose"][row], len(picture))
        pose = pose.in_window(window.x, window.y, window.side, SIZE)
        return Shot(window.cut(picture, SIZE), Head(self._person, np.clip(shard["expression"][row], 0, 1), pose))
