"""Labelled speech clips whose frames move to the right."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.face3d.pose import HeadPose

SIDE = 256


def picture(shift: float, side: int) -> np.ndarray:
    """A smooth pattern, moved to the right by `shift` pixels."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    waves = [127 + 60 * np.sin((x - shift) / 9 + k) + 60 * np.cos(y / (7 + k)) for k in range(3)]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


def write_clips(folder: Path) -> Path:
    """One shard with two clips of three frames; a frame that is not to be believed shows something else."""
    (folder / "train-000").mkdir(parents=True)
    np.save(folder / "identity.npy", np.zeros(1))
    shifts = np.array([0, 4, 8, 0, 6, 0])
    frames = np.stack([picture(shift, SIDE) for shift in shifts])
    frames[5] = 0
    poses = [HeadPose(7.0, np.eye(3), np.array([128.0 + shift, -128.0, 0.0])).coefficients(SIDE) for shift in shifts]
    values = {
        "pictures": frames,
        "expression": np.zeros((6, 53), np.float32),
        "pose": np.array(poses, np.float32),
        "clip": np.array([0, 0, 0, 1, 1, 1]),
        "kept": np.array([True] * 5 + [False]),
    }
    for name, value in values.items():
        np.save(folder / "train-000" / f"{name}.npy", value)
    return folder
