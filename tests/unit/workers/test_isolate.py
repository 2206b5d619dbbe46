"""The decoder's child process: it is lost to hostile files, the worker is not."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workers.contract.errors import DamagedMediaError, UnsupportedMediaError
from workers.media.isolate import Decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """One decoder with little memory: enough for small pictures."""
    decoder = Decoder(max_pixels=400_000_000, timeout_s=20, memory_bytes=700 * 2**20)
    yield decoder
    decoder.close()


@pytest.fixture
def photo(astronaut_png: Path) -> bytes:
    """A small picture file."""
    return astronaut_png.read_bytes()


def test_pixels_come_back_exactly(decoder: Decoder, photo: bytes, astronaut: np.ndarray) -> None:
    pixels = decoder.picture(photo)
    assert (pixels == astronaut).all()
    assert pixels.flags.writeable


def test_errors_come_back_as_they_were(decoder: Decoder, photo: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="no type"):
        decoder.picture(b"no picture")
    with pytest.raises(DamagedMediaError, match="truncated"):
        decoder.picture(photo[:1000])


def test_a_file_that_eats_memory_costs_a_child(decoder: Decoder, photo: bytes) -> None:
    bomb = io.BytesIO()
    Image.new("1", (19_000, 19_000)).save(bomb, "PNG")  # a few kilobytes that unfold to a gigabyte of RGB
    with pytest.raises(DamagedMediaError, match="memory"):
        decoder.picture(bomb.getvalue())
    assert decoder.picture(photo).shape == (512, 512, 3)


def test_a_file_that_takes_too_long_costs_a_child(decoder: Decoder, photo: bytes) -> None:
    decoder.warm_up()
    child = decoder._child
    assert child is not None
    assert child.pid is not None
    os.kill(child.pid, signal.SIGSTOP)  # what an endless loop in a codec looks like from outside
    decoder._timeout_s, patience = 0.3, decoder._timeout_s
    try:
        with pytest.raises(DamagedMediaError, match="too much time"):
            decoder.picture(photo)
    finally:
        decoder._timeout_s = patience
    assert not child.is_alive()
    assert decoder.picture(photo).shape == (512, 512, 3)
