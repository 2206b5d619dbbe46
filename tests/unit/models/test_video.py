"""Reading of video files: what players show, and what is wrong with files from strangers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from models.errors import NoVideoError, VideoError
from models.video import probe, read_frames

TICK = Fraction(1, 12800)
QUADRANTS = ((220, 30, 30), (30, 200, 30), (40, 40, 220), (230, 230, 230))  # from the upper left, row by row


def quadrants(width: int = 64, height: int = 48) -> np.ndarray:
    """A picture [H, W, 3] whose four quarters tell which way up it is."""
    picture = np.empty((height, width, 3), np.uint8)
    halves = ((slice(None, height // 2), slice(height // 2, None)), (slice(None, width // 2), slice(width // 2, None)))
    for index, colour in enumerate(QUADRANTS):
        picture[halves[0][index // 2], halves[1][index % 2]] = colour
    return picture


def corners(picture: np.ndarray) -> list[int]:
    """Which of `QUADRANTS` the middles of a picture's quarters show, row by row."""
    height, width = picture.shape[:2]
    places = [(height // 4, width // 4), (height // 4, -width // 4), (-height // 4, width // 4)]
    places.append((-height // 4, -width // 4))
    return [int(np.abs(np.array(QUADRANTS) - picture[place].astype(int)).sum(1).argmin()) for place in places]


def add_video(container: Any, size: tuple[int, int], codec: str = "libx264", pixels: str = "yuv420p") -> Any:
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt = *size, pixels
    stream.codec_context.time_base = TICK
    return stream


def encode(container: Any, stream: Any, pictures: Sequence[np.ndarray], times: Sequence[float]) -> None:
    for picture, time in zip(pictures, times, strict=True):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = round(time / TICK), TICK
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def clip(path: Path, pictures: Sequence[np.ndarray], times: Sequence[float] | None = None, **video: Any) -> Path:
    with av.open(str(path), "w") as container:
        height, width = pictures[0].shape[:2]
        stream = add_video(container, (width, height), **video)
        encode(container, stream, pictures, np.arange(len(pictures)) / 25 if times is None else times)
    return path


def add_audio(container: Any) -> Any:
    stream = container.add_stream("aac", rate=16000)
    stream.codec_context.layout = "mono"
    return stream


def encode_silence(container: Any, stream: Any) -> None:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def test_frames_come_with_their_times_and_colours(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", [quadrants()] * 10)
    info = probe(path)
    assert (info.width, info.height, info.frames, info.audio) == (64, 48, 10, False)
    assert info.fps == pytest.approx(25)
    assert info.seconds == pytest.approx(0.4)
    frames = list(read_frames(path))
    assert [time for time, _ in frames] == pytest.approx(np.arange(10) / 25, abs=1e-4)
    for _, picture in frames:
        assert picture.shape == (48, 64, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous
        assert corners(picture) == [0, 1, 2, 3]


@pytest.mark.parametrize(("matrix", "height"), [("unspecified", 48), ("unspecified", 720), ("bt709", 48)])
def test_colours_follow_the_matrix_that_the_file_names_or_players_assume(
    tmp_path: Path, matrix: str, height: int
) -> None:
    picture = np.full((height, 64, 3), (200, 40, 60), np.uint8)
    is_hd = matrix == "bt709" or height >= 720
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = add_video(container, (64, height))
        if matrix == "bt709":
            stream.codec_context.colorspace = 1
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709" if is_hd else "ITU601")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _, seen = next(read_frames(tmp_path / "a.mp4"))
    assert np.abs(seen.astype(int) - picture).max() <= 6


@pytest.mark.slow
def test_high_dynamic_range_is_brought_to_srgb(tmp_path: Path) -> None:
    # HLG's reference white is 75 % of the signal: 191 of 255 where a reader takes the numbers as they are.
    samples = np.full((48, 64, 3), round(0.75 * 65535), np.uint16)
    tags = {"colorspace": 9, "color_trc": 18, "color_primaries": 9}  # BT.2020, HLG
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = add_video(container, (64, 48), pixels="yuv420p10le")
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        frame = av.VideoFrame.from_ndarray(samples, format="rgb48le")
        frame = frame.reformat(format="yuv420p10le", dst_colorspace="BT2020")
        for name, value in tags.items():
            setattr(frame, name, value)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _, picture = next(read_frames(tmp_path / "a.mp4"))
    assert picture.shape == (48, 64, 3)
    assert picture.min() > 230


def test_variable_frame_rate_keeps_every_frames_time(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.06, 0.2, 0.21, 0.5]
    path = clip(tmp_path / "a.mp4", [quadrants()] * 6, times)
    assert [time for time, _ in read_frames(path)] == pytest.approx(times, abs=2e-3)


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", [quadrants()] * 3, [5.0, 5.04, 5.08])
    assert [time for time, _ in read_frames(path)] == pytest.approx([0, 0.04, 0.08], abs=2e-3)


@pytest.mark.parametrize(
    ("degrees", "flipped", "expected"),
    [
        (0, False, [0, 1, 2, 3]),
        (-90, False, [2, 0, 3, 1]),  # a phone held upright: shown clockwise
        (90, False, [1, 3, 0, 2]),
        (180, False, [3, 2, 1, 0]),
        (0, True, [1, 0, 3, 2]),
        (-90, True, [0, 2, 1, 3]),
    ],
)
def test_rotation_metadata_is_applied(tmp_path: Path, degrees: int, flipped: bool, expected: list[int]) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = add_video(container, (64, 48))
        stream.set_display_rotation(degrees, hflip=flipped)
        encode(container, stream, [quadrants()] * 2, [0, 0.04])
    size = (48, 64) if degrees in (90, -90) else (64, 48)
    assert (probe(path).width, probe(path).height) == size
    for _, picture in read_frames(path):
        assert picture.shape == (size[1], size[0], 3)
        assert corners(picture) == expected


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = add_video(container, (64, 48))
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
        encode(container, stream, [quadrants()], [0])
    assert (probe(path).width, probe(path).height) == (96, 48)
    assert next(read_frames(path))[1].shape == (48, 96, 3)


@pytest.mark.parametrize(
    ("name", "size", "video"),
    [
        ("odd.mp4", (63, 47), {"pixels": "yuv444p"}),
        ("ten_bit.mp4", (64, 48), {"pixels": "yuv420p10le"}),
        ("a.webm", (64, 48), {"codec": "libvpx-vp9"}),
        ("a.avi", (64, 48), {"codec": "mpeg4"}),
        ("a.ts", (64, 48), {}),
    ],
)
def test_odd_sizes_deep_colours_and_other_containers(
    tmp_path: Path, name: str, size: tuple[int, int], video: dict[str, str]
) -> None:
    path = clip(tmp_path / name, [quadrants(*size)] * 5, **video)
    info = probe(path)
    assert (info.width, info.height) == size
    assert info.fps == pytest.approx(25, rel=0.05)
    frames = [picture for _, picture in read_frames(path)]
    assert len(frames) == 5
    assert all(corners(picture) == [0, 1, 2, 3] for picture in frames)


def test_an_animated_gif_is_a_video(tmp_path: Path) -> None:
    first, *rest = (Image.fromarray(quadrants()).rotate(angle) for angle in (0, 180, 0))
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=100)
    frames = list(read_frames(tmp_path / "a.gif"))
    assert [corners(picture)[0] for _, picture in frames] == [0, 3, 0]
    assert [time for time, _ in frames] == pytest.approx([0, 0.1, 0.2])


def test_of_several_tracks_the_first_video_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        sounds = [add_audio(container), add_audio(container)]
        first, second = add_video(container, (64, 48)), add_video(container, (32, 32))
        for sound in sounds:
            encode_silence(container, sound)
        encode(container, first, [quadrants()] * 3, [0, 0.04, 0.08])
        encode(container, second, [quadrants(32, 32)] * 5, np.arange(5) / 25)
    info = probe(path)
    assert (info.width, info.audio) == (64, True)
    assert len(list(read_frames(path))) == 3


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        sound, cover = add_audio(container), add_video(container, (64, 48), "mjpeg", "yuvj420p")
        cover.disposition = av.stream.Disposition.attached_pic
        encode_silence(container, sound)
        encode(container, cover, [quadrants()], [0])
    with pytest.raises(NoVideoError, match="no video track"):
        probe(path)


def test_audio_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.m4a"), "w") as container:
        encode_silence(container, add_audio(container))
    for read in (probe, lambda path: next(read_frames(path))):
        with pytest.raises(NoVideoError, match="audio"):
            read(tmp_path / "a.m4a")


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", [quadrants()])
    assert [time for time, _ in read_frames(path)] == [0]
    assert 1 <= probe(path).fps <= 120


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """40 frames of noise as MPEG-TS, which can be cut anywhere."""
    rng = np.random.default_rng(0)
    return clip(tmp_path / "noise.ts", [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(40)])


def test_of_a_truncated_file_the_frames_before_the_cut_come(noise: Path) -> None:
    data = noise.read_bytes()
    noise.write_bytes(data[: len(data) // 2])
    frames = list(read_frames(noise))
    assert 10 <= len(frames) < 40
    times = [time for time, _ in frames]
    assert times == sorted(set(times))


def test_damage_in_the_middle_costs_only_what_it_hits(noise: Path) -> None:
    data = bytearray(noise.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    noise.write_bytes(data)
    assert len(list(read_frames(noise))) >= 30


def test_a_truncated_mp4_with_its_index_in_front_gives_what_is_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = add_video(container, (64, 48))
        encode(container, stream, rng.integers(0, 256, (40, 48, 64, 3), dtype=np.uint8), np.arange(40) / 25)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert 10 <= len(list(read_frames(path))) < 40


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"no video at all",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile a.mp4\n",
    ],
    ids=["empty", "one byte", "text", "playlist", "concat"],
)
def test_what_is_no_video_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    for read in (probe, lambda path: next(read_frames(path))):
        with pytest.raises(VideoError):
            read(tmp_path / "a.mp4")


def test_an_mp4_that_was_cut_before_its_index_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", [quadrants()] * 10)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(VideoError, match="complete"):
        probe(path)


def test_reading_stops_where_the_caller_does(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", [quadrants()] * 10)
    frames = read_frames(path)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    path.unlink()


def test_the_module_loads_no_inference_library() -> None:
    script = "import sys, models.video; print([name for name in ('torch', 'onnxruntime') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
