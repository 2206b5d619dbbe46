"""Sound files of every accepted format, from which broken ones are made."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import httpx
import numpy as np
import pillow_heif
import soundfile
from PIL import Image

from tests.clips import write_clip

SIDE = 160
FRAMES = 6
RATE = 16_000

IMAGES = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")
CLIPS = {
    "mp4": ("libx264", "aac"),
    "mov": ("libx264", "aac"),
    "webm": ("libvpx", "libopus"),
    "avi": ("libx264", "libmp3lame"),
}
SOUNDS = {"m4a": "aac", "opus": "libopus", "webm": "libopus", "mp3": "libmp3lame"}
PLAIN_SOUNDS = ("wav", "aiff", "flac", "ogg")


def image_files(photo: np.ndarray) -> list[bytes]:
    """A photo uint8 [H, W, 3] in every format of pictures, also turned by EXIF, grey, and with a palette."""
    picture = Image.fromarray(photo).resize((SIDE, SIDE))
    files = [_saved(picture, kind) for kind in IMAGES]
    exif = Image.Exif()
    exif[0x0112] = 6
    files.append(_saved(picture, "JPEG", exif=exif))
    files += [_saved(picture.convert(mode), "PNG") for mode in ("L", "P", "RGBA")]
    files.append(_saved(Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257), "PNG"))
    heif = io.BytesIO()
    pillow_heif.from_pillow(picture).save(heif)
    return [*files, heif.getvalue()]


def clip_files(photo: np.ndarray, folder: Path) -> list[bytes]:
    """A short clip of a photo uint8 [H, W, 3], with sound, in every container of videos."""
    picture = np.asarray(Image.fromarray(photo).resize((SIDE, SIDE)))
    frames = [np.roll(picture, 2 * index, 1) for index in range(FRAMES)]
    times = [index / 25 for index in range(FRAMES)]
    files = []
    for suffix, (codec, sound_codec) in CLIPS.items():
        sound = _tone(0.3, 48_000)[:, None]
        path = write_clip(
            folder / f"clip.{suffix}", frames, times, sounds=[sound], rate=48_000, codec=codec, sound_codec=sound_codec
        )
        files.append(path.read_bytes())
    return [*files, _moving(picture, "GIF"), _moving(picture, "WEBP")]


def sound_files(folder: Path) -> list[bytes]:
    """A tone in every format of sounds."""
    files = []
    for suffix, codec in SOUNDS.items():
        rate = 48_000
        path = folder / f"tone.{suffix}"
        with av.open(str(path), "w") as container:
            track = container.add_stream(codec, rate=rate)
            track.codec_context.layout = "mono"
            frame = av.AudioFrame.from_ndarray(_tone(0.4, rate)[None], format="flt", layout="mono")
            frame.sample_rate = rate
            resampler = av.AudioResampler(track.codec_context.format, "mono", rate, track.codec_context.frame_size or 0)
            for part in (*resampler.resample(frame), *resampler.resample(None)):
                container.mux(track.encode(part))
            container.mux(track.encode(None))
        files.append(path.read_bytes())
    for suffix in PLAIN_SOUNDS:
        soundfile.write(folder / f"own.{suffix}", np.stack([_tone(0.4, RATE)] * 2, 1), RATE)
        files.append((folder / f"own.{suffix}").read_bytes())
    return files


def documents(http: httpx.Client, clip: bytes) -> list[bytes]:
    """Motion documents, as the service makes them of a clip: JSON and npz."""
    made = []
    for kind in ("json", "npz"):
        answer = http.post(
            "/extract", params={"format": kind}, files={"source": ("clip", clip)}, headers={"Prefer": "wait=60"}
        )
        made.append(answer.raise_for_status().content)
    return made


def changed_document(document: bytes, place: float, value: object) -> bytes:
    """A JSON document with one of its values exchanged: the one that stands so far, in [0, 1), through it."""
    tree = json.loads(document)
    places: list[tuple[object, object]] = []

    def visit(node: object) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in pairs:
            places.append((node, key))
            visit(child)

    visit(tree)
    node, key = places[int(place * len(places))]
    node[key] = value  # type: ignore[index]
    return json.dumps(tree).encode()


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _moving(picture: np.ndarray, kind: str) -> bytes:
    frames = [Image.fromarray(np.roll(picture, 2 * index, 1)) for index in range(FRAMES)]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=40)


def _tone(seconds: float, rate: int) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 220 * time) * np.sin(2 * np.pi * 4 * time)).astype(np.float32)
