"""The sound of a file -> samples on its clock. Runs in the child (`child`)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from workers.media.mono import mixed_to_mono

RATE = 48_000
"""Samples a second; one that both AAC and Opus take."""

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
"""Names by channels, of those that both take; others are mixed down to stereo."""

_DRIFT_S = 0.01  # by which a packet's time may be off before it counts as a gap: some containers round to milliseconds
_LONGEST_GAP_S = 1  # seconds of silence handed over at a time
_OPTIONS = {"protocol_whitelist": "file"}  # of a file whose format has already been accepted


@dataclass(frozen=True)
class Sound:
    """Samples as a clip takes them.

    Attributes:
        rate: samples a second.
        stretches: int16 [samples, channels] of mono, stereo or 5.1, from the clip's first frame on.
    """

    rate: int
    stretches: Iterator[NDArray[np.int16]]


def read_sound(path: Path, seconds: float, rate: int, offset_s: float = 0.0) -> Iterator[NDArray[np.int16]]:
    """Decode the first audio track of a video: mono, stereo and 5.1 as they are, anything else mixed down to stereo.

    Args:
        path: a file that `models.video.probe` accepts.
        seconds: how much is wanted, at most.
        rate: samples a second that come out.
        offset_s: seconds after the first video frame, or below 0 before it, from which it is wanted.

    Yields:
        int16 [samples, channels], without gaps from that moment on: what sounded before it is left out, and silence
        stands where the file has none. Nothing, where no audio can be decoded; what is damaged is left out.
    """
    start = _picture_start(path)
    with av.open(str(path), options=_OPTIONS, metadata_errors="replace") as container:
        yield from samples_of(container, seconds, start=start, rate=rate, offset_s=offset_s)


def samples_of(
    container: InputContainer,
    seconds: float,
    *,
    rate: int,
    start: float | None = None,
    mono: bool = False,
    offset_s: float = 0.0,
) -> Iterator[NDArray[np.int16]]:
    """Decode the first audio track of an open file, as `read_sound` does.

    Args:
        start: the container's time of the first sample that is wanted; None: of the first there is.
        rate: samples a second that come out.
        mono: whether everything is mixed down to one channel.
        offset_s: seconds that are added to the start.
    """
    frames = decoded(container)
    first = next(frames, None)
    if first is None:
        return
    end, empty = max(1, round(seconds * rate)), True
    stretches = _on_clock(_resampled(chain([first], frames), rate, mono), start, offset_s, end, rate)
    for samples in mixed_to_mono(stretches) if mono else stretches:
        empty = False
        yield samples
    if empty and start is None and not offset_s:  # a resampler gives nothing for less sound than its filter is long
        channels = first.layout.nb_channels
        yield np.zeros((end, 1 if mono else channels if channels in LAYOUTS else 2), np.int16)


def decoded(container: InputContainer) -> Iterator[AudioFrame]:
    """The frames of the first audio track, if there is one; what is damaged is left out."""
    if not container.streams.audio:
        return
    stream = container.streams.audio[0]
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the container breaks off here; the decoder may still hold samples
            packet = None
        try:
            yield from stream.decode(packet)
        except EOFError:
            return
        except av.FFmpegError:
            pass  # one damaged packet; the next may decode
        if packet is None:
            return


def _picture_start(path: Path) -> float:
    """Seconds at which the file's clock shows its first video frame."""
    with av.open(str(path), options=_OPTIONS, metadata_errors="replace") as container:
        return next((frame.time or 0.0 for frame in container.decode(video=0)), 0.0)


def _resampled(frames: Iterable[AudioFrame], rate: int, may_change: bool) -> Iterator[AudioFrame]:
    """Frames of one rate: all of the first one's layout, or, where it `may_change`, each mono or stereo as it is."""
    resampler, taken, layout = None, None, None
    for frame in frames:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or kind != taken:  # files that were glued together change in the middle
            if resampler is not None:
                yield from resampler.resample(None)
            if layout is None or may_change:
                channels = frame.layout.nb_channels
                layout = LAYOUTS.get(min(channels, 2) if may_change else channels, "stereo")
            resampler, taken = av.AudioResampler(format="s16", layout=layout, rate=rate), kind
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _on_clock(
    frames: Iterator[AudioFrame], start: float | None, offset_s: float, end: int, rate: int
) -> Iterator[NDArray[np.int16]]:
    position, begins = 0, None if start is None else start + offset_s  # samples from where it begins
    for frame in frames:
        samples = cast("NDArray[np.int16]", frame.to_ndarray()).reshape(-1, frame.layout.nb_channels)
        if begins is None:
            begins = (frame.time or 0.0) + offset_s
        due = position if frame.time is None else round((frame.time - begins) * rate)
        if abs(due - position) > _DRIFT_S * rate or position == 0:
            for length in _stretches(min(due, end) - position, _LONGEST_GAP_S * rate):
                yield np.zeros((length, samples.shape[1]), np.int16)
                position += length
            samples = samples[max(position - due, 0) :]
        samples = samples[: end - position]
        if len(samples):
            yield samples
            position += len(samples)
        if position >= end:
            return


def _stretches(gap: int, longest: int) -> Iterator[int]:
    while gap > 0:
        yield min(gap, longest)
        gap -= longest
