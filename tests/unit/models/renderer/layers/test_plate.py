"""A crop taken apart: what is behind the head."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from models.renderer.layers.head_sheet import HeadSheet
from models.renderer.layers.plate import taken_apart

SIDE = 256
COLLAR = 160


def test_walls_and_collars_go_on_behind_the_head_at_their_height() -> None:
    wall, collar, skin = (200, 190, 210), (20, 20, 25), (220, 150, 120)
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    picture[:COLLAR], picture[COLLAR:] = wall, collar
    y, x = np.mgrid[:SIDE, :SIDE]
    is_head = np.hypot(x - 128, (y - 110) / 1.3) < 70
    picture[is_head] = skin
    everywhere = np.ones((SIDE, SIDE), np.float32)
    sheet = cast("HeadSheet", SimpleNamespace(free=everywhere, hair=0 * everywhere))
    plate = taken_apart(picture, is_head.astype(np.float32), sheet).plate
    for rows, colour in ((slice(40, COLLAR - 12), wall), (slice(COLLAR + 12, 190), collar)):
        behind = plate[rows][is_head[rows]]
        assert np.abs(behind - colour).max() < 12, "no mixture of what is above and below"
    assert np.array_equal(plate[:, :20], picture[:, :20])
