"""Sounds as lossy codecs leave them: most speech that people upload went through one."""

from __future__ import annotations

import io
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from models.audio import SAMPLE_RATE

CODECS = {
    "libopus": ("ogg", (6_000, 24_000)),
    "libmp3lame": ("mp3", (16_000, 48_000)),
    "aac": ("mp4", (12_000, 48_000)),
}
"""Container, and bounds of the bits a second, by codec."""

_RATES = {"libopus": 48_000}  # of samples, where a codec does not take 16 kHz


def through_codec(sound: NDArray[np.float32], codec: str, bits: int) -> NDArray[np.float32]:
    """Samples at 16 kHz after a codec of `CODECS` at so many bits a second; as many, and at their times."""
    file = io.BytesIO()
    rate = _RATES.get(codec, SAMPLE_RATE)
    with av.open(file, "w", format=CODECS[codec][0]) as container:
        stream = cast(Any, container.add_stream(codec, rate=rate, layout="mono", bit_rate=bits))
        frame = av.AudioFrame.from_ndarray(np.asarray(sound, np.float32)[None], format="fltp", layout="mono")
        frame.rate, frame.pts = SAMPLE_RATE, 0
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as heard_back:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        frames = [piece for frame in heard_back.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames])[: len(sound)]
    return np.pad(heard, (0, len(sound) - len(heard))).astype(np.float32)
