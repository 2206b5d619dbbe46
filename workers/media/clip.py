"""Frames -> video file, one at a time: memory does not grow with the length of the clip."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image

from workers.media.still import EncodingError

_BT709, _SRGB_CURVE = 1, 13  # code points of ITU-T H.273
_CODECS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    # codec, its options, the container's options
    "mp4": ("libx264", {"crf": "16", "preset": "veryfast"}, {"movflags": "+faststart"}),
    "webm": ("libvpx-vp9", {"crf": "24", "b:v": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}, {}),
    "gif": ("gif", {}, {"loop": "0"}),
}


class ClipWriter:
    """Writes uint8 [H, W, 3] sRGB frames of one size as mp4 (H.264), webm (VP9) or gif; a context manager.

    4:2:0 video has even sides, so an odd picture is repeated by one pixel at its right or lower border.

    Args:
        path: the file to write.
        format: mp4, webm or gif.
        fps: frames a second.
    """

    def __init__(self, path: Path, format: str, fps: float) -> None:  # noqa: A002 - the field's own name
        self._codec, self._codec_options, container_options = _CODECS[format]
        self._rate = Fraction(fps).limit_denominator(1001)
        self._container = av.open(str(path), "w", format=format, options=container_options)
        self._stream: Any = None
        self._palette: Image.Image | None = None
        self.frames = self.width = self.height = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._stream is not None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def write(self, pixels: NDArray[np.uint8]) -> None:
        """Append a frame. Raises EncodingError when the codec cannot take the size."""
        if self._stream is None:
            self._open(pixels)
        frame = self._to_palette(pixels) if self._codec == "gif" else _to_yuv(pixels)
        frame.pts, frame.time_base = self.frames, 1 / self._rate
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def _open(self, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        stream = cast(Any, self._container.add_stream(self._codec, rate=self._rate, options=self._codec_options))
        context = stream.codec_context
        if self._codec == "gif":
            # One palette for the clip: chosen anew for each frame, its colours would flicker.
            self._palette = Image.fromarray(pixels).quantize(256)
            context.width, context.height, context.pix_fmt = width, height, "pal8"
        else:
            context.width, context.height, context.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
            context.colorspace, context.color_primaries, context.color_trc = _BT709, _BT709, _SRGB_CURVE
            context.color_range = ColorRange.MPEG
            context.thread_type = "AUTO"
        try:
            context.open()
        except av.FFmpegError as error:
            raise EncodingError(f"A clip cannot have {width} x {height} pixels ({error}); ask for less.") from error
        self._stream, self.width, self.height = stream, context.width, context.height

    def _to_palette(self, pixels: NDArray[np.uint8]) -> av.VideoFrame:
        assert self._palette is not None
        indices = np.asarray(Image.fromarray(pixels).quantize(palette=self._palette))
        colours = np.asarray(self._palette.getpalette(), np.uint8).reshape(-1, 3)
        argb = np.full((256, 4), 255, np.uint8)
        argb[: len(colours), 1:] = colours
        return av.VideoFrame.from_ndarray((indices, argb), format="pal8")  # type: ignore[arg-type]


def _to_yuv(pixels: NDArray[np.uint8]) -> av.VideoFrame:
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
