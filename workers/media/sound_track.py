"""Samples -> the audio track of a clip."""

from fractions import Fraction
from itertools import chain
from typing import Any, Self, cast

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from workers.media.sound import LAYOUTS, RATE, Sound

_BITS = {1: 160_000, 2: 160_000, 6: 384_000}  # a second, by channels
_RATES = {"aac": (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)}


def kept_rate(codec: str | None, rate: int) -> int:
    """Samples a second at which a codec takes a sound of that rate: its own where it can. Opus has one for all."""
    return rate if codec is not None and rate in _RATES.get(codec, ()) else RATE


class SoundTrack:
    """Encodes sound beside a clip's frames, as far as these have come.

    The encoder's priming samples lie before 0 on its clock, and the containers note that: nothing is shifted here.
    """

    def __init__(self, container: OutputContainer, stream: Any, sound: Sound) -> None:
        self._container, self._stream, self._stretches = container, stream, sound.stretches
        self._rate, self._position = sound.rate, 0

    @classmethod
    def opened(cls, container: OutputContainer, codec: str, sound: Sound) -> Self | None:
        """A track for a sound, of a rate that the codec takes; None when it has no samples."""
        first = next(sound.stretches, None)
        if first is None:
            return None
        stream = cast(Any, container.add_stream(codec, rate=sound.rate))
        stream.codec_context.layout = LAYOUTS[first.shape[1]]
        stream.codec_context.format = "fltp" if codec == "aac" else "s16"
        stream.bit_rate = _BITS[first.shape[1]]
        return cls(container, stream, Sound(sound.rate, chain([first], sound.stretches)))

    def write_until(self, seconds: float) -> None:
        """Append what sounds before that time."""
        end = round(seconds * self._rate)
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
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._position, Fraction(1, self._rate)
        self._position += len(samples)
        self._container.mux(self._stream.encode(frame))
