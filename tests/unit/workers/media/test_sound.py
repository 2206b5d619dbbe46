"""A flash and a beep go in at the same moment and come out at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import beep, heard, onset, shown, write_clip
from workers.media.clip import ClipWriter
from workers.media.clock import Clock
from workers.media.isolate import Decoder
from workers.media.sound import RATE, Sound

FLASH = 30  # the frame that is bright, in a clip of COUNT
COUNT = 50
EVEN = np.arange(COUNT) / 25
UNEVEN = np.cumsum(np.r_[0, np.tile([0.02, 0.05, 0.033, 0.06], COUNT)])[:COUNT]
OFFSET_S = 0.02


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(max_pixels=10_000_000, max_video_pixels=10_000_000, timeout_s=20, memory_bytes=3 * 2**30)
    yield decoder
    decoder.close()


def flash_clip(path: Path, times: np.ndarray, **sound: object) -> Path:
    frames = (np.full((64, 96, 3), 235 if k in (FLASH, FLASH + 1) else 20, np.uint8) for k in range(COUNT))
    return write_clip(path, frames, times, **sound)  # type: ignore[arg-type]


def rewritten(decoder: Decoder, clip: Path, path: Path) -> Path:
    """The clip's frames and sound through decoder and writer, as a reenactment takes them."""
    info, frames = decoder.probe(clip), list(decoder.frames(clip))
    clock = Clock.of(np.array([frame.time for frame in frames]), info.fps)
    with ClipWriter(path, path.suffix[1:], clock, Sound(RATE, decoder.sound(clip, clock.seconds))) as writer:
        for frame in frames:
            writer.write(frame.pixels)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mp4", "webm"])
@pytest.mark.parametrize("times", [EVEN, UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1)])
def test_flash_and_beep_stay_together(
    decoder: Decoder, tmp_path: Path, kind: str, times: np.ndarray, rate: int, channels: int
) -> None:
    sound = beep(times[-1] + 0.04, times[FLASH], rate, channels)
    before = flash_clip(tmp_path / "driver.mp4", times, sounds=[sound], rate=rate)
    after = rewritten(decoder, before, tmp_path / f"result.{kind}")
    (before_times, _), (after_times, after_light) = shown(before), shown(after)
    assert len(after_times) == COUNT
    assert np.abs(after_times - before_times).max() <= 0.001
    assert onset(after_times, after_light) == pytest.approx(times[FLASH], abs=0.001)
    assert onset(*heard(after)) - onset(*heard(before)) == pytest.approx(0, abs=0.002)
    assert abs(onset(*heard(after)) - onset(after_times, after_light)) <= OFFSET_S


@pytest.mark.parametrize("offset_s", [0.5, -0.25])
def test_a_sound_may_begin_later_or_earlier_than_its_file(decoder: Decoder, tmp_path: Path, offset_s: float) -> None:
    clip = flash_clip(tmp_path / "driver.mp4", EVEN, sounds=[beep(2, EVEN[FLASH])])
    of_video = np.concatenate(list(decoder.sound(clip, 2.0, offset_s=offset_s)))
    alone = np.concatenate(list(decoder.audio(clip, 2.0, offset_s=offset_s)))
    for samples in (of_video, alone):
        loud = np.abs(samples.astype(int)).max(1)
        assert onset(np.arange(len(loud)) / RATE, loud) == pytest.approx(EVEN[FLASH] - offset_s, abs=0.03)


def test_a_sound_that_begins_later_still_does(decoder: Decoder, tmp_path: Path) -> None:
    before = flash_clip(tmp_path / "driver.mp4", EVEN, sounds=[beep(1.0, 0.7)], sound_start=0.5)
    after = rewritten(decoder, before, tmp_path / "result.mp4")
    assert onset(*heard(after)) == pytest.approx(1.2, abs=OFFSET_S)


def test_what_sounds_before_the_first_frame_is_left_out(decoder: Decoder, tmp_path: Path) -> None:
    before = flash_clip(tmp_path / "driver.mkv", EVEN + 0.4, sounds=[beep(2.4, 0.4 + EVEN[FLASH])])
    after = rewritten(decoder, before, tmp_path / "result.mp4")
    assert onset(*heard(after)) == pytest.approx(EVEN[FLASH], abs=OFFSET_S)
    assert onset(*shown(after)) == pytest.approx(EVEN[FLASH], abs=0.001)


def test_the_sound_ends_with_the_picture(decoder: Decoder, tmp_path: Path) -> None:
    clip = flash_clip(tmp_path / "driver.mp4", EVEN, sounds=[beep(5.0, 1.2)])
    samples = np.concatenate(list(decoder.sound(clip, 2.0)))
    assert samples.shape == (2 * RATE, 1)
    child = decoder._child
    assert child is not None
    assert child.is_alive(), "a sound that was read to its end costs no child"


def test_the_first_of_several_tracks_is_kept(decoder: Decoder, tmp_path: Path) -> None:
    clip = flash_clip(tmp_path / "driver.mp4", EVEN, sounds=[beep(2.0, 0.5), beep(2.0, 1.5)])
    assert onset(*heard(rewritten(decoder, clip, tmp_path / "result.mp4"))) == pytest.approx(0.5, abs=OFFSET_S)


def test_no_sound_makes_no_track(decoder: Decoder, tmp_path: Path) -> None:
    clip = flash_clip(tmp_path / "driver.mp4", EVEN)
    with av.open(str(rewritten(decoder, clip, tmp_path / "result.mp4"))) as result:
        assert [stream.type for stream in result.streams] == ["video"]


@pytest.mark.slow
def test_a_truncated_sound_gives_what_is_there(decoder: Decoder, tmp_path: Path) -> None:
    whole = flash_clip(tmp_path / "whole.mkv", EVEN, sounds=[beep(2.0, 0.1)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    samples = np.concatenate([np.zeros((0, 1), np.int16), *decoder.sound(cut, 2.0)])
    assert len(samples) <= 2 * RATE
