"""Stills, clips and the visible label."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from workers.media.clip import ClipWriter
from workers.media.clock import Clock
from workers.media.still import EncodingError, write_still
from workers.media.visible_label import VisibleLabel


@pytest.mark.parametrize(("kind", "tolerance"), [("png", 0.0), ("jpeg", 2.0), ("webp", 4.0)])
def test_stills_keep_the_picture(astronaut: np.ndarray, kind: str, tolerance: float) -> None:
    file = io.BytesIO()
    write_still(file, astronaut, kind)
    with Image.open(file) as image:
        assert image.format == kind.upper()
        assert "icc_profile" not in image.info
        assert not image.getexif()
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(pixels - astronaut).mean() <= tolerance
    assert np.abs((pixels - astronaut).mean((0, 1))).max() <= 0.5, "no shift of colour"


@pytest.fixture
def cut_out(astronaut: np.ndarray) -> np.ndarray:
    """[128, 128, 4]: opaque above, half transparent in the middle, clear below."""
    alpha = np.repeat(np.array([255, 128, 0, 0], np.uint8), 32)
    return np.dstack([astronaut[:128, 160:288], np.repeat(alpha[:, None], 128, 1)])


@pytest.mark.parametrize(("kind", "tolerance"), [("png", 0), ("webp", 12)])
def test_stills_keep_transparency(cut_out: np.ndarray, kind: str, tolerance: int) -> None:
    file = io.BytesIO()
    write_still(file, cut_out, kind)
    with Image.open(file) as image:
        assert image.mode == "RGBA"
        pixels = np.asarray(image).astype(int)
    assert (pixels[..., 3] == cut_out[..., 3]).all()
    assert np.abs(pixels[:28, :, :3] - cut_out[:28, :, :3]).mean() <= tolerance


def test_a_webm_keeps_transparency(cut_out: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    with ClipWriter(path, "webm", Clock.even(5, 25)) as writer:
        for shift in range(5):
            writer.write(np.roll(cut_out, shift, 0))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert {name.lower(): value for name, value in stream.metadata.items()}["alpha_mode"] == "1"
        decoder = av.CodecContext.create("libvpx-vp9", "r")  # FFmpeg's own decoder shows no alpha
        frames = [
            frame.to_ndarray(format="rgba") for packet in container.demux(stream) for frame in decoder.decode(packet)
        ]
    assert len(frames) == 5
    for shift, frame in enumerate(frames):
        assert np.abs(frame[..., 3].astype(int) - np.roll(cut_out, shift, 0)[..., 3]).mean() < 8
        assert np.abs(frame[8:24, :, :3].astype(int) - np.roll(cut_out, shift, 0)[8:24, :, :3]).mean() < 12


def test_the_label_can_be_read_on_what_is_transparent(cut_out: np.ndarray) -> None:
    labelled = VisibleLabel(128, 128).draw(cut_out)
    marked = labelled[..., 3] != cut_out[..., 3]
    assert marked[64:].any()
    assert labelled[marked][:, 3].min() >= 140
    assert labelled[marked][:, 3].max() > 250
    opaque = np.dstack([cut_out[..., :3], np.full((128, 128), 255, np.uint8)])
    assert (VisibleLabel(128, 128).draw(opaque)[..., :3] == VisibleLabel(128, 128).draw(cut_out[..., :3])).all()


def test_a_picture_too_large_for_its_format_says_so() -> None:
    with pytest.raises(EncodingError, match="ask for png"):
        write_still(io.BytesIO(), np.zeros((1, 17_000, 3), np.uint8), "webp")


@pytest.mark.parametrize(
    ("kind", "size", "codec"), [("mp4", (512, 510), "h264"), ("webm", (512, 510), "vp9"), ("gif", (511, 509), "gif")]
)
def test_clips_keep_frames_size_rate_and_colour(
    astronaut: np.ndarray, tmp_path: Path, kind: str, size: tuple[int, int], codec: str
) -> None:
    path = tmp_path / f"clip.{kind}"
    frames = [np.roll(astronaut[:511, :509], shift, axis=1) for shift in range(12)]
    with ClipWriter(path, kind, Clock.even(12, 20)) as writer:
        for frame in frames:
            writer.write(frame)
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        assert stream.codec_context.name == codec
        assert stream.average_rate == 20
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in clip.decode(stream)]
    assert len(shown) == writer.frames == 12
    assert shown[0].shape[:2] == (writer.height, writer.width) == size
    for before, after in zip(frames, shown, strict=True):
        difference = after[:511, :509] - before
        assert np.abs(difference).mean() < 4.5
        assert np.abs(difference.mean((0, 1))).max() < 1.6, "no shift of colour"


def test_a_gif_shows_colours_that_its_first_frame_did_not_have(tmp_path: Path) -> None:
    grey, red = np.full((64, 64, 3), 120, np.uint8), np.full((64, 64, 3), (200, 30, 60), np.uint8)
    with ClipWriter(tmp_path / "clip.gif", "gif", Clock.even(3, 10)) as writer:
        for frame in (grey, grey, red):
            writer.write(frame)
    with av.open(str(tmp_path / "clip.gif")) as clip:
        shown = [frame.to_ndarray(format="rgb24").astype(float).mean((0, 1)) for frame in clip.decode(video=0)]
    assert np.abs(shown[0] - 120).max() < 2
    assert np.abs(shown[2] - (200, 30, 60)).max() < 6, "the mean of what dithering mixes"


def test_an_mp4_can_be_played_while_it_loads(astronaut: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with ClipWriter(path, "mp4", Clock.even(1, 25)) as writer:
        writer.write(astronaut)
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as clip:
        assert clip.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_the_label_is_visible_and_stays_in_its_corner(astronaut: np.ndarray) -> None:
    labelled = VisibleLabel(width=512, height=512).draw(astronaut)
    rows, columns = np.nonzero((labelled != astronaut).any(-1))
    assert rows.min() > 460
    assert columns.max() < 140
    corner = labelled[480:, :95].astype(int)
    assert corner.max() == 255
    assert np.percentile(corner, 25) < 120, "light letters on a dark plate"
    assert VisibleLabel(width=24, height=16).draw(astronaut[:16, :24]).shape == (16, 24, 3)
