"""Blinks come as often as people's do, whole, and the same however they are requested."""

from __future__ import annotations

import numpy as np

from models.audio.blinks import Blinks


def test_blinks_are_as_frequent_as_in_conversation() -> None:
    track = np.concatenate([Blinks(seed).take(60 * 25) for seed in range(20)])
    blinks = int(((track[1:] > 0.5) & (track[:-1] <= 0.5)).sum())
    assert 12 < blinks / 20 < 24
    assert track.min() == 0
    assert 0.8 < track.max() <= 1


def test_pieces_are_the_whole() -> None:
    whole = Blinks(3).take(1000)
    blinks = Blinks(3)
    pieces = [blinks.take(count) for count in (1, 99, 400, 500)]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert not np.array_equal(whole, Blinks(4).take(1000))
