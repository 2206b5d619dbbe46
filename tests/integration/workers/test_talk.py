"""Speech of every kind, whole and broken, through one real worker process; face and motion are a stand-in's."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import psutil
import pytest
import soundfile

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_npz
from tests.clips import beep, heard, onset, shown, write_clip
from tests.integration.workers.conftest import launch
from tests.integration.workers.standin import YAW
from workers.contract.jobs import JobStatus
from workers.contract.kinds.talk import MAX_SEED, TalkRequest
from workers.contract.presence import WorkerState
from workers.contract.settings import Settings

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

SECONDS, AT, COUNT = 1.6, 0.8, 40
LONGEST_S = 5.0
MOST_FRAMES = 250


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """A small limit, so that speech over it is short too."""
    return settings.model_copy(update={"max_audio_seconds": LONGEST_S, "max_frames": MOST_FRAMES})


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker."""
    process = launch(settings)
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def sound(samples: np.ndarray, rate: int = 16_000, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def speech() -> bytes:
    """A beep in silence."""
    return sound(beep(SECONDS, AT, 16_000), 16_000)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
@pytest.mark.parametrize(("rate", "channels", "written"), [(44_100, 2, "MP3"), (16_000, 1, "WAV"), (48_000, 1, "FLAC")])
def test_the_mouth_opens_when_the_beep_is_heard(
    service: Service, photo: str, tmp_path: Path, kind: str, rate: int, channels: int, written: str
) -> None:
    data = sound(beep(SECONDS, AT, rate, channels), rate, written)

    record = service.talk(photo, data, seed=5, output={"format": kind})

    result = record.job.result
    assert result is not None, record.job.error
    assert (result.media_type, result.seed, result.width, result.height) == (f"video/{kind}", 5, 512, 512)
    assert result.frames == pytest.approx(COUNT, abs=1), "MP3 fills its last frame"
    assert result.seconds == result.frames / 25
    assert record.job.results == []
    assert (record.job.progress.done, record.job.progress.total) == (result.frames, result.frames)
    assert {"decode_s", "extract_s", "motion_s", "render_s", "encode_s"} <= record.job.metrics.keys()
    assert record.job.metrics["motion_s"] >= 0
    clip = service.result(record, tmp_path)
    assert onset(*shown(clip)) == pytest.approx(AT, abs=0.002)
    assert onset(*heard(clip)) == pytest.approx(AT, abs=0.005)


def test_several_samples_are_several_files(
    service: Service, photo: str, speech: bytes, tmp_path: Path, worker: subprocess.Popen[bytes]
) -> None:
    before = psutil.Process(worker.pid).children()

    record = service.talk(photo, speech, seed=7, samples=3, fps=50)

    assert record.job.error is None
    assert [result.seed for result in record.job.results] == [7, 8, 9]
    assert [result.frames for result in record.job.results] == [2 * COUNT] * 3
    urls = [f"/jobs/{record.job.id}/result?index={index}" for index in range(3)]
    assert [result.url for result in record.job.results] == urls
    assert (record.job.progress.done, record.job.progress.total) == (6 * COUNT, 6 * COUNT)
    for index in range(3):
        clip = service.result(record, tmp_path, index)
        assert onset(*heard(clip)) == pytest.approx(AT, abs=0.005)
        assert onset(*shown(clip)) == pytest.approx(AT, abs=0.002)
    assert psutil.Process(worker.pid).children() == before, "sound that is read to its end costs no child"


def test_a_seed_is_drawn_and_reported(service: Service, photo: str, speech: bytes) -> None:
    seeds = [service.talk(photo, speech, samples=2, output={"format": "gif"}).job.results for _ in range(2)]
    (first, second), (other, _) = ([result.seed for result in results] for results in seeds)
    assert first is not None
    assert second == first + 1
    assert 0 <= first < MAX_SEED
    assert other != first, "one chance in four thousand million"


def test_a_gif_is_silent_and_silence_is_sound(service: Service, photo: str, tmp_path: Path) -> None:
    silence = sound(np.zeros((16_000, 1)))
    gif = service.result(service.talk(photo, silence, output={"format": "gif", "fps": 10}), tmp_path)
    with av.open(str(gif)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert sum(1 for _ in container.decode(video=0)) == 10
    spoken = service.result(service.talk(photo, silence), tmp_path)
    with av.open(str(spoken)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


@pytest.mark.parametrize(("rate", "kind"), [(16_000, "WAV"), (48_000, "WAV"), (8_000, "FLAC"), (44_100, "OGG")])
def test_one_sample_makes_one_frame(service: Service, photo: str, rate: int, kind: str) -> None:
    record = service.talk(photo, sound(np.zeros((1, 1)), rate, kind))
    assert record.job.result is not None, record.job.error
    assert record.job.result.frames == 1


def test_a_video_is_heard(service: Service, photo: str, tmp_path: Path) -> None:
    grey = [np.full((64, 64, 3), 90, np.uint8)] * 5
    times = [k / 25 for k in range(5)]
    data = write_clip(tmp_path / "v.mp4", grey, times, sounds=[beep(SECONDS, AT)]).read_bytes()
    clip = service.result(service.talk(photo, data), tmp_path)
    assert onset(*shown(clip)) == pytest.approx(AT, abs=0.04)


def track(yaw: list[float]) -> Motion:
    """A head that turns, a frame every 0.1 s."""
    motion = np.zeros((len(yaw), ARKIT.size), np.float32)
    motion[:, YAW] = yaw
    return Motion(ARKIT, np.arange(len(yaw)) / 10, 10.0, motion)


def test_the_head_turns_as_a_track_says(service: Service, photo: str, speech: bytes, tmp_path: Path) -> None:
    turning = motion_npz(track([0.0, 0.0, 0.0, 0.0, 0.0, 0.6]))
    times, light = shown(service.result(service.talk(photo, speech, turning), tmp_path))
    dark = times[light < light[0] - 10]
    assert dark[0] == pytest.approx(0.4 + 0.1 * 0.4 / 0.6, abs=0.04)
    assert dark[-1] == pytest.approx(times[-1]), "the last pose is held"


@pytest.mark.parametrize("data", [b'{"space": "arkit"}', b'{"space": "bfm", "frames": []}', b"PK\x03\x04 no archive"])
def test_a_track_that_is_none_says_so(service: Service, photo: str, speech: bytes, data: bytes) -> None:
    error = service.talk(photo, speech, data).job.error
    assert error is not None
    assert (error.status, error.code) == (422, "invalid_motion")
    assert error.errors is not None
    assert error.errors[0].field == "pose"


def test_a_video_gives_its_head_poses_or_says_why_not(
    service: Service, photo: str, speech: bytes, tmp_path: Path
) -> None:
    times = [k / 25 for k in range(5)]
    grey, black = (
        write_clip(tmp_path / f"{level}.mp4", [np.full((64, 64, 3), level, np.uint8)] * 5, times).read_bytes()
        for level in (90, 0)
    )
    record = service.talk(photo, speech, grey, "video")
    assert record.job.result is not None, record.job.error
    assert (record.job.result.frames, record.job.metrics["frames_without_face"]) == (COUNT, 0)
    error = service.talk(photo, speech, black, "video").job.error
    assert error is not None
    assert error.errors is not None
    assert (error.code, error.errors[0].field) == ("no_face", "pose")


def broken_speech() -> dict[str, tuple[bytes, str, int]]:
    whole = sound(beep(1.0, 0.5))
    return {
        "no sample": (sound(np.zeros((0, 1))), "no_audio", 422),
        "cut in the header": (whole[:20], "unreadable_audio", 422),
        "noise": (b"ID3\x04" + np.random.default_rng(0).bytes(3000), "unreadable_audio", 422),
        "too long": (sound(np.zeros((16_000 * 6, 1))), "audio_too_long", 413),
        "an hour": (sound(np.zeros((8_000 * 3600, 1), np.int16), 8_000, "FLAC"), "audio_too_long", 413),
        "too few samples a second": (sound(np.zeros((4_000, 1)), 4_000), "audio_rate", 422),
    }


def test_every_broken_speech_is_one_clear_error(service: Service, photo: str, speech: bytes) -> None:
    for name, (data, code, status) in broken_speech().items():
        error = service.talk(photo, data).job.error
        assert error is not None, name
        assert (error.code, error.status, name) == (code, status, name), error.detail
        assert error.errors is not None, name
        assert error.errors[0].field == "audio", name
    assert service.talk(photo, speech).job.status is JobStatus.SUCCEEDED


def test_more_frames_than_are_accepted_are_refused_before_any_work(service: Service, photo: str) -> None:
    record = service.talk(photo, sound(np.zeros((round(16_000 * 4.9), 1))), fps=60.0)
    error = record.job.error
    assert error is not None
    assert (error.status, error.code) == (422, "too_many_frames")
    assert f"at most {MOST_FRAMES} " in error.detail
    assert "extract_s" not in record.job.metrics


@pytest.mark.parametrize("temperature", [0, 1.5])
def test_frames_come_while_the_motion_is_drawn_and_either_can_be_cancelled(
    service: Service, photo: str, temperature: float
) -> None:
    data = service.add(sound(beep(4.0, 1.0, 16_000), 16_000, "FLAC"))
    options = {"temperature": temperature, "samples": 2}
    job = service.start(TalkRequest, photo, audio_id=data, options=options)
    assert service.cancel_in("render", job).job.progress.total == 200
    assert service.finish(service.submit(photo)).job.status is JobStatus.SUCCEEDED


def track_of(clip: Path) -> tuple[int, str]:
    """Rate and layout of a clip's sound."""
    with av.open(str(clip)) as container:
        context = container.streams.audio[0].codec_context
        return context.sample_rate, context.layout.name


@pytest.mark.parametrize(("rate", "channels", "kept"), [(44_100, 2, "stereo"), (16_000, 1, "mono"), (48_000, 6, "5.1")])
def test_a_clip_keeps_the_rate_and_the_channels_of_its_sound(
    service: Service, photo: str, tmp_path: Path, rate: int, channels: int, kept: str
) -> None:
    data = sound(beep(SECONDS, AT, rate, channels), rate)
    clip = service.result(service.talk(photo, data), tmp_path)
    assert track_of(clip) == (rate, kept)
    assert onset(*heard(clip)) == pytest.approx(AT, abs=0.005)


def test_an_odd_rate_and_opus_get_the_nearest_they_can(service: Service, photo: str, tmp_path: Path) -> None:
    data = sound(beep(SECONDS, AT, 37_000, 1), 37_000)
    assert track_of(service.result(service.talk(photo, data), tmp_path))[0] == 48_000
    webm = service.talk(photo, sound(beep(SECONDS, AT, 44_100, 2), 44_100), output={"format": "webm"})
    assert track_of(service.result(webm, tmp_path)) == (48_000, "stereo")


def test_silence_around_a_sound_moves_lips_and_sound_alike(service: Service, photo: str, tmp_path: Path) -> None:
    data = sound(beep(SECONDS, AT, 44_100, 2), 44_100)
    record = service.talk(photo, data, pad={"before": 0.6, "after": 1.0})
    result = record.job.result
    assert result is not None, record.job.error
    assert result.frames == COUNT + 15 + 25
    clip = service.result(record, tmp_path)
    assert onset(*shown(clip)) == pytest.approx(AT + 0.6, abs=0.002)
    assert onset(*heard(clip)) == pytest.approx(AT + 0.6, abs=0.005)


def test_an_idle_clip_is_as_long_as_requested_and_silent(service: Service, photo: str, tmp_path: Path) -> None:
    record = service.finish(service.start(TalkRequest, photo, options={"idle": 2.0, "seed": 1}))
    result = record.job.result
    assert result is not None, record.job.error
    assert (result.frames, result.seconds) == (50, 2.0)
    with av.open(str(service.result(record, tmp_path))) as container:
        assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize("late_s", [0.0, 0.3], ids=["sound", "video whose sound is late"])
def test_the_motion_of_a_talk_makes_another_portrait_say_the_same(
    service: Service, photo: str, speech: bytes, tmp_path: Path, late_s: float
) -> None:
    if late_s:
        frames = [np.full((64, 64, 3), 90, np.uint8)] * COUNT
        tone = beep(SECONDS, AT)
        times = [k / 25 for k in range(COUNT)]
        path = write_clip(tmp_path / "speech.mp4", frames, times, sounds=[tone], sound_start=late_s)
        speech = path.read_bytes()

    record = service.talk(photo, speech, seed=7, result="motion", pad={"before": 0.4})

    result = record.job.result
    assert result is not None, record.job.error
    assert (result.media_type, result.seed, result.seconds) == ("application/json", 7, pytest.approx(2.0, abs=0.05))
    assert "render_s" not in record.job.metrics
    document = service.result(record, tmp_path).read_bytes()
    assert json.loads(document)["sound"] == {"source_id": service.add(speech), "offset_s": -0.4, "clock": "sound"}
    clip = service.result(service.reenact(photo, document, "motion", smoothing=0), tmp_path)
    assert onset(*shown(clip)) == pytest.approx(AT + 0.4, abs=0.05)
    assert onset(*heard(clip)) == pytest.approx(AT + 0.4, abs=0.03)


def test_samples_and_idle_portraits_have_documents_too(service: Service, photo: str, tmp_path: Path) -> None:
    fields = {"options": {"idle": 1.0, "seed": 4, "samples": 2, "result": "motion"}}
    record = service.finish(service.start(TalkRequest, photo, **fields))
    assert [(result.seed, result.frames) for result in record.job.results] == [(4, 25), (5, 25)], record.job.error
    for index in range(2):
        document = json.loads(service.result(record, tmp_path, index).read_bytes())
        assert (len(document["frames"]), document["sound"], document["fps"]) == (25, None, 25)
        assert document["bundle"]["name"] == "stand-in"
