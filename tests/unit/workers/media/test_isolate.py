"""The decoder's child process: it is lost to hostile files, the worker is not."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_document, motion_npz
from models.coefficients.sound_reference import SoundReference
from models.errors import MotionError, VideoError
from tests.clips import write_clip
from tests.processes import start_process, still_running
from workers.attempt import JobCancelled
from workers.contract.errors import DamagedMediaError, TooManyFramesError, UnsupportedMediaError, VideoTooLargeError
from workers.media.isolate import Decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """One decoder with little memory: enough for small pictures."""
    decoder = Decoder(max_pixels=400_000_000, max_video_pixels=2_000_000, timeout_s=20, memory_bytes=700 * 2**20)
    yield decoder
    decoder.close()


@pytest.fixture
def photo(astronaut_png: Path) -> bytes:
    """A small picture file."""
    return astronaut_png.read_bytes()


def test_pixels_come_back_exactly(decoder: Decoder, photo: bytes, astronaut: np.ndarray) -> None:
    pixels = decoder.picture(photo)
    assert (pixels == astronaut).all()
    assert pixels.flags.writeable


def test_photos_of_phones_are_decoded_within_the_childs_memory(decoder: Decoder, astronaut: np.ndarray) -> None:
    small = astronaut[64:192, 160:320]
    for kind in ("HEIF", "AVIF"):
        file = io.BytesIO()
        Image.fromarray(small).save(file, kind, quality=90)
        assert np.abs(decoder.picture(file.getvalue()).astype(int) - small).mean() < 5


def test_errors_come_back_as_they_were(decoder: Decoder, photo: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="no type"):
        decoder.picture(b"no picture")
    with pytest.raises(DamagedMediaError, match="truncated"):
        decoder.picture(photo[:1000])


@pytest.mark.slow
def test_a_file_that_eats_memory_costs_a_child(decoder: Decoder, photo: bytes) -> None:
    bomb = io.BytesIO()
    Image.new("1", (19_000, 19_000)).save(bomb, "PNG")  # a few kilobytes that unfold to a gigabyte of RGB
    with pytest.raises(DamagedMediaError, match="memory"):
        decoder.picture(bomb.getvalue())
    assert decoder.picture(photo).shape == (512, 512, 3)


def test_a_file_that_takes_too_long_costs_a_child(decoder: Decoder, photo: bytes) -> None:
    decoder.warm_up()
    child = decoder._child
    assert child is not None
    assert child.pid is not None
    os.kill(child.pid, signal.SIGSTOP)  # what an endless loop in a codec looks like from outside
    decoder._timeout_s, patience = 0.3, decoder._timeout_s
    try:
        with pytest.raises(DamagedMediaError, match="too much time"):
            decoder.picture(photo)
    finally:
        decoder._timeout_s = patience
    assert not child.is_alive()
    assert decoder.picture(photo).shape == (512, 512, 3)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """40 frames of 160 × 120 that get brighter."""
    frames = (np.full((120, 160, 3), 20 + 5 * k, np.uint8) for k in range(40))
    return write_clip(tmp_path / "clip.mp4", frames, [k / 20 for k in range(40)])


def test_a_video_comes_frame_by_frame(decoder: Decoder, clip: Path) -> None:
    assert decoder.probe(clip).fps == 20
    frames = list(decoder.frames(clip))
    assert [frame.time for frame in frames] == pytest.approx([k / 20 for k in range(40)])
    assert {frame.pixels.shape for frame in frames} == {(120, 160, 3)}
    assert [frame.pixels.mean() for frame in frames] == pytest.approx([20 + 5 * k for k in range(40)], abs=3)
    assert all(0 < frame.decode_s < 20 for frame in frames)


def test_a_video_that_is_left_in_the_middle_costs_a_child_and_nothing_else(
    decoder: Decoder, clip: Path, photo: bytes
) -> None:
    frames = decoder.frames(clip)
    assert next(frames).time == 0
    child = decoder._child
    frames.close()  # type: ignore[attr-defined]
    assert child is not None
    assert not child.is_alive()
    assert decoder.picture(photo).shape == (512, 512, 3)
    assert len(list(decoder.frames(clip))) == 40


@pytest.mark.slow
def test_the_child_waits_until_a_frame_is_taken(decoder: Decoder, tmp_path: Path) -> None:
    large = (np.full((720, 1280, 3), k, np.uint8) for k in range(60))
    frames = decoder.frames(write_clip(tmp_path / "large.mp4", large, [k / 25 for k in range(60)]))
    next(frames)
    child = decoder._child
    assert child is not None
    process = psutil.Process(child.pid)
    before = process.memory_info().rss
    time.sleep(0.5)
    assert process.memory_info().rss - before < 60 * 2**20, "60 frames would take 166 MB"
    frames.close()  # type: ignore[attr-defined]


def grown(folder: Path, height: int, width: int) -> Path:
    """A transport stream whose frames are of another size after the first ten."""
    times = [k / 25 for k in range(10)]
    small = write_clip(folder / "small.ts", [np.full((48, 64, 3), 90, np.uint8)] * 10, times)
    large = write_clip(folder / "large.ts", [np.full((height, width, 3), 180, np.uint8)] * 10, [1 + t for t in times])
    path = folder / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    return path


def test_frames_of_another_size_are_fitted_to_the_first(decoder: Decoder, tmp_path: Path) -> None:
    frames = list(decoder.frames(grown(tmp_path, 96, 128)))
    assert {frame.pixels.shape for frame in frames} == {(48, 64, 3)}
    assert [round(frame.pixels.mean(), -1) for frame in frames] == [90] * 10 + [180] * 10


def test_every_frame_keeps_the_limit_on_pixels(decoder: Decoder, tmp_path: Path) -> None:
    path = grown(tmp_path, 1300, 1600)
    assert decoder.probe(path).width == 64, "the first frame is small"
    frames = decoder.frames(path)
    assert next(frames).pixels.shape == (48, 64, 3)
    with pytest.raises(VideoTooLargeError, match="1600 x 1300"):
        list(frames)


def test_errors_of_videos_and_motions_come_back_as_they_were(decoder: Decoder, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    with pytest.raises(VideoError):
        decoder.probe(broken)
    with pytest.raises(MotionError, match="frames"):
        decoder.motion(b"{}", "arkit", 2)


def test_a_motion_comes_back(decoder: Decoder) -> None:
    reference, values = SoundReference("a" * 64, 1.5), np.full((2, ARKIT.size), 0.25, np.float32)
    motion = Motion(ARKIT, np.array([0.0, 0.04]), 25.0, values, sound=reference)
    times, fps, coefficients, sound = decoder.motion(motion_npz(motion), "arkit", 2)
    assert (times.tolist(), fps) == ([0.0, 0.04], 25.0)
    assert (coefficients == motion.coefficients).all()
    assert sound == reference
    for document in (motion_npz(motion), json.dumps(motion_document(motion)).encode()):
        with pytest.raises(TooManyFramesError, match="at most 1 "):
            decoder.motion(document, "arkit", 1)


@pytest.mark.slow
def test_who_waits_for_the_child_can_be_stopped(decoder: Decoder, photo: bytes) -> None:
    def check() -> None:
        if time.monotonic() > began + 0.3:
            raise JobCancelled

    decoder.warm_up()
    child = decoder._child
    assert child is not None
    assert child.pid is not None
    os.kill(child.pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(JobCancelled), decoder.interrupted_by(check):
        decoder.picture(photo)
    assert time.monotonic() - began < 5, "long before the child's own time is over"
    assert decoder.picture(photo).shape == (512, 512, 3), "by the next child"


@pytest.mark.slow
def test_the_child_loads_no_inference_library() -> None:
    modules = "workers.media.child, workers.media.sound, models.video, models.coefficients.document"
    code = f"import {modules}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "onnxruntime"}.isdisjoint(loaded)


PARENT = """
import sys
from pathlib import Path
from workers.media.isolate import Decoder

if __name__ == "__main__":
    decoder = Decoder(max_pixels=10**6, max_video_pixels=10**6, timeout_s=300, memory_bytes=2**31)
    decoder.warm_up()
    print(decoder._child.pid, flush=True)
    list(decoder.sound(Path(sys.argv[1]), 1.0))
"""


@pytest.mark.slow
def test_a_child_that_never_finishes_ends_with_its_parent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless")  # nobody will ever write into it
    parent = start_process([sys.executable, "-c", PARENT, str(tmp_path / "endless")], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.5)  # it opens the file
    assert child.is_running()
    parent.kill()
    parent.wait(5)
    assert still_running([child], seconds=5) == []


def test_a_script_without_a_guard_runs_once(tmp_path: Path, photo: bytes) -> None:
    script = tmp_path / "script.py"
    limits = "max_pixels=400_000_000, max_video_pixels=2_000_000, timeout_s=20, memory_bytes=700 * 2**20"
    script.write_text(
        "import sys\n"
        "from workers.media.isolate import Decoder\n"
        f"decoder = Decoder({limits})\n"
        "print(decoder.picture(sys.stdin.buffer.read()).shape)\n"
        "decoder.close()\n"
    )
    root = str(Path(__file__).parents[4])
    done = subprocess.run(
        [sys.executable, script], input=photo, capture_output=True, env={**os.environ, "PYTHONPATH": root}, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"(512, 512, 3)\n", b"")
