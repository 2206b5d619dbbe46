"""Files as accidents and attackers leave them."""

from __future__ import annotations

import random
from collections.abc import Callable

EXTREMES = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", b"\x80\x00\x00\x00", b"\xff\xff\xff\x7f")
"""Sizes and counts that a header may claim, in both orders of bytes."""

HEADER = 1024


def mutant(seed: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A file with one to three faults; `others` are files whose ends it may get."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 3))):
        fault: Callable[[bytearray, list[bytes], random.Random], bytearray] = rng.choice(FAULTS)
        data = fault(data, others, rng) if data else data
    return bytes(data)


def _flipped(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    """Single bits, as a bad disk has them."""
    for _bit in range(rng.choice((1, 4, 16, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _cut(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    """An upload that broke off."""
    return data[: rng.randrange(len(data))]


def _zeroed(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    """A hole, as a download in pieces leaves."""
    start = rng.randrange(len(data))
    length = min(rng.randrange(1, 4096), len(data) - start)
    data[start : start + length] = bytes(length)
    return data


def _huge(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    """A header that claims something else."""
    place = rng.randrange(min(HEADER, len(data)))
    data[place : place + 4] = rng.choice(EXTREMES)
    return data


def _repeated(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 2048)]
    data[start:start] = piece * rng.choice((1, 2, 50))
    return data


def _removed(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    start = rng.randrange(len(data))
    del data[start : start + rng.randrange(1, 2048)]
    return data


def _inserted(data: bytearray, _: list[bytes], rng: random.Random) -> bytearray:
    start = rng.randrange(len(data))
    data[start:start] = rng.randbytes(rng.randrange(1, 256))
    return data


def _spliced(data: bytearray, others: list[bytes], rng: random.Random) -> bytearray:
    """A file that begins as one format and goes on as another."""
    other = rng.choice(others)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


FAULTS = (_flipped, _cut, _zeroed, _huge, _repeated, _removed, _inserted, _spliced)
