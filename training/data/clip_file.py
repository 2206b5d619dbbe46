"""A piece of a video as a clip of the training data: one square, 256 x 256, 25 frames a second, sound beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from datasets.speech.recordings import read_sound
from models.audio import FRAME_RATE, SAMPLE_RATE
from models.extractor import CROP
from models.video import read_frames
from training.pirender.segments import Segment

_WINDOW = SAMPLE_RATE // 50  # samples in which loudness is measured
_LOUD = 0.1  # of the loudest windows' loudness: what is louder is speech
_QUALITY = {"crf": "14", "preset": "fast"}


def sound_of(video: Path) -> NDArray[np.float32]:
    """The mono sound at 16 kHz from the first frame on; empty where the video has none."""
    with av.open(str(video)) as container:
        if not container.streams.audio:
            return np.zeros(0, np.float32)
        picture = next((frame.time for frame in container.decode(video=0)), 0.0) or 0.0
    with av.open(str(video)) as container:
        late = (next((frame.time for frame in container.decode(audio=0)), 0.0) or 0.0) - picture
    sound, shift = read_sound(video), round(late * SAMPLE_RATE)
    return np.pad(sound, (shift, 0)) if shift > 0 else sound[-shift:]


def write_clip(video: Path, segment: Segment, sound: NDArray[np.float32], out: Path) -> str:
    """Write a segment of a video. Returns its times of speech, `start-end:word`, in seconds of the clip.

    Args:
        sound: of the whole video, as `sound_of` gives it.
    """
    partial = out.with_name(f".{out.name}")
    frames = islice(read_frames(video), segment.first, segment.stop)
    begin, count = 0.0, 0
    with av.open(str(partial), "w") as container:
        picture = cast(Any, container.add_stream("libx264", rate=FRAME_RATE, options=_QUALITY))
        picture.width = picture.height = CROP
        picture.pix_fmt = "yuv420p"
        track = cast(Any, container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")) if len(sound) else None
        for count, (time, pixels) in enumerate(_steady(frames), start=1):
            begin = time if count == 1 else begin
            frame = av.VideoFrame.from_ndarray(segment.square.cut(pixels, CROP), format="rgb24")
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        part = sound[round(begin * SAMPLE_RATE) :][: count * SAMPLE_RATE // FRAME_RATE]
        if track is not None:
            _write_sound(container, track, part)
    partial.rename(out)
    return spoken(part, count / FRAME_RATE)


def spoken(sound: NDArray[np.float32], seconds: float) -> str:
    """When somebody speaks in a clip: from its first loud moment to its last."""
    windows = sound[: len(sound) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    loudness = np.sqrt(np.square(windows).mean(1)) if len(windows) else np.zeros(0)
    loud = np.flatnonzero(loudness > max(_LOUD * np.quantile(loudness, 0.95), 1e-4)) if len(loudness) else loudness
    if not len(loud):
        return f"0.000-{seconds:.3f}:sil"
    first, last = loud[0] * _WINDOW / SAMPLE_RATE, (loud[-1] + 1) * _WINDOW / SAMPLE_RATE
    return f"0.000-{first:.3f}:sil {first:.3f}-{last:.3f}:speech {last:.3f}-{seconds:.3f}:sil"


def _steady(frames: Iterable[tuple[float, NDArray[np.uint8]]]) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Frames evenly spaced in time: at each moment the one that is shown then."""
    start, number = None, 0
    last: tuple[float, NDArray[np.uint8]] | None = None
    for time, pixels in frames:
        start = time if start is None else start
        while last is not None and start + number / FRAME_RATE < time - 1e-6:
            yield start + number / FRAME_RATE, last[1]
            number += 1
        last = time, pixels
    if last is not None and start is not None:
        yield start + number / FRAME_RATE, last[1]


def _write_sound(container: Any, track: Any, sound: NDArray[np.float32]) -> None:
    samples = np.ascontiguousarray(sound[None])
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
    container.mux(track.encode(frame))
    container.mux(track.encode(None))
