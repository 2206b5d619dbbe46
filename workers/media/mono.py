"""Two channels to one, for whoever listens. Runs in the child (`child`)."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_BLOCK = 512  # samples that are decided on at once
_MEMORY = 0.95  # of the energies, from one block to the next: 0.6 s at 16 kHz
_STRONGER = 4.0  # times the energy that sum or difference needs to take over


def mixed_to_mono(stretches: Iterable[NDArray[np.int16]]) -> Iterator[NDArray[np.int16]]:
    """Mix stretches of int16 [samples, 1 or 2] to int16 [samples, 1], equal for equal sound cut anywhere.

    The mean of both channels, as long as it has the sound. A microphone that is wired the wrong way round, and some
    effects, put one channel upside down: the mean is silence then. Where the difference has been much louder lately,
    half of that is taken, until the mean is much louder again.
    """
    mixer = _Mixer()
    buffer = np.zeros((0, 2), np.int16)
    for stretch in stretches:
        buffer = np.concatenate([buffer, np.broadcast_to(stretch, (len(stretch), 2))])
        whole = len(buffer) - len(buffer) % _BLOCK
        if whole:
            yield np.concatenate([mixer.mixed(buffer[at : at + _BLOCK]) for at in range(0, whole, _BLOCK)])
            buffer = buffer[whole:]
    if len(buffer):
        yield mixer.mixed(buffer)


class _Mixer:
    """Decides block by block whether the right channel is added or subtracted."""

    def __init__(self) -> None:
        self._energies: NDArray[np.float64] = np.zeros(2)  # of sum and difference
        self._sign: float | None = None

    def mixed(self, block: NDArray[np.int16]) -> NDArray[np.int16]:
        left, right = block.T.astype(np.float64)
        self._energies *= _MEMORY
        self._energies += np.square(left + right).sum(), np.square(left - right).sum()
        before, after = self._sign, self._next_sign()
        self._sign = after
        signs = np.linspace(after if before is None else before, after, len(block))  # a jump would click
        return ((left + signs * right) / 2).round().astype(np.int16)[:, None]

    def _next_sign(self) -> float:
        added, subtracted = self._energies
        if self._sign == -1:
            return 1.0 if added > _STRONGER * subtracted else -1.0
        return -1.0 if subtracted > _STRONGER * added else 1.0
