"""Frames and sound -> video file, one at a time: memory does not grow with the length of the clip."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image

from models.runtime import thread_count
from workers.contract.text import reason
from workers.media.clock import Clock
from workers.media.provenance import DIGITAL_SOURCE_TYPE, add_to_gif, add_to_mp4
from workers.media.sound import Sound
from workers.media.sound_track import SoundTrack, kept_rate
from workers.media.still import EncodingError

_BT709, _SRGB_CURVE = 1, 13  # code points of ITU-T H.273


class _Format(NamedTuple):
    codec: str
    codec_options: dict[str, str]
    container_options: dict[str, str]
    base: Fraction
    """The unit of time of frames that are not evenly spaced, seconds; Matroska and GIF know no other."""
    sound: str | None
    add_xmp: Callable[[Path], None] | None
    """Called with the finished file; None where a format has no place for XMP."""


_FORMATS = {
    # Without B-frames decoding times are showing times, and a clip of uneven frames lasts as long as it says.
    "mp4": _Format(
        "libx264",
        {"crf": "16", "preset": "veryfast", "bf": "0"},
        {"movflags": "+faststart"},
        Fraction(1, 90_000),
        "aac",
        add_to_mp4,
    ),
    "webm": _Format(
        "libvpx-vp9",
        {"crf": "24", "b:v": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"},
        {},
        Fraction(1, 1000),
        "libopus",
        None,
    ),
    "gif": _Format("gif", {}, {"loop": "0"}, Fraction(1, 100), None, add_to_gif),
}


def sound_rate(format: str, own: int) -> int:  # noqa: A002 - the field's own name
    """Samples a second of the sound in a clip of that format, which is made of one with `own` samples a second."""
    return kept_rate(_FORMATS[format].sound, own)


class ClipWriter:
    """Writes uint8 [H, W, 3] sRGB frames of one size as mp4 (H.264, AAC), webm (VP9, Opus) or gif; a context manager.

    Frames with alpha, [H, W, 4], make a webm with transparency.

    4:2:0 video has even sides, so an odd picture is repeated by one pixel at its right or lower border.

    Args:
        path: the file to write.
        format: mp4, webm or gif.
        clock: when the frames are shown.
        sound: of a rate that `sound_rate` gives for the format; cut where the clip ends. A gif has none.
        check: called between frames that are encoded at the end; what it raises ends the work.
    """

    def __init__(
        self,
        path: Path,
        format: str,  # noqa: A002 - the field's own name
        clock: Clock,
        sound: Sound | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._format = _FORMATS[format]
        self._clock, self._check = clock, check
        self._base, self._ticks = clock.ticks(self._format.base)
        self._container = av.open(str(path), "w", format=format, options=self._format.container_options)
        self._container.metadata["description"] = DIGITAL_SOURCE_TYPE
        self._path = path
        self._stream: Any = None
        self._sound = sound if self._format.sound else None
        self._track: SoundTrack | None = None
        self._palette: Image.Image | None = None
        self.frames = self.width = self.height = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._stream is not None:
                self._mux(self._held_back())
                if self._track is not None:
                    self._track.finish()
        finally:
            self._container.close()
        if kind is None and self._stream is not None and self._format.add_xmp is not None:
            self._format.add_xmp(self._path)

    def write(self, pixels: NDArray[np.uint8]) -> None:
        """Append a frame, and the sound until the next. Raises EncodingError when the codec cannot take the size."""
        if self._stream is None:
            self._open(pixels)
        frame = self._to_palette(pixels) if self._format.codec == "gif" else _to_yuv(pixels)
        frame.pts, frame.time_base = self._ticks[self.frames], self._base
        self._mux(self._stream.encode(frame))
        self.frames += 1
        if self._track is not None:
            self._track.write_until(float(self._ticks[self.frames] * self._base))

    def _held_back(self) -> Iterator[Any]:
        """The packets of frames that the codec still holds: VP9 encodes up to 25 of them only now."""
        for packet in self._stream.codec_context.encode_lazy(None):
            self._check()
            packet.stream = self._stream
            yield packet

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            # The muxer knows how long a frame is shown from the next one's time; the last one has no next.
            if packet.pts == self._ticks[-2] and not self._clock.steady:
                packet.duration = self._ticks[-1] - self._ticks[-2]
            self._container.mux(packet)

    def _open(self, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        rate = self._clock.rate
        stream = cast(
            Any, self._container.add_stream(self._format.codec, rate=rate, options=self._format.codec_options)
        )
        context = stream.codec_context
        if self._format.codec == "gif":
            self._palette = _palette(pixels)
            context.width, context.height, context.pix_fmt = width, height, "pal8"
        else:
            context.width, context.height = width + width % 2, height + height % 2
            context.pix_fmt = "yuva420p" if pixels.shape[2] == 4 else "yuv420p"
            if pixels.shape[2] == 4:  # players look for it, and the encoder's reference frames would have no alpha
                stream.metadata["alpha_mode"] = "1"
                context.options = {**context.options, "auto-alt-ref": "0"}
            context.colorspace, context.color_primaries, context.color_trc = _BT709, _BT709, _SRGB_CURVE
            context.color_range = ColorRange.MPEG
            context.thread_type, context.thread_count = "AUTO", thread_count()
        context.time_base = self._base
        try:
            context.open()
        except av.FFmpegError as error:
            raise EncodingError(
                f"A clip cannot have {width} x {height} pixels ({reason(error)}); ask for less."
            ) from error
        self._stream, self.width, self.height = stream, context.width, context.height
        if self._sound is not None and self._format.sound is not None:
            self._track = SoundTrack.opened(self._container, self._format.sound, self._sound)

    def _to_palette(self, pixels: NDArray[np.uint8]) -> av.VideoFrame:
        assert self._palette is not None
        indices = np.asarray(Image.fromarray(pixels).quantize(palette=self._palette))
        colours = np.asarray(self._palette.getpalette(), np.uint8).reshape(-1, 3)
        argb = np.full((256, 4), 255, np.uint8)
        argb[: len(colours), 1:] = colours
        return av.VideoFrame.from_ndarray((indices, argb), format="pal8")  # type: ignore[arg-type]


def _palette(first: NDArray[np.uint8]) -> Image.Image:
    """One palette for a whole clip: chosen anew for each frame, its colours would flicker.

    Three quarters are the first frame's own colours; the rest are spread evenly, for what comes into the clip later.
    """
    spread = np.stack(np.meshgrid(*[np.linspace(0, 255, 4)] * 3), -1).reshape(-1, 3).astype(np.uint8)
    own = Image.fromarray(first).quantize(256 - len(spread)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(bytes(own[: 3 * (256 - len(spread))]) + spread.tobytes())
    return palette


def _to_yuv(pixels: NDArray[np.uint8]) -> av.VideoFrame:
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    read, made = ("rgba", "yuva420p") if pixels.shape[2] == 4 else ("rgb24", "yuv420p")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format=read)
    return frame.reformat(format=made, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
