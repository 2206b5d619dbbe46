"""What counts as an object's memory."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch

from models.extractor import Crop
from models.held_bytes import held_bytes
from models.renderer.synthesis import Seam


def test_every_block_of_memory_counts_once_and_whole() -> None:
    array = np.zeros((10, 10), np.float32)
    assert held_bytes([array, array[2:], {"the same": array.T}]) == 400
    tensor = torch.zeros(6, dtype=torch.uint8)
    assert held_bytes((tensor, tensor.expand(5, 6))) == 6


def test_objects_of_the_package_are_looked_into_and_others_are_not() -> None:
    photo = np.zeros((64, 64, 3), np.uint8)
    seam = Seam(photo, 16, 16, 32)
    assert held_bytes(seam) > photo.nbytes
    assert held_bytes([Crop(0, 0, 8), "text", None, 3, SimpleNamespace(array=photo)]) == 0


def test_what_lives_on_without_the_object_does_not_count() -> None:
    photo = np.zeros((64, 64, 3), np.uint8)
    seam = Seam(photo, 16, 16, 32)
    assert held_bytes(seam, shared=[photo]) == held_bytes(seam) - photo.nbytes


def test_a_circle_ends() -> None:
    @dataclass
    class Ring:
        array: np.ndarray
        next: Ring | None = None

    Ring.__module__ = "models.test"
    ring = Ring(np.zeros(4, np.uint8))
    ring.next = ring
    assert held_bytes(ring) == 4
