"""Training pairs from still photos: the fitted head of a photo, moved to coefficients drawn at random."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from rich.progress import track

from datasets.portraits import LEAST_SIDE, STORED, PhotoWindow, Portraits
from models.face3d.heads import MeshModel
from models.face3d.morphable import MorphableModel
from models.face3d.retarget import retarget
from training.pairs.motion import MotionSampler
from training.pairs.shards import SIZE, entries, write_shard
from training.plan import shard_plan

SHARD_SIZE = 500
TARGETS_PER_WINDOW = 4


@dataclass(frozen=True)
class PairJob:
    """One shard to make: everything a process needs to know."""

    data: Path
    out: Path
    shard: int
    size: int
    seed: int
    sweeps: float

    @property
    def folder(self) -> Path:
        return self.out / f"{self.seed:03d}-{self.shard:05d}"


def make_pairs(
    data: Path, out: Path, count: int, seed: int, processes: int, sweeps: float, shard_size: int = SHARD_SIZE
) -> None:
    """Write at least `count` pairs under `out`, in shards; shards that are there already are kept."""
    jobs = [PairJob(data, out, shard, shard_size, seed, sweeps) for shard in range(math.ceil(count / shard_size))]
    missing = [job for job in jobs if not job.folder.is_dir()]
    # One core a process: the BLAS of a fresh interpreter reads this, threads of its own would only fight for cores.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for _ in track(pool.map(_make_shard, missing), "pairs", total=len(missing)):
            pass


def plan_pairs(data: Path, out: Path, count: int, seed: int, sweeps: float) -> str:
    """The plan of `make_pairs`, with portraits and 3DMM opened. Raises as it does."""
    MorphableModel.load(data / "ict_facekit.npz")
    portraits = Portraits(data, "train")
    portraits.picture(int(portraits.index[0]))
    names = [PairJob(data, out, n, SHARD_SIZE, seed, sweeps).folder.name for n in range(math.ceil(count / SHARD_SIZE))]
    reads = {"data": f"{data}: {len(portraits.index)} portraits"}
    return shard_plan(f"training pairs: shards of {SHARD_SIZE}, {sweeps:.0%} of them sweeps", reads, names, out)


def _make_shard(job: PairJob) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng([job.seed, job.shard])
    model = MorphableModel.load(job.data / "ict_facekit.npz")
    portraits = Portraits(job.data, "train")
    sampler = MotionSampler(portraits.expression[portraits.index], rng, job.sweeps)
    write_shard(job.folder, job.size, _rows(job, rng, model, portraits, sampler))


def _rows(
    job: PairJob, rng: np.random.Generator, model: MorphableModel, portraits: Portraits, sampler: MotionSampler
) -> Iterator[dict[str, Any]]:
    mesh = MeshModel.of(model, "cpu")
    for row in range(job.size):
        if row % TARGETS_PER_WINDOW == 0:  # one person's shape and window serve several targets
            photo = int(rng.choice(portraits.index, p=portraits.weight))
            window = PhotoWindow.draw(rng, LEAST_SIDE, STORED, STORED)
            picture, face = window.cut(portraits.picture(photo), SIZE), portraits.face(photo, model, window, SIZE)
        target = sampler.draw(face)
        pair = retarget(mesh, picture, face, target)
        yield entries(photo, picture, face, target, replace(pair, picture=picture) if target is face else pair)
