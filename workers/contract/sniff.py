"""What a file is, by its first bytes and header alone, without decoding anything: for early 413 and 415 answers."""

import os
import struct
from collections.abc import Callable, Collection
from typing import BinaryIO, Literal

from workers.contract.document import Document
from workers.contract.errors import EmptyFileError, PictureTooLargeError, UnsupportedMediaError

MediaKind = Literal["picture", "video", "motion"]
"""What can be done with a file: edit it, read its motion, or use it as a motion (the document of POST /extract)."""

PICTURE: tuple[MediaKind, ...] = ("picture",)

_Measure = Callable[[BinaryIO], tuple[int, int]]

_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
# Start-of-frame markers: all of C0..CF but the Huffman, arithmetic and extension ones.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_TS_PACKET, _TS_SYNC = 188, 0x47

_ACCEPTED: dict[MediaKind, str] = {
    "picture": "PNG, JPEG, WebP, GIF, TIFF or BMP",
    "video": "MP4, MOV, WebM, Matroska, AVI, MPEG or GIF",
    "motion": "the JSON or npz document of POST /extract",
}


class Header(Document):
    """A file's media type, and a picture's size in pixels: 0 x 0 where a damaged header does not tell.

    A video's size is None: its container has to be taken apart to know it, and that is left to the workers.
    """

    media_type: str
    width: int | None = None
    height: int | None = None


def sniff(data: BinaryIO, max_pixels: int, kinds: Collection[MediaKind] = PICTURE) -> Header:
    """Look at a file's first bytes and a picture's header; leaves the file at its beginning.

    Args:
        data: a seekable binary file.
        max_pixels: most pixels accepted of a picture.
        kinds: what the file may be.

    Raises:
        EmptyFileError: no bytes.
        UnsupportedMediaError: none of the kinds.
        PictureTooLargeError: the header declares more than `max_pixels`.
    """
    start = _start(data)
    if not start:
        raise EmptyFileError(f"The file is empty; send {_listed(kinds)}.")
    picture = _picture(start)
    media_type = picture[0] if picture else _video(start) or _motion(start)
    if media_type is None or kind_of(media_type, kinds) is None:
        raise _refusal(start, kinds)
    if picture is None:
        return Header(media_type=media_type)
    width, height = _measured(data, picture[1])
    if width * height > max_pixels:
        raise PictureTooLargeError(
            f"The picture has {width} x {height} pixels; scale it down to at most {max_pixels / 1e6:g} million."
        )
    return Header(media_type=media_type, width=width, height=height)


def kind_of(media_type: str, kinds: Collection[MediaKind]) -> MediaKind | None:
    """Which of the kinds a file of a type found by `sniff` is. A GIF is a video wherever videos are accepted."""
    found: list[MediaKind] = []
    if media_type.startswith("video/") or media_type == "image/gif":
        found.append("video")
    if media_type.startswith("image/"):
        found.append("picture")
    if media_type.startswith("application/"):
        found.append("motion")
    return next((kind for kind in found if kind in kinds), None)


def is_video(data: BinaryIO) -> bool:
    """Whether the first bytes are a video's; leaves the file at its beginning."""
    return _video(_start(data)) is not None


def _start(data: BinaryIO) -> bytes:
    data.seek(0)
    start = data.read(_TS_PACKET + 1)
    data.seek(0)
    return start


def _measured(data: BinaryIO, measure: _Measure) -> tuple[int, int]:
    try:
        return measure(data)
    except (struct.error, IndexError, OverflowError):
        return 0, 0  # truncated within the header: the decoder will say so
    finally:
        data.seek(0)


def _picture(start: bytes) -> tuple[str, _Measure] | None:
    for magic, media_type, measure in _PICTURES:
        if start.startswith(magic):
            return media_type, measure
    return ("image/webp", _measure_webp) if start[:4] == b"RIFF" and start[8:12] == b"WEBP" else None


def _video(start: bytes) -> str | None:
    if start[4:8] == b"ftyp":
        if start[8:12] in _STILL_BRANDS:
            return None
        return "video/quicktime" if start[8:12] == b"qt  " else "video/mp4"
    if start[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime from before there was ftyp
        return "video/quicktime"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "video/x-msvideo"
    if start[:1] == bytes([_TS_SYNC]) and start[-1] == _TS_SYNC and len(start) == _TS_PACKET + 1:
        return "video/mp2t"
    return next((media_type for magic, media_type in _VIDEOS if start.startswith(magic)), None)


def _motion(start: bytes) -> str | None:
    if start.startswith(b"PK\x03\x04"):
        return "application/x-npz"
    return "application/json" if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else None


def _refusal(start: bytes, kinds: Collection[MediaKind]) -> UnsupportedMediaError:
    wanted = _listed(kinds)
    if start[4:8] == b"ftyp" and start[8:12] in _STILL_BRANDS:
        return UnsupportedMediaError(f"HEIC and AVIF pictures are not supported; convert the file to {wanted}.")
    if _video(start):
        return UnsupportedMediaError(f"The file is a video, which only POST /reenact edits; send {wanted}.")
    return UnsupportedMediaError(f"The file is of no type that is accepted here; send {wanted}.")


def _listed(kinds: Collection[MediaKind]) -> str:
    return ", or ".join(text for kind, text in _ACCEPTED.items() if kind in kinds)


def _measure_png(data: BinaryIO) -> tuple[int, int]:
    width, height = struct.unpack(">II", data.read(24)[16:])
    return width, height


def _measure_gif(data: BinaryIO) -> tuple[int, int]:
    width, height = struct.unpack("<HH", data.read(10)[6:])
    return width, height


def _measure_bmp(data: BinaryIO) -> tuple[int, int]:
    header = data.read(26)
    if struct.unpack("<I", header[14:18])[0] == 12:  # the OS/2 header has 16-bit sizes
        width, height = struct.unpack("<HH", header[18:22])
    else:
        width, height = struct.unpack("<ii", header[18:26])
    return abs(width), abs(height)  # a negative height means top-down rows


def _measure_jpeg(data: BinaryIO) -> tuple[int, int]:
    data.seek(2)
    while True:
        while (byte := data.read(1)[0]) != 0xFF:
            pass
        while (byte := data.read(1)[0]) == 0xFF:
            pass
        if byte in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data.read(7)[3:])
            return width, height
        if byte not in _JPEG_BARE:
            data.seek(struct.unpack(">H", data.read(2))[0] - 2, os.SEEK_CUR)


def _measure_webp(data: BinaryIO) -> tuple[int, int]:
    header = data.read(30)
    kind = header[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(header[24:27], "little"), 1 + int.from_bytes(header[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack("<I", header[21:25])[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", header[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _measure_tiff(data: BinaryIO) -> tuple[int, int]:
    order = "<" if data.read(4)[:2] == b"II" else ">"
    data.seek(struct.unpack(order + "I", data.read(4))[0])
    sizes = {}
    for _ in range(struct.unpack(order + "H", data.read(2))[0]):
        tag, kind, _, value = struct.unpack(order + "HHI4s", data.read(12))
        sizes[tag] = struct.unpack(order + ("H" if kind == 3 else "I"), value[: 2 if kind == 3 else 4])[0]
    return sizes.get(_TIFF_WIDTH, 0), sizes.get(_TIFF_HEIGHT, 0)


_PICTURES: tuple[tuple[bytes, str, _Measure], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _measure_png),
    (b"\xff\xd8\xff", "image/jpeg", _measure_jpeg),
    (b"GIF87a", "image/gif", _measure_gif),
    (b"GIF89a", "image/gif", _measure_gif),
    (b"II*\x00", "image/tiff", _measure_tiff),
    (b"MM\x00*", "image/tiff", _measure_tiff),
    (b"BM", "image/bmp", _measure_bmp),
)
_VIDEOS = (
    (b"\x1aE\xdf\xa3", "video/webm"),  # Matroska looks the same
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"OggS", "video/ogg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_STILL_BRANDS = (b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif", b"avis")
