"""Training pairs in which one coefficient shifts the whole picture: something a tiny network learns in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.pairs.shards import FIELDS


def write_shift_pairs(folder: Path, count: int = 16) -> Path:
    """One shard of such pairs in a folder."""
    rng = np.random.default_rng(0)
    shard = folder / "000-00000"
    shard.mkdir(parents=True)
    arrays = {name: np.zeros((count, *shape), dtype) for name, (shape, dtype) in FIELDS.items()}
    for row in range(count):
        shift = int(rng.integers(-16, 17))
        picture = np.kron(rng.integers(0, 256, (16, 16, 3)), np.ones((16, 16, 1))).astype(np.uint8)
        arrays["source"][row], arrays["target"][row] = picture, np.roll(picture, shift, 1)
        arrays["target_coefficients"][row, 56] = shift / 256
        arrays["flow"][row, 0], arrays["reverse_flow"][row, 0] = -shift, shift
    for name in ("mesh", "reverse_mesh", "reliable", "reverse_reliable"):
        arrays[name][:] = True
    for name, array in arrays.items():
        np.save(shard / f"{name}.npy", array)
    return folder
