"""What a file is, by its first bytes and header alone, without decoding anything: for early 413 and 415 answers."""

from collections.abc import Collection
from typing import BinaryIO, Literal

from workers.contract.contract_model import ContractModel
from workers.contract.errors import EmptyFileError, PictureTooLargeError, UnsupportedMediaError
from workers.contract.picture_header import HEIF_BRANDS, picture_size, picture_type

MediaKind = Literal["picture", "video", "motion", "audio"]
"""What can be done with a file: edit it, read its motion, use it as a motion (the document of POST /extract), or use
its sound."""

PICTURE: tuple[MediaKind, ...] = ("picture",)
ANY: tuple[MediaKind, ...] = ("picture", "video", "audio", "motion")
VISUAL: tuple[MediaKind, ...] = ("picture", "video")

_TS_PACKET, _TS_SYNC = 188, 0x47

_ACCEPTED: dict[MediaKind, str] = {
    "picture": "PNG, JPEG, WebP, HEIC, AVIF, GIF, TIFF or BMP",
    "video": "MP4, MOV, WebM, Matroska, AVI, MPEG or GIF",
    "motion": "the JSON or npz document of POST /extract",
    "audio": "WAV, AIFF, FLAC, MP3, AAC, OGG or M4A",
}


class MediaHeader(ContractModel):
    """A file's media type, and a picture's size in pixels: 0 x 0 where a damaged header does not have it.

    A video's size is None: its container has to be taken apart to know it, and that is left to the workers.
    """

    media_type: str
    width: int | None = None
    height: int | None = None


def detect_media_type(data: BinaryIO, max_pixels: int, kinds: Collection[MediaKind] = PICTURE) -> MediaHeader:
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
        raise EmptyFileError(f"The file is empty; send {accepted(kinds)}.")
    picture = picture_type(start)
    media_type = picture or _audio(start) or _video(start) or _motion(start)
    if media_type is None or media_kind(media_type, kinds) is None:
        raise _unsupported(start, kinds)
    if picture is None:
        return MediaHeader(media_type=media_type)
    width, height = picture_size(data, picture)
    if width * height > max_pixels:
        raise PictureTooLargeError(
            f"The picture has {width} x {height} pixels; scale it down to at most {max_pixels / 1e6:g} million."
        )
    return MediaHeader(media_type=media_type, width=width, height=height)


def accepted(kinds: Collection[MediaKind]) -> str:
    """The names of the file formats that are accepted of some kinds, for people."""
    return ", or ".join(text for kind, text in _ACCEPTED.items() if kind in kinds)


def media_kind(media_type: str, kinds: Collection[MediaKind]) -> MediaKind | None:
    """Which of the kinds a file of a detected media type is. A GIF is a video wherever videos are accepted."""
    found: list[MediaKind] = []
    if media_type.startswith("video/") or media_type == "image/gif":
        found.append("video")
    if media_type.startswith("image/"):
        found.append("picture")
    if media_type.startswith("application/"):
        found.append("motion")
    if media_type.startswith("audio/"):
        found.append("audio")
    return next((kind for kind in found if kind in kinds), None)


def is_video(data: BinaryIO) -> bool:
    """Whether the first bytes are a video's; leaves the file at its beginning."""
    start = _start(data)
    return _audio(start) is None and _video(start) is not None


def is_audio(data: BinaryIO) -> bool:
    """Whether the first bytes are those of a sound without a picture; leaves the file at its beginning."""
    return _audio(_start(data)) is not None


def _start(data: BinaryIO) -> bytes:
    data.seek(0)
    start = data.read(_TS_PACKET + 1)
    data.seek(0)
    return start


def _video(start: bytes) -> str | None:
    if start[4:8] == b"ftyp":
        if start[8:12] in HEIF_BRANDS:
            return None
        return "video/quicktime" if start[8:12] == b"qt  " else "video/mp4"
    if start[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime from before there was ftyp
        return "video/quicktime"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "video/x-msvideo"
    if start[:1] == bytes([_TS_SYNC]) and start[-1] == _TS_SYNC and len(start) == _TS_PACKET + 1:
        return "video/mp2t"
    return next((media_type for magic, media_type in _VIDEOS if start.startswith(magic)), None)


def _audio(start: bytes) -> str | None:
    if start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE":
        return "audio/wav"
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return "audio/aiff"
    if start[4:8] == b"ftyp" and start[8:12] in _AUDIO_BRANDS:
        return "audio/mp4"
    if start.startswith(b"OggS") and any(codec in start for codec in _OGG_CODECS):
        return "audio/ogg"
    if start.startswith(b"fLaC"):
        return "audio/flac"
    if _is_adts_frame(start):
        return "audio/aac"
    return "audio/mpeg" if start.startswith(b"ID3") or _is_mp3_frame(start) else None


def _is_mp3_frame(start: bytes) -> bool:
    """Whether it begins with the header of a frame of MPEG-1, 2 or 2.5 audio, layer III."""
    if len(start) < 4 or start[0] != 0xFF or start[1] & 0xE6 != 0xE2:
        return False
    version, bit_rate, sample_rate = start[1] >> 3 & 3, start[2] >> 4, start[2] >> 2 & 3
    return version != 1 and bit_rate not in (0, 15) and sample_rate != 3


def _is_adts_frame(start: bytes) -> bool:
    """Whether it begins with the header of a frame of AAC, as radio streams and phones write it."""
    if len(start) < 7 or start[0] != 0xFF or start[1] & 0xF6 != 0xF0:
        return False
    sample_rate, length = start[2] >> 2 & 15, (start[3] & 3) << 11 | start[4] << 3 | start[5] >> 5
    return sample_rate < 13 and length > 7


def _motion(start: bytes) -> str | None:
    if start.startswith(b"PK\x03\x04"):
        return "application/x-npz"
    return "application/json" if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else None


def _unsupported(start: bytes, kinds: Collection[MediaKind]) -> UnsupportedMediaError:
    wanted = accepted(kinds)
    if _audio(start):
        return UnsupportedMediaError(f"The file is sound alone, which only POST /talk takes; send {wanted}.")
    if _video(start):
        return UnsupportedMediaError(f"The file is a video, which only POST /reenact edits; send {wanted}.")
    return UnsupportedMediaError(f"The file is of no type that is accepted here; send {wanted}.")


_VIDEOS = (
    (b"\x1aE\xdf\xa3", "video/webm"),  # Matroska looks the same
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"OggS", "video/ogg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_AUDIO_BRANDS = (b"M4A ", b"M4B ")  # others write sound alone as a video without a picture
_OGG_CODECS = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
