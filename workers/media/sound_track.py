"""Samples -> the audio track of a clip."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any, Self, cast

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from workers.media.sound import RATE

_BITS = 160_000  # a second


class SoundTrack:
    """Encodes sound beside a clip's frames, as far as these have come.

    The encoder's priming samples lie before 0 on its clock, and the containers note that: nothing is shifted here.
    """

    def __init__(self, container: OutputContainer, stream: Any, stretches: Iterator[NDArray[np.int16]]) -> None:
        self._container, self._stream, self._stretches = container, stream, stretches
        self._position = 0

    @classmethod
    def opened(cls, container: OutputContainer, codec: str, stretches: Iterator[NDArray[np.int16]]) -> Self | None:
        """A track for stretches of int16 [samples, channels] at `RATE`; None when there are none."""
        first = next(stretches, None)
        if first is None:
            return None
        stream = cast(Any, container.add_stream(codec, rate=RATE))
        stream.codec_context.layout = "mono" if first.shape[1] == 1 else "stereo"
        stream.codec_context.format = "s16" if codec == "libopus" else "fltp"
        stream.bit_rate = _BITS
        return cls(container, stream, chain([first], stretches))

    def write_until(self, seconds: float) -> None:
        """Append what sounds before that time."""
        end = round(seconds * RATE)
        while self._position < end and (samples := next(self._stretches, None)) is not None:
            samples, rest = samples[: end - self._position], samples[end - self._position :]
            if len(rest):
                self._stretches = chain([rest], self._stretches)
            self._encode(samples)

    def finish(self) -> None:
        """Write what the encoder still holds, and let whoever decodes the sound come to an end."""
        for _ in self._stretches:
            pass
        self._container.mux(self._stream.encode(None))

    def _encode(self, samples: NDArray[np.int16]) -> None:
        layout = self._stream.codec_context.layout.name
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._position, Fraction(1, RATE)
        self._position += len(samples)
        self._container.mux(self._stream.encode(frame))
