"""Training pairs on disk: shards of plain `.npy` arrays that map straight into memory."""

from __future__ import annotations

import math
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from models.errors import TrainingDataError
from models.training.morphable import MorphableModel
from models.training.motion import MotionSampler
from models.training.portraits import Portraits, Window, coefficients
from models.training.retarget import Retargeted, retarget

SIZE, FLOW_SIZE, MASK_SIZE = 256, 64, 128
SHARD_SIZE = 500
TARGETS_PER_WINDOW = 4

FIELDS: dict[str, tuple[tuple[int, ...], type]] = {
    "photo": ((), np.int32),  # index into the portraits
    "source": ((SIZE, SIZE, 3), np.uint8),  # a window of the untouched photo
    "target": ((SIZE, SIZE, 3), np.uint8),  # the same head at new coefficients
    "source_coefficients": ((59,), np.float32),
    "target_coefficients": ((59,), np.float32),
    "flow": ((2, FLOW_SIZE, FLOW_SIZE), np.float16),  # target pixel to source pixel, in pixels of SIZE
    "reverse_flow": ((2, FLOW_SIZE, FLOW_SIZE), np.float16),  # source pixel to target pixel
    "mesh": ((FLOW_SIZE, FLOW_SIZE), np.bool_),
    "reverse_mesh": ((FLOW_SIZE, FLOW_SIZE), np.bool_),
    "reliable": ((MASK_SIZE, MASK_SIZE), np.bool_),
    "detail": ((MASK_SIZE, MASK_SIZE), np.bool_),
    "reverse_detail": ((MASK_SIZE, MASK_SIZE), np.bool_),
}
"""Shape and type of one pair's entries; what they mean is said in `models.training.retarget.Retargeted`."""


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


def _make_shard(job: PairJob) -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng([job.seed, job.shard])
    model = MorphableModel.load(job.data / "ict_facekit.npz")
    portraits = Portraits(job.data, "train")
    sampler = MotionSampler(portraits.expression[portraits.index], rng, job.sweeps)
    partial = job.folder.with_suffix(f".{os.getpid()}.partial")
    partial.mkdir(parents=True)
    arrays = {
        name: np.lib.format.open_memmap(partial / f"{name}.npy", "w+", dtype, (job.size, *shape))
        for name, (shape, dtype) in FIELDS.items()
    }
    for row in range(job.size):
        if row % TARGETS_PER_WINDOW == 0:  # one person's shape and window serve several targets
            photo = int(rng.choice(portraits.index, p=portraits.weight))
            side = rng.uniform(232, 288)
            window = Window(rng.uniform(0, 288 - side), rng.uniform(0, 288 - side), side)
            picture, face = window.cut(portraits.picture(photo), SIZE), portraits.face(photo, model, window, SIZE)
        target = sampler.draw(face)
        pair = retarget(model, picture, face, target)
        values = {
            "photo": photo,
            "source": picture,
            "target": picture if target is face else pair.picture,
            "source_coefficients": coefficients(face, SIZE),
            "target_coefficients": coefficients(target, SIZE),
            **_reduced(pair),
        }
        for name, value in values.items():
            arrays[name][row] = value
    for array in arrays.values():
        array.flush()
    try:
        partial.rename(job.folder)
    except OSError:  # another run finished the same shard first
        shutil.rmtree(partial)


def _reduced(pair: Retargeted) -> dict[str, np.ndarray]:
    """The flow and masks at the resolutions they are trained at."""

    def flow(value: np.ndarray) -> np.ndarray:
        return cv2.resize(value, (FLOW_SIZE, FLOW_SIZE), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)

    def mask(value: np.ndarray, size: int) -> np.ndarray:
        return cv2.resize(value.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)

    reliable = cv2.resize(pair.reliable.astype(np.float32), (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
    return {
        "flow": flow(pair.flow),
        "reverse_flow": flow(pair.reverse_flow),
        "mesh": mask(pair.mesh, FLOW_SIZE),
        "reverse_mesh": mask(pair.reverse_mesh, FLOW_SIZE),
        "reliable": reliable > 0.99,
        "detail": mask(pair.detail, MASK_SIZE),
        "reverse_detail": mask(pair.reverse_detail, MASK_SIZE),
    }


class Pairs:
    """All shards under a folder, addressed as one long list.

    Raises:
        TrainingDataError: there is no shard.
    """

    def __init__(self, folder: Path) -> None:
        shards = sorted(path for path in folder.glob("*-*") if path.is_dir() and path.suffix != ".partial")
        if not shards:
            raise TrainingDataError(f"{folder} holds no pairs: make some with `python -m models.training pairs`")
        self._shards = [{name: np.load(shard / f"{name}.npy", mmap_mode="r") for name in FIELDS} for shard in shards]
        self._ends = np.cumsum([len(shard["photo"]) for shard in self._shards])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def all(self, name: str) -> np.ndarray:
        """One field of all pairs; for small ones."""
        return np.concatenate([shard[name] for shard in self._shards])

    def gather(self, name: str, rows: np.ndarray) -> np.ndarray:
        """One field of the given rows, stacked."""
        shards = np.searchsorted(self._ends, rows, side="right")
        # Counted from a shard's end, a row's place is negative: no need to know where the shard begins.
        return np.stack([self._shards[k][name][row - self._ends[k]] for k, row in zip(shards, rows, strict=True)])
