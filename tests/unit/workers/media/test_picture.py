"""Real and bad pictures: each gives the pixels that a viewer shows, or one clear error."""

from __future__ import annotations

import contextlib
import io
import random

import numpy as np
import pytest
from PIL import Image, ImageCms

from workers.contract.errors import DamagedMediaError, PictureTooLargeError, ServiceError
from workers.media.picture import decode_picture

LIMIT = 50_000_000
ORIENTATION = 0x0112


def decoded(image: Image.Image, kind: str = "PNG", **options: object) -> np.ndarray:
    """What is decoded of a picture that Pillow wrote."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return decode_picture(file, LIMIT)


def test_a_plain_picture_is_decoded_exactly(astronaut: np.ndarray) -> None:
    pixels = decoded(Image.fromarray(astronaut))
    assert (pixels == astronaut).all()
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(astronaut: np.ndarray, orientation: int) -> None:
    upright = Image.fromarray(astronaut[:300])
    # What a camera stores when it is held so that the reader must apply `orientation`.
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert (decoded(stored, exif=exif) == astronaut[:300]).all()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_photos_of_phones_are_decoded_upright(astronaut: np.ndarray, kind: str, orientation: int) -> None:
    turn = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {} if kind == "TIFF" else {"quality": 90, "exif": exif.tobytes()}
    upright = astronaut[64:192, 160:320]
    stored = Image.fromarray(np.rot90(upright, turn).copy())
    pixels = decoded(stored, kind, **{"exif": exif, **options})
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 5


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_colour_profile_of_a_phones_photo_is_heeded(kind: str) -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    plain = Image.new("RGB", (64, 64), (200, 100, 50))
    assert np.abs(decoded(plain, kind, quality=95).astype(int) - (200, 100, 50)).max() < 6
    assert decoded(plain, kind, quality=95, icc_profile=swapped).shape == (64, 64, 3), "one that cannot be used"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_data_is_ignored(astronaut: np.ndarray) -> None:
    pixels = decoded(Image.fromarray(astronaut), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12", quality=95)
    assert pixels.shape == astronaut.shape


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_transparency_is_kept(kind: str) -> None:
    image = Image.new("RGBA", (96, 64), (200, 100, 50, 255))
    image.paste((200, 100, 50, 128), (32, 0, 64, 64))
    image.paste((200, 100, 50, 0), (64, 0, 96, 64))
    options = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}.get(kind, {"quality": 95})
    pixels = decoded(image, kind, **options)
    assert pixels.shape == (64, 96, 4)
    for column, alpha in ((16, 255), (48, 128), (80, 0)):
        assert abs(int(pixels[32, column, 3]) - alpha) <= 4
    assert np.abs(pixels[32, 16, :3].astype(int) - (200, 100, 50)).max() <= 6


def test_an_alpha_that_hides_nothing_is_none(astronaut: np.ndarray) -> None:
    assert (decoded(Image.fromarray(astronaut).convert("RGBA")) == astronaut).all()
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 200, 0, 0])
    assert decoded(palette, transparency=1)[0, 0].tolist() == [200, 0, 0, 0]


@pytest.mark.parametrize(
    ("image", "colour"),
    [
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("LA", (4, 4), (77, 255)), (77, 77, 77)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("RGB", (4, 4), (9, 99, 199)).quantize(4), (9, 99, 199)),
        (Image.fromarray(np.full((4, 4), 77 * 257, np.uint16)), (77, 77, 77)),
    ],
)
def test_other_kinds_of_pixels_become_rgb(image: Image.Image, colour: tuple[int, int, int]) -> None:
    assert (decoded(image) == colour).all()


def test_cmyk_becomes_rgb(astronaut: np.ndarray) -> None:
    pixels = decoded(Image.fromarray(astronaut).convert("CMYK"), "JPEG", quality=95)
    assert np.abs(pixels.astype(int) - astronaut).mean() < 4


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    assert (decoded(frames[0], "GIF", save_all=True, append_images=frames[1:]) == (255, 0, 0)).all()


def test_a_wide_colour_profile_is_converted_and_srgb_left_alone(astronaut: np.ndarray) -> None:
    image = Image.fromarray(astronaut)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (decoded(image, icc_profile=srgb) == astronaut).all()
    # A profile whose red is sRGB's green and the other way round, under another name.
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "GRB ".encode("utf-16-be"))
    shown = decoded(image, icc_profile=swapped).astype(int)
    assert np.abs(shown - astronaut[..., [1, 0, 2]]).mean() < 1
    for kind in ("HEIF", "AVIF"):
        small = astronaut[64:192, 160:320]
        of_phone = decoded(Image.fromarray(small), kind, icc_profile=swapped, quality=90).astype(int)
        assert np.abs(of_phone - small[..., [1, 0, 2]]).mean() < 6
    assert (decoded(image, icc_profile=b"no profile at all") == astronaut).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP"])
def test_half_a_file_is_damaged(astronaut: np.ndarray, kind: str) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, kind)
    half = file.getvalue()[: len(file.getvalue()) // 2]
    with pytest.raises(DamagedMediaError, match="save it again"):
        decode_picture(io.BytesIO(half), LIMIT)


def test_too_many_pixels_are_refused_before_decoding(astronaut: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(astronaut).save(file, "PNG")
    with pytest.raises(PictureTooLargeError):
        decode_picture(file, 512 * 512 - 1)


@pytest.mark.filterwarnings("ignore")
def test_noise_in_a_file_gives_pixels_or_one_of_our_errors(astronaut: np.ndarray) -> None:
    noise = random.Random(1)
    for kind in ("PNG", "JPEG", "WEBP", "HEIF", "AVIF", "GIF", "TIFF", "BMP"):
        file = io.BytesIO()
        Image.fromarray(astronaut[:64, :64]).save(file, kind)
        for _ in range(40):
            damaged = bytearray(file.getvalue())
            for _ in range(noise.randrange(1, 30)):
                damaged[noise.randrange(len(damaged))] = noise.randrange(256)
            with contextlib.suppress(ServiceError):
                assert decode_picture(io.BytesIO(damaged), 1_000_000).ndim == 3
