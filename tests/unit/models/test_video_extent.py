"""How long a video is, and how many frames it shows: the start of its clock and hidden frames do not count."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from models.video import probe, read_frames
from tests.clips import beep, write_clip

COUNT, FPS = 60, 25
EVEN = [k / FPS for k in range(COUNT)]
LATE = 130.0


def grey(count: int = COUNT, size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    return [np.full((*size, 3), 20 + 3 * k % 200, np.uint8) for k in range(count)]


def copied(source: Path, path: Path, *, first: int = 0, shift: float = 0.0) -> Path:
    """The packets of a clip without decoding them, from the `first` on, all of them earlier by `shift` seconds."""
    with av.open(str(source)) as whole, av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as part:
        track = whole.streams.video[0]
        stream = part.add_stream_from_template(track)
        packets = [packet for packet in whole.demux(track) if packet.dts is not None]
        for packet in packets[first:]:
            assert packet.pts is not None
            assert packet.dts is not None
            packet.pts -= round(shift / track.time_base)
            packet.dts -= round(shift / track.time_base)
            packet.stream = stream
            part.mux(packet)
    return path


def agrees(path: Path, frames: int) -> None:
    """The stated and the decoded frames are as many, and last as long."""
    info, times = probe(path), [time for time, _ in read_frames(path)]
    assert len(times) == frames
    assert info.frames in (None, frames)
    assert info.seconds == pytest.approx(frames / FPS, abs=0.05)
    assert times[-1] == pytest.approx((frames - 1) / FPS, abs=0.01)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.mp4", "libx264"),
        ("a.mov", "libx264"),
        ("a.ts", "libx264"),
        ("a.flv", "libx264"),
    ],
)
def test_a_clock_that_starts_late_makes_no_video_longer(tmp_path: Path, name: str, codec: str) -> None:
    agrees(write_clip(tmp_path / name, grey(30), [LATE + k / FPS for k in range(30)], codec=codec), 30)


def test_sound_beside_a_late_clock_and_longer_than_the_picture(tmp_path: Path) -> None:
    sound = beep(5.0, 0.3)
    times = [LATE + 1 + k / FPS for k in range(30)]
    agrees(write_clip(tmp_path / "a.mkv", grey(30), times, sounds=[sound], sound_start=LATE), 30)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_frames_that_an_edit_list_hides_are_neither_shown_nor_missed(tmp_path: Path, name: str) -> None:
    whole = write_clip(tmp_path / "whole.mp4", grey(), EVEN)
    cut = copied(whole, tmp_path / name, shift=1.0)
    with av.open(str(cut)) as container:
        assert container.streams.video[0].frames == COUNT, "the pre-roll lies in the file"
    agrees(cut, COUNT - FPS)


def even(path: Path, pictures: list[np.ndarray]) -> Path:
    """A clip with a keyframe every 20 frames, whose rate the container knows: AVI takes no other."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "20", "bf": "0", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("ending", ["avi", "mkv", "ts", "mp4"])
def test_frames_before_the_first_keyframe_are_neither_shown_nor_missed(tmp_path: Path, ending: str) -> None:
    whole = even(tmp_path / f"whole.{ending}", grey())
    agrees(copied(whole, tmp_path / f"cut.{ending}", first=5), 40)


@pytest.mark.parametrize("ending", ["avi", "mkv"])
def test_what_a_file_promises_and_has_lost_counts(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    path = even(tmp_path / f"noise.{ending}", [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(COUNT)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    info, decoded = probe(path), len(list(read_frames(path)))
    assert 10 < decoded < 40
    assert info.frames or round((info.seconds or 0) * FPS) == pytest.approx(COUNT, abs=1)
