"""The limit on a video's picture, for its first frame and for every other."""

from workers.contract.errors import VideoTooLargeError


def check_video_size(max_pixels: int, width: int, height: int) -> None:
    """Raise VideoTooLargeError where a frame of width x height pixels is larger than is accepted."""
    if width * height > max_pixels:
        raise VideoTooLargeError(
            f"The video has {width} x {height} pixels; scale it down to at most {max_pixels / 1e6:g} million."
        )
