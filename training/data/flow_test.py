"""`flow_test.npz`: held-out portraits, moved by known flows, for `python -m evaluation flow`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from datasets.portraits import PhotoWindow, Portraits
from models.face3d.heads import MeshModel
from models.face3d.morphable import MorphableModel
from models.face3d.retarget import retarget
from training.pairs.motion import MotionSampler

FILE = "flow_test.npz"
SIZE, FLOW_SIZE = 256, 64
WINDOW = PhotoWindow(16, 16, SIZE)  # of the stored portrait
_SWEEPS = 0.25


def make_flow_test(data: Path, count: int, seed: int, watch: Callable[[Iterable[int]], Iterable[int]]) -> None:
    """Write DATA/flow_test.npz: `count` targets on portraits of the split test.

    Raises:
        TrainingDataError: the 3DMM or the portraits are missing, or nobody is held out.
    """
    model, portraits = MorphableModel.load(data / "ict_facekit.npz"), Portraits(data, "test")
    mesh = MeshModel.of(model, "cpu")
    rng = np.random.default_rng(seed)
    sampler = MotionSampler(portraits.expression[portraits.index], rng, _SWEEPS)
    rows: dict[str, list[np.ndarray]] = {}
    for number in watch(range(count)):
        photo = int(portraits.index[number % len(portraits.index)])
        source = portraits.face(photo, model, WINDOW, SIZE)
        target = sampler.draw(source)
        moved = retarget(mesh, WINDOW.cut(portraits.picture(photo), SIZE), source, target)
        row = {
            "photo": np.int32(photo),
            "expression": target.expression.astype(np.float32),
            "scale": np.float32(target.pose.scale),
            "rotation": target.pose.rotation.astype(np.float32),
            "translation": target.pose.translation.astype(np.float32),
            "flow": cv2.resize(moved.flow, (FLOW_SIZE, FLOW_SIZE), interpolation=cv2.INTER_AREA).astype(np.float16),
            "mask": cv2.resize(moved.mesh.astype(np.uint8), (FLOW_SIZE, FLOW_SIZE), interpolation=cv2.INTER_NEAREST)
            > 0,
        }
        for name, value in row.items():
            rows.setdefault(name, []).append(np.asarray(value))
    np.savez(data / f".{FILE}", **{name: np.stack(values) for name, values in rows.items()})  # type: ignore[arg-type]
    (data / f".{FILE}").rename(data / FILE)
