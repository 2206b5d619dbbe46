"""The sound of a video file -> samples on the clock of its picture. Runs in the child (`child`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

RATE = 48_000
"""Samples a second; one that both AAC and Opus take."""

_DRIFT = RATE // 100
"""Samples by which a packet's time may be off before it counts as a gap: some containers round to milliseconds."""
_LONGEST_GAP = RATE  # samples of silence handed over at a time
_OPTIONS = {"protocol_whitelist": "file"}  # of a file whose format `models.video` has already accepted


def read_sound(path: Path, seconds: float) -> Iterator[NDArray[np.int16]]:
    """Decode the first audio track: mono as mono, everything else mixed down to stereo.

    Args:
        path: a file that `models.video.probe` accepts.
        seconds: how much is wanted, at most.

    Yields:
        int16 [samples, channels] at `RATE`, without gaps from the moment of the first video frame: what sounded before
        it is left out, and silence stands where the file has none. Nothing, where no audio can be decoded; what is
        damaged is left out.
    """
    start = _picture_start(path)
    with av.open(str(path), options=_OPTIONS, metadata_errors="replace") as container:
        yield from _on_clock(_resampled(container), start, round(seconds * RATE))


def _picture_start(path: Path) -> float:
    """Seconds at which the file's clock shows its first video frame."""
    with av.open(str(path), options=_OPTIONS, metadata_errors="replace") as container:
        return next((frame.time or 0.0 for frame in container.decode(video=0)), 0.0)


def _resampled(container: InputContainer) -> Iterator[AudioFrame]:
    if not container.streams.audio:
        return
    stream = container.streams.audio[0]
    resampler = None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the container breaks off here; the decoder may still hold samples
            packet = None
        try:
            for frame in stream.decode(packet):
                if resampler is None:
                    layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
                    resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
                yield from resampler.resample(frame)
        except EOFError:
            break
        except av.FFmpegError:
            pass  # one damaged packet; the next may decode
        if packet is None:
            break
    if resampler is not None:
        yield from resampler.resample(None)


def _on_clock(frames: Iterator[AudioFrame], start: float, end: int) -> Iterator[NDArray[np.int16]]:
    position = 0  # samples from the first video frame
    for frame in frames:
        samples = cast("NDArray[np.int16]", frame.to_ndarray()).reshape(-1, frame.layout.nb_channels)
        due = position if frame.time is None else round((frame.time - start) * RATE)
        if abs(due - position) > _DRIFT or position == 0:
            for length in _stretches(min(due, end) - position):
                yield np.zeros((length, samples.shape[1]), np.int16)
                position += length
            samples = samples[max(position - due, 0) :]
        samples = samples[: end - position]
        if len(samples):
            yield samples
            position += len(samples)
        if position >= end:
            return


def _stretches(gap: int) -> Iterator[int]:
    while gap > 0:
        yield min(gap, _LONGEST_GAP)
        gap -= _LONGEST_GAP
