"""Headers read without decoding, compared with what Pillow writes."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib

import pillow_heif
import pytest
from PIL import Image

from workers.contract.errors import EmptyFileError, PictureTooLargeError, ServiceError, UnsupportedMediaError
from workers.contract.media_type import detect_media_type, is_audio, is_video, media_kind

LIMIT = 50_000_000


def written(kind: str, size: tuple[int, int] = (123, 45), **options: object) -> bytes:
    """A picture file as Pillow writes it."""
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (written("PNG"), "image/png"),
        (written("JPEG"), "image/jpeg"),
        (written("JPEG", progressive=True, exif=b"Exif\0\0" + bytes(2000), comment=b"\xff\xc0 no frame"), "image/jpeg"),
        (written("WEBP"), "image/webp"),
        (written("WEBP", lossless=True), "image/webp"),
        (written("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"), "image/webp"),
        (written("GIF"), "image/gif"),
        (written("TIFF"), "image/tiff"),
        (written("TIFF", compression="tiff_lzw"), "image/tiff"),
        (written("BMP"), "image/bmp"),
    ],
)
def test_type_and_size_are_read_from_the_header(data: bytes, media_type: str) -> None:
    file = io.BytesIO(data)
    header = detect_media_type(file, LIMIT)
    assert (header.media_type, header.width, header.height) == (media_type, 123, 45)
    assert file.tell() == 0


def png_of(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds nothing."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def test_a_header_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(PictureTooLargeError, match="20000 x 20000"):
        detect_media_type(io.BytesIO(png_of(20_000, 20_000)), LIMIT)
    assert detect_media_type(io.BytesIO(png_of(5_000, 10_000)), LIMIT).width == 5_000


@pytest.mark.parametrize("data", [b"hello", b"%PDF-1.7", b"\0" * 100, b"<svg/>", b"GIF", b"RIFF\0\0\0\0WAVEfmt "])
def test_what_is_no_picture_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        detect_media_type(io.BytesIO(data), LIMIT)


def heif(kind: str, size: tuple[int, int] = (96, 64), **options: object) -> bytes:
    """A HEIF or AVIF file."""
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "media_type"), [("HEIF", "image/heic"), ("AVIF", "image/avif")])
def test_photos_of_phones_are_measured_by_their_header(kind: str, media_type: str) -> None:
    data = heif(kind)
    header = detect_media_type(io.BytesIO(data), LIMIT)
    assert (header.media_type, header.width, header.height) == (media_type, 96, 64)
    general = data.replace(b"ftypheic", b"ftypmif1").replace(b"ftypavif", b"ftypmif1")
    assert detect_media_type(io.BytesIO(general), LIMIT).media_type == media_type
    with pytest.raises(PictureTooLargeError, match="96 x 64"):
        detect_media_type(io.BytesIO(data), 96 * 64 - 1)
    with_thumbnail = heif("HEIF", (640, 480), thumbnails=[64])
    assert detect_media_type(io.BytesIO(with_thumbnail), LIMIT).width == 640


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_damaged_header_of_a_phones_photo_is_measured_as_nothing(kind: str) -> None:
    data = heif(kind)
    rng = random.Random(7)
    assert detect_media_type(io.BytesIO(data[:60]), LIMIT).width == 0
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(8):
            damaged[rng.randrange(12, min(400, len(data)))] = rng.randrange(256)
        with contextlib.suppress(PictureTooLargeError):  # a damaged size may be any
            detect_media_type(io.BytesIO(bytes(damaged)), LIMIT)
    endless = b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x08free" * 10_000
    assert detect_media_type(io.BytesIO(endless), LIMIT).width == 0


VIDEOS = {
    "video/mp4": b"\0\0\0\x20ftypisom" + bytes(50),
    "video/quicktime": b"\0\0\0\x14ftypqt  " + bytes(50),
    "video/webm": b"\x1aE\xdf\xa3" + bytes(50),
    "video/x-msvideo": b"RIFF\0\0\0\0AVI LIST",
    "video/mpeg": b"\0\0\x01\xba" + bytes(50),
    "video/mp2t": (b"\x47" + bytes(187)) * 2,
    "video/ogg": b"OggS" + bytes(50),
    "image/gif": b"GIF89a" + bytes(50),
}


@pytest.mark.parametrize(("media_type", "data"), VIDEOS.items())
def test_videos_are_known_by_their_first_bytes(media_type: str, data: bytes) -> None:
    file = io.BytesIO(data)
    assert detect_media_type(file, LIMIT, ("picture", "video")).media_type == media_type
    assert media_kind(media_type, ("picture", "video")) == "video"
    assert file.tell() == 0
    assert is_video(file)
    if media_type != "image/gif":  # whose first picture is as good as any
        with pytest.raises(UnsupportedMediaError, match=r"is a video, .*; send PNG"):
            detect_media_type(file, LIMIT)


SOUNDS = {
    "audio/wav": b"RIFF\0\0\0\0WAVEfmt " + bytes(50),
    "audio/flac": b"fLaC" + bytes(50),
    "audio/mpeg": b"ID3\x04" + bytes(50),
    "audio/mp4": b"\0\0\0\x1cftypM4A " + bytes(50),
    "audio/aiff": b"FORM\0\0\0\x40AIFFCOMM" + bytes(50),
    "audio/aac": b"\xff\xf1\x60\x40\x1a\x3f\xfc" + bytes(50),
    "audio/ogg": b"OggS\0\x02" + bytes(22) + b"OpusHead" + bytes(50),
}
FRAMES = [b"\xff\xfb\x90\x64", b"\xff\xf3\x40\xc0", b"\xff\xe3\x18\xc4"]  # MPEG-1, 2 and 2.5, layer III


@pytest.mark.parametrize(("media_type", "data"), [*SOUNDS.items(), *(("audio/mpeg", frame) for frame in FRAMES)])
def test_sounds_are_known_by_their_first_bytes(media_type: str, data: bytes) -> None:
    file = io.BytesIO(data)
    assert detect_media_type(file, LIMIT, ("audio", "video")).media_type == media_type
    assert media_kind(media_type, ("audio", "video")) == "audio"
    assert file.tell() == 0
    assert is_audio(file)
    assert not is_video(file)
    with pytest.raises(UnsupportedMediaError, match=r"POST /talk.*; send MP4"):
        detect_media_type(file, LIMIT, ("video", "motion"))


def test_a_video_is_a_sound_too_where_sounds_are_heard() -> None:
    for data in (VIDEOS["video/mp4"], VIDEOS["video/webm"], VIDEOS["video/ogg"]):
        header = detect_media_type(io.BytesIO(data), LIMIT, ("audio", "video"))
        assert media_kind(header.media_type, ("audio", "video")) == "video"
        assert not is_audio(io.BytesIO(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xf1\x50\x80",
        b"\xff\xf1\x74\x40\x1a\x3f\xfc",
        b"\xff\xf1\x60\x40\0\0\0",
        b"FORM\0\0\0\0ILBM",
        b"\xff\xfb\xf0\x64",
        b"\xff\xeb\x90\x64",
        b"\xff\xfe{\0",
        b"\xff",
        b"hello",
        b"MThd",
        b"{}",
    ],
    ids=[
        "half of ADTS",
        "no such rate",
        "ADTS of no length",
        "IFF picture",
        "no such bit rate",
        "no such version",
        "UTF-16",
        "one byte",
        "text",
        "MIDI",
        "JSON",
    ],
)
def test_what_cannot_be_heard_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="WAV, AIFF, FLAC, MP3, AAC, OGG or M4A"):
        detect_media_type(io.BytesIO(data), LIMIT, ("audio", "video"))


@pytest.mark.parametrize(
    ("media_type", "data"),
    [("application/json", b' \n{"space": "arkit"}'), ("application/x-npz", b"PK\x03\x04" + bytes(30))],
)
def test_documents_are_known_where_they_are_wanted(media_type: str, data: bytes) -> None:
    assert detect_media_type(io.BytesIO(data), LIMIT, ("video", "motion")).media_type == media_type
    with pytest.raises(UnsupportedMediaError):
        detect_media_type(io.BytesIO(data), LIMIT, ("picture", "video"))


@pytest.mark.parametrize("data", [b"ID3\x04" + bytes(50), b"RIFF\0\0\0\0WAVEfmt ", b"[1, 2]", b"\x47" * 20])
def test_what_moves_nothing_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match=r"MP4.*POST /extract"):
        detect_media_type(io.BytesIO(data), LIMIT, ("video", "motion"))


def test_nothing_is_an_empty_file() -> None:
    with pytest.raises(EmptyFileError):
        detect_media_type(io.BytesIO(b""), LIMIT)


def test_damaged_headers_never_do_worse_than_not_telling_the_size() -> None:
    noise = random.Random(0)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"):
        whole = written(kind)
        for _ in range(150):
            damaged = bytearray(whole[: noise.randrange(1, 400)])
            for _ in range(noise.randrange(4)):
                damaged[noise.randrange(len(damaged))] = noise.randrange(256)
            with contextlib.suppress(ServiceError):
                detect_media_type(io.BytesIO(damaged), LIMIT)
