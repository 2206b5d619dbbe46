"""A video file in, upright sRGB frames out, one at a time. Needs PyAV only: a light child process can import it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from models.errors import NoVideoError, VideoError
from models.orientation import Orientation
from models.runtime import thread_count
from models.video_extent import extent

# Containers of real videos. Playlists (HLS, concat …) stay out: they may name other files and addresses, and the file
# comes from a stranger.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,gif,h264,hevc,ivf"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
_MOST_THREADS = 4  # of a decoder: each holds frames of its own, and a server may have a hundred cores
_RATES = (1.0, 120.0)  # frames a second to believe without a look at the frames' times
_SAMPLES = 60  # packets whose times tell the rate of a file that does not say it
_STEP = 0.001  # seconds: frames whose times stand still or go back are this far apart


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about its picture.

    Attributes:
        width, height: of the upright picture in square pixels, rotation metadata and pixel shape applied.
        frames: number of shown frames, as the container states it; None where it does not (WebM, GIF, streams).
        seconds: from the first shown frame to the end of the last; None where the file knows no times.
        fps: mean frames a second.
        audio_rate: samples a second of the first audio track; None without one.
    """

    width: int
    height: int
    frames: int | None
    seconds: float | None
    fps: float
    audio_rate: int | None

    @property
    def audio(self) -> bool:
        """Whether there is an audio track."""
        return self.audio_rate is not None


def probe(path: Path) -> VideoInfo:
    """Read what a file says about itself, all of its packets' times, and decode its first frame.

    Raises:
        NoVideoError: the file holds no moving picture (an audio file, a cover picture).
        VideoError: it is empty, of an unknown container or codec, or nothing of it decodes.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        orientation = _orientation(_first(_decode(container, stream)), stream)
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        audio_rate = next((track.rate for track in container.streams.audio), None)
    with _open(path) as container:
        shown = extent(container, _video_stream(container))
    if not _RATES[0] <= rate <= _RATES[1]:
        rate = _measured_rate(path) or 25.0
    return VideoInfo(orientation.width, orientation.height, shown.frames, shown.seconds, rate, audio_rate)


def read_frames(path: Path, check: Callable[[int, int], None] | None = None) -> Iterator[tuple[float, np.ndarray]]:
    """Decode the frames of a file's first video track in the order and at the times of their showing.

    What is damaged is left out: of a truncated file the frames before the cut come, and no error.

    Args:
        check: gets every frame's width and height before its pixels are converted, since a stream may change its size
            at any frame; what it raises ends the reading.

    Yields:
        Seconds from the first frame (strictly rising) and the picture, uint8 [H, W, 3] RGB, upright, in square pixels,
        every one of the first one's size.

    Raises:
        NoVideoError, VideoError: as `probe` does.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        frames = _decode(container, stream) if check is None else _checked(_decode(container, stream), check)
        head = _first(frames)
        orientation, start = _orientation(head, stream), head.time or 0.0
        yield 0.0, orientation.apply(head)
        del head
        step = 1 / float(stream.average_rate or stream.guessed_rate or 25)
        last = 0.0
        for frame in frames:
            time = last + step if frame.pts is None else frame.time - start
            last = max(time, last + _STEP)
            yield last, orientation.apply(frame)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[InputContainer]:
    if path.stat().st_size == 0:
        raise VideoError("The video is empty (0 bytes): send the file again.")
    try:
        # Titles and tags may be in any encoding, and nobody reads them here.
        container = av.open(str(path), options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            f"The file is no video that can be read ({_reason(error)}): send a complete MP4, MOV, WebM, MKV or GIF."
        ) from error
    with container:
        yield container


def _video_stream(container: InputContainer) -> VideoStream:
    """The first video track that is not an attached picture (the cover of an audio file)."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            break
    else:
        raise NoVideoError("The file has no video track (audio only?): send a video that shows a face.")
    if cast(Any, stream).codec_context is None:
        raise VideoError("The video's codec is unknown here: convert it to H.264, H.265, VP9 or AV1.")
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(thread_count(), _MOST_THREADS)
    return stream


def _decode(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Frames in the order of showing; damaged packets, and what follows a cut, are left out."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the container breaks off here: the decoder may still hold frames
            packet = None
        try:
            yield from stream.decode(packet)
        except EOFError:
            return  # drained already
        except av.FFmpegError:
            pass  # one damaged packet; the next may decode
        if packet is None:
            return


def _checked(frames: Iterator[VideoFrame], check: Callable[[int, int], None]) -> Iterator[VideoFrame]:
    for frame in frames:
        check(frame.width, frame.height)
        yield frame


def _first(frames: Iterator[VideoFrame]) -> VideoFrame:
    frame = next(frames, None)
    if frame is None:
        raise VideoError("No frame of the video can be decoded: it is truncated, corrupt or empty. Export it again.")
    return frame


def _orientation(frame: VideoFrame, stream: VideoStream) -> Orientation:
    return Orientation.of(frame, float(stream.sample_aspect_ratio or 1))


def _measured_rate(path: Path) -> float | None:
    """Frames a second by the times of the first packets: browsers' recorders, for one, state no rate."""
    with _open(path) as container:
        stream = _video_stream(container)
        try:
            packets = [p.pts for p in islice(container.demux(stream), _SAMPLES) if p.pts is not None]
        except av.FFmpegError:
            return None
        times = sorted(set(packets))
        if len(times) < 2 or not stream.time_base:
            return None
        return 1 / float(np.median(np.diff(times)) * float(stream.time_base))


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
