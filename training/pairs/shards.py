"""Training pairs on disk: shards of plain `.npy` arrays that map straight into memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np

from datasets.portraits import coefficients
from models.errors import TrainingDataError
from models.face3d.arrays import read_array
from models.face3d.head import Head
from models.face3d.retarget import Retargeted

T = TypeVar("T")  # an array or a tensor

_MADE_BY = "`python -m training pairs`"
SIZE, FLOW_SIZE, MASK_SIZE = 256, 64, 128

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
    "reverse_reliable": ((MASK_SIZE, MASK_SIZE), np.bool_),
    "detail": ((MASK_SIZE, MASK_SIZE), np.bool_),
    "reverse_detail": ((MASK_SIZE, MASK_SIZE), np.bool_),
}
"""Shape and type of one pair's entries; their meaning stands in `models.face3d.retarget.Retargeted`."""


def entries(photo: int, picture: np.ndarray, source: Head, target: Head, pair: Retargeted) -> dict[str, Any]:
    """What a shard holds of one pair, by field.

    Args:
        photo: index into the portraits, or -1.
        picture: the source, uint8 [SIZE, SIZE, 3].
    """
    return {
        "photo": photo,
        "source": picture,
        "target": pair.picture,
        "source_coefficients": coefficients(source, SIZE),
        "target_coefficients": coefficients(target, SIZE),
        **_reduced(pair),
    }


def write_shard(folder: Path, size: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `size` pairs (`entries`) into a new folder, which appears when it is whole."""
    partial = folder.with_suffix(f".{os.getpid()}.partial")
    partial.mkdir(parents=True)
    arrays = {
        name: np.lib.format.open_memmap(partial / f"{name}.npy", "w+", dtype, (size, *shape))
        for name, (shape, dtype) in FIELDS.items()
    }
    for number, row in enumerate(rows):
        for name, value in row.items():
            arrays[name][number] = value
    for array in arrays.values():
        array.flush()
    try:
        partial.rename(folder)
    except OSError:  # another run finished the same shard first
        shutil.rmtree(partial)


def shard_folders(folder: Path) -> list[Path]:
    """The finished shards under a folder. Raises TrainingDataError when there is none."""
    shards = sorted(path for path in folder.glob("*-*") if path.is_dir() and path.suffix != ".partial")
    if not shards:
        raise TrainingDataError(f"{folder} holds no pairs: {_MADE_BY} makes some")
    return shards


def _reduced(pair: Retargeted) -> dict[str, np.ndarray]:
    """The flow and masks at the resolutions they are trained at."""

    def flow(value: np.ndarray) -> np.ndarray:
        return cv2.resize(value, (FLOW_SIZE, FLOW_SIZE), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)

    def mask(value: np.ndarray, size: int) -> np.ndarray:
        return cv2.resize(value.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)

    def whole(value: np.ndarray) -> np.ndarray:
        return cv2.resize(value.astype(np.float32), (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA) > 0.99

    return reduced(pair, flow, mask, whole)


def reduced(pair: Any, flow: Callable[[T], T], mask: Callable[[T, int], T], whole: Callable[[T], T]) -> dict[str, T]:
    """The fields of a `Retargeted`, or of a batch of them, at the resolutions they are trained at, by name.

    Args:
        flow: reduces a flow to `FLOW_SIZE`.
        mask: reduces a mask to a size.
        whole: reduces a mask to `MASK_SIZE`; only what is set throughout stays so.
    """
    return {
        "flow": flow(pair.flow),
        "reverse_flow": flow(pair.reverse_flow),
        "mesh": mask(pair.mesh, FLOW_SIZE),
        "reverse_mesh": mask(pair.reverse_mesh, FLOW_SIZE),
        "reliable": whole(pair.reliable),
        "reverse_reliable": whole(pair.reverse_reliable),
        "detail": mask(pair.detail, MASK_SIZE),
        "reverse_detail": mask(pair.reverse_detail, MASK_SIZE),
    }


class Pairs:
    """All shards under one or more folders, addressed as one long list.

    Raises:
        TrainingDataError: a folder has no shard.
    """

    def __init__(self, *folders: Path) -> None:
        shards = [shard for folder in folders for shard in shard_folders(folder)]
        self._shards = [{name: read_array(shard / f"{name}.npy", _MADE_BY, "r") for name in FIELDS} for shard in shards]
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
