"""From a decoded frame to the picture that a player shows: colours, pixel shape, rotation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, VideoReformatter

_UNSPECIFIED = 2  # ITU-T H.273: the file does not say which matrix made luma and chroma
_HD = 720  # rows from which players take BT.709 for granted
_HDR = (16, 18)  # ITU-T H.273: PQ and HLG, which phones record; shown as if they were sRGB they look grey
_SHAPES = (0.25, 4.0)  # pixel aspect ratios to believe: a false one would ask for a picture of any size


@dataclass(frozen=True)
class Orientation:
    """How the frames of one video become upright pictures.

    Attributes:
        width, height: of the upright picture.
        transposed: rows and columns change places, before the flips.
        flipped_x, flipped_y: left and right, top and bottom change places.
    """

    width: int
    height: int
    transposed: bool
    flipped_x: bool
    flipped_y: bool
    # One for all frames: it keeps the tables that an HDR video needs, which take seconds to make.
    _reformatter: VideoReformatter = field(default_factory=VideoReformatter, repr=False, compare=False)

    @classmethod
    def of(cls, frame: VideoFrame, pixel_aspect: float = 1.0) -> Orientation:
        """What a video's first frame says. `pixel_aspect`: width of a pixel over its height."""
        transposed, flipped_x, flipped_y = _turn(frame)
        width, height = frame.width, frame.height
        if _SHAPES[0] <= pixel_aspect <= _SHAPES[1]:
            width = max(round(width * pixel_aspect), 1)
        if transposed:
            width, height = height, width
        return cls(width, height, transposed, flipped_x, flipped_y)

    def apply(self, frame: VideoFrame) -> np.ndarray:
        """The frame as uint8 [H, W, 3] sRGB; one of another size than the first is fitted to that."""
        picture = self._sized(frame).to_ndarray()
        if self.transposed:
            picture = picture.transpose(1, 0, 2)
        return np.ascontiguousarray(picture[:: -1 if self.flipped_y else 1, :: -1 if self.flipped_x else 1])

    def _sized(self, frame: VideoFrame) -> VideoFrame:
        """The frame as 8-bit sRGB, not yet turned."""
        size = (self.height, self.width) if self.transposed else (self.width, self.height)
        if frame.color_trc in _HDR:
            target = {"dst_colorspace": Colorspace.ITU709, "dst_color_primaries": ColorPrimaries.BT709}
            try:
                return self._reformatter.reformat(frame, *size, "rgb24", dst_color_trc=ColorTrc.IEC61966_2_1, **target)
            except (av.FFmpegError, ValueError):
                pass  # a mixture of tags that swscale does not know: better grey than nothing
        matrix = None
        if frame.colorspace == _UNSPECIFIED:
            matrix = Colorspace.ITU709 if frame.height >= _HD else Colorspace.ITU601
        return self._reformatter.reformat(frame, *size, "rgb24", src_colorspace=matrix)


def _turn(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """Transposed, flipped along x, flipped along y, by the display matrix; turns of other than 90° are left out."""
    try:
        matrix = cast(Any, frame.side_data)[Type.DISPLAYMATRIX]  # PyAV's stubs know other keys than PyAV
    except KeyError:
        return False, False, False
    # x' = a x + c y, y' = b x + d y, in 16.16 fixed point; the matrix is stored [a b u, c d v, tx ty w].
    a, b, _, c, d = np.frombuffer(bytes(matrix)[:20], np.int32).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0
