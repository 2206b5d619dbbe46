"""One picture file -> sRGB pixels. This is where untrusted bytes meet a decoder; it runs in a child (`isolate`)."""

import io
import struct
import zlib
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from pillow_heif import register_heif_opener

from workers.contract.errors import DamagedMediaError, PictureTooLargeError, UnsupportedMediaError
from workers.contract.media_type import detect_media_type
from workers.contract.text import reason

# Pillow's own guard against header bombs only warns up to twice its limit; `decode_picture` checks the size itself.
Image.MAX_IMAGE_PIXELS = None

register_heif_opener()  # Pillow reads AVIF itself

_FORMATS = ("PNG", "JPEG", "WEBP", "HEIF", "AVIF", "GIF", "TIFF", "BMP")
_SRGB = ImageCms.createProfile("sRGB")
# What Pillow's decoders and parsers raise on damaged files.
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, RuntimeError)
_BROKEN += (struct.error, zlib.error)  # type: ignore[assignment]


def decode_picture(data: BinaryIO, max_pixels: int) -> NDArray[np.uint8]:
    """Decode the (first) picture of a file the way a viewer shows it.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB; grey, palette, CMYK and 16-bit
    pictures become 8-bit RGB.

    Args:
        data: a seekable binary file.
        max_pixels: most pixels accepted, checked before anything is decoded.

    Returns:
        uint8 [H, W, 3], RGB; [H, W, 4] with the alpha where anything is transparent.

    Raises:
        EmptyFileError, UnsupportedMediaError, PictureTooLargeError: as `detect_media_type` does.
        DamagedMediaError: truncated or corrupt.
    """
    detect_media_type(data, max_pixels)
    try:
        with Image.open(data, formats=_FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise PictureTooLargeError(
                    f"The picture has {image.width} x {image.height} pixels; "
                    f"scale it down to at most {max_pixels / 1e6:g} million."
                )
            image.load()
            profile = image.info.get("icc_profile")
            upright = _upright(image)
            return np.array(_in_srgb(upright, profile), dtype=np.uint8, order="C")
    except _BROKEN as error:
        raise DamagedMediaError(
            f"The picture is truncated or corrupt and could not be decoded ({reason(error)}); "
            "save it again or send another."
        ) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN:
        return image  # unreadable EXIF data: shown as stored, as viewers do


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_deep_grey(image)
    if image.mode == "F":
        raise UnsupportedMediaError("Pictures of floating point samples are not supported; convert it to 8 or 16 bits.")
    if not (image.has_transparency_data or image.mode in ("RGBA", "LA", "PA", "RGBa", "La")):
        return _to_srgb(image if image.mode in ("RGB", "L", "CMYK", "LAB") else image.convert("RGB"), profile)
    with_alpha = image.convert("RGBA")
    colour = _to_srgb(with_alpha.convert("RGB"), profile)
    alpha = with_alpha.getchannel("A")
    if alpha.getextrema() != (255, 255):
        colour.putalpha(alpha)
    return colour


def _from_deep_grey(image: Image.Image) -> Image.Image:
    samples = np.asarray(image).astype(np.int64)
    return Image.fromarray((samples.clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            # Rounding through a second sRGB would change pixels that are right already.
            if image.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
                return image
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a broken profile, or one made for other channels: the picture is read as if it had none
    return image.convert("RGB")
