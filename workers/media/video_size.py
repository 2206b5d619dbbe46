"""The limits on a video's picture, for its first frame and for every other, and on its length."""

from workers.contract.errors import VideoTooLargeError, VideoTooLongError

SPARE_S = 0.5
"""Sound may outlast the picture a little, and be what the container calls the file's length."""


def check_video_size(max_pixels: int, width: int, height: int) -> None:
    """Raise VideoTooLargeError where a frame of width x height pixels is larger than is accepted."""
    if width * height > max_pixels:
        raise VideoTooLargeError(
            f"The video has {width} x {height} pixels; scale it down to at most {max_pixels / 1e6:g} million."
        )


def check_video_length(longest: float, seconds: float) -> None:
    """Raise VideoTooLongError where a video, or the motion of one, lasts longer than is accepted."""
    if seconds > longest + SPARE_S:
        raise VideoTooLongError(f"It lasts {seconds:.1f} s or more; cut it to at most {longest:g} s.")
