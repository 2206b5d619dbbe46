"""Blinks come as often as people's do, whole, and the same however they are requested."""

from __future__ import annotations

import numpy as np

from models.audio.blinks import Blinks


def none(count: int) -> np.ndarray:
    return np.zeros(count, bool)


def test_blinks_are_as_frequent_as_in_conversation() -> None:
    track = np.concatenate([Blinks(seed).take(none(60 * 25)) for seed in range(20)])
    blinks = int(((track[1:] > 0.5) & (track[:-1] <= 0.5)).sum())
    assert 12 < blinks / 20 < 24
    assert track.min() == 0
    assert 0.8 < track.max() <= 1


def test_pieces_are_the_whole() -> None:
    whole = Blinks(3).take(none(1000))
    blinks = Blinks(3)
    pieces = [blinks.take(none(count)) for count in (1, 99, 400, 500)]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert not np.array_equal(whole, Blinks(4).take(none(1000)))


def test_a_clip_of_four_seconds_has_one() -> None:
    assert all(Blinks(seed).take(none(100)).max() > 0.8 for seed in range(200))


def test_pauses_invite_a_blink_that_is_nearly_due() -> None:
    pauses = np.zeros(60 * 25, bool)
    pauses[50::75] = True
    with_pauses = np.stack([Blinks(seed).take(pauses) for seed in range(40)])
    without = np.stack([Blinks(seed).take(none(60 * 25)) for seed in range(40)])

    def at_pauses(tracks: np.ndarray) -> float:
        begins = (tracks[:, 1:] > 0) & (tracks[:, :-1] == 0)
        return float(begins[:, np.flatnonzero(pauses) - 1].sum() / begins.sum())

    assert at_pauses(with_pauses) > 0.3
    assert at_pauses(without) < 0.1
    blinks = ((with_pauses[:, 1:] > 0.5) & (with_pauses[:, :-1] <= 0.5)).sum() / 40
    assert 12 < blinks < 26
