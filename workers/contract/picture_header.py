"""A picture's type and size in pixels, by its first bytes and header alone."""

import io
import os
import struct
from collections.abc import Callable, Mapping
from typing import BinaryIO

_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
# Start-of-frame markers: all of C0..CF but the Huffman, arithmetic and extension ones.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1", b"avif", b"avis")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_MOST_BOXES, _MOST_META = 4096, 2**20  # a picture of the largest size has a few hundred tiles
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def picture_type(start: bytes) -> str | None:
    """The media type of a picture that begins like this; None: it is no picture that is known here."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS:
        # Some writers call a picture by the general brand, and say only beside it how it is coded.
        return "image/avif" if _AVIF_BRANDS.intersection(_brands(start)) else "image/heic"
    return next((media_type for magic, media_type in _PICTURES if start.startswith(magic)), None)


def picture_size(data: BinaryIO, media_type: str) -> tuple[int, int]:
    """Width and height that the header states, 0 x 0 where a damaged one does not; leaves the file at its beginning."""
    try:
        return _MEASURES[media_type](data)
    except (struct.error, IndexError, OverflowError):
        return 0, 0  # truncated within the header: the decoder will say so
    finally:
        data.seek(0)


def _brands(start: bytes) -> list[bytes]:
    """What an `ftyp` box says that the file is: its own brand, and those that it is compatible with."""
    end = min(len(start), int.from_bytes(start[:4]))
    return [start[8:12], *(start[at : at + 4] for at in range(16, end - 3, 4))]


def _measure_heif(data: BinaryIO) -> tuple[int, int]:
    """The largest size that the file's properties state: a grid's own, not that of its tiles or of a thumbnail.

    It is the coded one, which a crop may make smaller: at least 64 pixels in HEIC.
    """
    meta = io.BytesIO(_box(data, b"meta"))
    meta.seek(4)  # version and flags
    properties = io.BytesIO(_box(io.BytesIO(_box(meta, b"iprp")), b"ipco"))
    sizes = [(0, 0)]
    while size := _box(properties, b"ispe"):
        sizes.append(struct.unpack(">II", size[4:12]))
    return max(sizes, key=lambda size: size[0] * size[1])


def _box(data: BinaryIO, kind: bytes) -> bytes:
    """The content of the next box of a kind, from where the file stands; empty where none comes."""
    for _ in range(_MOST_BOXES):
        header = data.read(8)
        if len(header) < 8:
            break
        length = int.from_bytes(header[:4]) - 8
        if length == 1 - 8:  # a longer length follows
            length = int.from_bytes(data.read(8)) - 16
        if header[4:] == kind:
            return data.read(min(length, _MOST_META)) if length >= 0 else b""
        if length < 0:  # to the end of the file, or nonsense
            break
        data.seek(length, os.SEEK_CUR)
    return b""


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


_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
)
_MEASURES: Mapping[str, Callable[[BinaryIO], tuple[int, int]]] = {
    "image/png": _measure_png,
    "image/jpeg": _measure_jpeg,
    "image/gif": _measure_gif,
    "image/tiff": _measure_tiff,
    "image/bmp": _measure_bmp,
    "image/webp": _measure_webp,
    "image/heic": _measure_heif,
    "image/avif": _measure_heif,
}
