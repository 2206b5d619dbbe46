"""Sound files of every kind, decoded in the child process: a beep stays where and as loud as it is."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import soundfile

from tests.clips import beep, write_clip
from workers.audio_input import SPEECH_RATE
from workers.contract.errors import AudioError, NoAudioError
from workers.contract.media_type import detect_media_type, media_kind
from workers.media.audio_file import probe_audio, read_audio
from workers.media.isolate import Decoder
from workers.media.sound import RATE

SECONDS, AT = 1.0, 0.6


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(max_pixels=1_000_000, max_video_pixels=1_000_000, timeout_s=20, memory_bytes=3 * 2**30)
    yield decoder
    decoder.close()


def speech(decoder: Decoder, path: Path, seconds: float = 10) -> np.ndarray:
    """What the model hears, int16 [samples]."""
    stretches = list(decoder.audio(path, seconds, rate=SPEECH_RATE, mono=True))
    assert all(stretch.shape[1:] == (1,) and stretch.dtype == np.int16 for stretch in stretches)
    return np.concatenate([np.zeros((0, 1), np.int16), *stretches])[:, 0]


def m4a(path: Path, samples: np.ndarray, rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate)
        layout = stream.codec_context.layout = "mono" if samples.shape[1] == 1 else "stereo"
        planes = np.ascontiguousarray(samples.T.astype(np.float32))
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def written(path: Path, rate: int, channels: int, subtype: str | None = None) -> Path:
    """A second of silence with a tone from 0.6 s to 0.7 s, in the format that the path's ending says."""
    samples = beep(SECONDS, AT, rate, channels)
    if path.suffix in (".m4a", ".aac"):
        m4a(path, samples, rate)
    else:
        soundfile.write(path, samples, rate, subtype=subtype)
    return path


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("name", "rate", "subtype"),
    [
        ("a.wav", 8_000, "PCM_U8"),
        ("a.wav", 16_000, "PCM_16"),
        ("a.wav", 48_000, "PCM_24"),
        ("a.wav", 22_050, "FLOAT"),
        ("a.wav", 8_000, "ULAW"),
        ("a.flac", 44_100, "PCM_24"),
        ("a.mp3", 32_000, None),
        ("a.ogg", 44_100, "VORBIS"),
        ("a.ogg", 48_000, "OPUS"),
        ("a.m4a", 44_100, None),
        ("a.aac", 44_100, None),
        ("a.aiff", 44_100, "PCM_16"),
        ("a.aiff", 22_050, "FLOAT"),
    ],
)
def test_a_beep_is_heard_where_it_is(
    decoder: Decoder, tmp_path: Path, name: str, rate: int, subtype: str | None, channels: int
) -> None:
    path = written(tmp_path / name, rate, channels, subtype)
    with path.open("rb") as file:
        assert media_kind(detect_media_type(file, 0, ("audio",)).media_type, ("audio",)) == "audio"
    info = decoder.probe_audio(path)
    assert (info.rate, info.channels) == (rate, channels)
    # Codecs fill their last frame, and say so only to the decoder.
    assert info.seconds == pytest.approx(SECONDS, abs=0.08)
    heard = speech(decoder, path)
    assert len(heard) / SPEECH_RATE == pytest.approx(SECONDS, abs=0.05)
    loud = np.flatnonzero(np.abs(heard) > 0.4 * 2**15) / SPEECH_RATE
    late = 0.03 if path.suffix == ".aac" else 0.005  # ADTS has no room to say how long its encoder waited
    assert loud[0] == pytest.approx(AT, abs=late)
    assert loud[-1] == pytest.approx(AT + 0.1, abs=late)
    assert np.abs(heard).max() / 2**15 == pytest.approx(0.8, abs=0.1), "both channels are as loud as one"


@pytest.mark.parametrize("right", [-1.0, -0.7])
def test_a_channel_that_is_upside_down_silences_nothing(decoder: Decoder, tmp_path: Path, right: float) -> None:
    samples = beep(SECONDS, AT, 16_000) * (1, right)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    heard = speech(decoder, tmp_path / "a.wav")
    assert len(heard) == 16_000
    loud = np.abs(heard) > 0.3 * 2**15
    assert np.flatnonzero(loud)[[0, -1]] / 16_000 == pytest.approx([AT, AT + 0.1], abs=0.005)
    assert np.abs(heard).max() / 2**15 == pytest.approx(0.8 * (1 - right) / 2, abs=0.02)


def test_what_is_seen_and_what_is_heard_begin_together(decoder: Decoder, tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp3", 44_100, 2)
    track = np.concatenate(list(decoder.audio(path, SECONDS)))
    assert track.shape[1] == 2
    assert np.argmax(np.abs(track[:, 0]) > 9999) / RATE == pytest.approx(
        np.argmax(np.abs(speech(decoder, path)) > 9999) / SPEECH_RATE, abs=0.001
    )


def test_the_sound_of_a_video_is_heard_from_its_own_beginning(decoder: Decoder, tmp_path: Path) -> None:
    grey = [np.full((64, 64, 3), 90, np.uint8)] * 5
    sound = beep(1.0, 0.3)
    path = write_clip(tmp_path / "v.mkv", grey, [k / 25 for k in range(5)], sounds=[sound], sound_start=0.5)
    heard = speech(decoder, path)
    assert np.argmax(np.abs(heard) > 9999) / SPEECH_RATE == pytest.approx(0.3, abs=0.03)


def test_a_clock_that_starts_late_makes_no_sound_longer(decoder: Decoder, tmp_path: Path) -> None:
    for name in ("a.mkv", "a.mp4", "a.ts"):
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("aac", rate=16_000)
            stream.codec_context.layout = "mono"
            samples = np.ascontiguousarray(beep(SECONDS, AT, 16_000).T.astype(np.float32))
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, 130 * 16_000, Fraction(1, 16_000)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        assert decoder.probe_audio(tmp_path / name).seconds == pytest.approx(SECONDS, abs=0.15), name
        heard = speech(decoder, tmp_path / name)
        assert np.argmax(np.abs(heard) > 9999) / SPEECH_RATE == pytest.approx(AT, abs=0.08), name


def test_sound_that_an_edit_list_hides_is_not_heard(decoder: Decoder, tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.m4a", 48_000, 1)
    path, hidden = tmp_path / "cut.m4a", 24_576  # samples: 24 AAC frames, 0.512 s
    with av.open(str(whole)) as before, av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as after:
        stream = after.add_stream_from_template(before.streams.audio[0])
        for packet in before.demux(audio=0):
            if packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - hidden, packet.dts - hidden, stream
                after.mux(packet)
    assert decoder.probe_audio(path).seconds == pytest.approx(SECONDS - 0.512, abs=0.08)
    heard = speech(decoder, path)
    assert np.argmax(np.abs(heard) > 9999) / SPEECH_RATE == pytest.approx(AT - 0.512, abs=0.01)


def test_one_sample_is_sound_and_none_is_not(decoder: Decoder, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "one.wav", np.full((1, 1), 0.5), 16_000)
    assert decoder.probe_audio(tmp_path / "one.wav").seconds == pytest.approx(1 / 16_000)
    assert len(speech(decoder, tmp_path / "one.wav")) == 1
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1)), 16_000)
    with pytest.raises(NoAudioError, match="sample"):
        decoder.probe_audio(tmp_path / "none.wav")


def test_numbers_that_are_none_do_no_harm(decoder: Decoder, tmp_path: Path) -> None:
    samples = np.full((SPEECH_RATE, 1), 0.25, np.float32)
    samples[100:200], samples[300:400] = math.nan, math.inf
    soundfile.write(tmp_path / "a.wav", samples, SPEECH_RATE, subtype="FLOAT")
    heard = speech(decoder, tmp_path / "a.wav")
    assert len(heard) == SPEECH_RATE
    assert (heard[1000:] == 2**13).all()


def test_a_truncated_file_gives_what_is_there(decoder: Decoder, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
        path = tmp_path / name
        soundfile.write(path, 0.3 * rng.standard_normal((3 * 44_100, 1)), 44_100)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert decoder.probe_audio(path).seconds == pytest.approx(1.3, abs=0.5), name
        assert len(speech(decoder, path)) / SPEECH_RATE == pytest.approx(1.3, abs=0.5), name


def test_no_more_than_requested_is_decoded(decoder: Decoder, tmp_path: Path) -> None:
    path = written(tmp_path / "a.flac", 16_000, 1)
    child = decoder._child
    assert len(speech(decoder, path, 0.25)) == SPEECH_RATE // 4
    assert decoder._child is child, "what was read to its end costs no child"


def test_files_glued_together_are_heard_on(decoder: Decoder, tmp_path: Path) -> None:
    first, second = written(tmp_path / "1.mp3", 44_100, 2), written(tmp_path / "2.mp3", 22_050, 1)
    path = tmp_path / "both.mp3"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    heard = speech(decoder, path)
    loud = np.flatnonzero(np.abs(heard) > 0.4 * 2**15) / SPEECH_RATE
    assert loud[0] == pytest.approx(AT, abs=0.03)
    assert loud[-1] > 1.2, "the second part's tone, too"


def test_a_length_is_counted_and_not_believed(decoder: Decoder, tmp_path: Path) -> None:
    data = bytearray(written(tmp_path / "a.wav", 16_000, 1, "PCM_16").read_bytes())
    data[40:44] = (2**31 - 2).to_bytes(4, "little")  # the size that the header states
    lying = tmp_path / "lying.wav"
    lying.write_bytes(data)
    assert decoder.probe_audio(lying).seconds == pytest.approx(SECONDS, abs=0.01)


def test_an_hour_is_read_in_a_moment_and_in_little_memory(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(60):
            file.write(np.zeros(60 * 8_000))
    child = decoder._child
    assert child is not None
    before = psutil.Process(child.pid).memory_info().rss
    assert decoder.probe_audio(path).seconds == pytest.approx(3600)
    assert psutil.Process(child.pid).memory_info().rss - before < 30 * 2**20


def broken() -> dict[str, tuple[bytes, type[Exception]]]:
    noise = np.random.default_rng(0).bytes(4000)
    video = io.BytesIO()
    with av.open(video, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    return {
        "noise behind a name": (b"fLaC" + noise, AudioError),
        "a header alone": (b"RIFF\0\0\0\0WAVEfmt ", AudioError),
        "a playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", AudioError),
        "a video without sound": (video.getvalue(), NoAudioError),
    }


@pytest.mark.parametrize(("data", "error"), broken().values(), ids=broken())
def test_what_is_no_sound_says_so(decoder: Decoder, tmp_path: Path, data: bytes, error: type[Exception]) -> None:
    path = tmp_path / "broken"
    path.write_bytes(data)
    with pytest.raises(error):
        decoder.probe_audio(path)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "kind"), [(8_000, "WAV"), (48_000, "FLAC"), (44_100, "WAV"), (16_000, "OGG")])
@pytest.mark.parametrize("count", [1, 3, 30])
@pytest.mark.parametrize("rate_wanted", [16_000, 48_000])
def test_less_sound_than_a_filter_is_long_is_still_sound(
    tmp_path: Path, rate: int, kind: str, count: int, rate_wanted: int
) -> None:
    path = tmp_path / "short"
    soundfile.write(path, np.full((count, 1), 0.1), rate, format=kind)
    info = probe_audio(path)
    assert 0 <= info.seconds < 0.1
    stretches = list(read_audio(path, info.seconds, rate_wanted, mono=True))
    assert sum(len(samples) for samples in stretches) >= 1


def test_a_voice_in_the_centre_of_surround_is_heard(decoder: Decoder, tmp_path: Path) -> None:
    samples = np.zeros((16_000, 6))
    samples[:, 2] = beep(SECONDS, AT, 16_000)[:, 0]  # front left and right, centre, bass, back left and right
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    loud = np.flatnonzero(np.abs(speech(decoder, tmp_path / "a.wav")) > 0.2 * 2**15) / 16_000
    assert loud[[0, -1]] == pytest.approx([AT, AT + 0.1], abs=0.005)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 100])
def test_a_wav_that_was_written_as_a_stream_is_whole(decoder: Decoder, tmp_path: Path, size: int) -> None:
    data = bytearray(written(tmp_path / "a.wav", 16_000, 1).read_bytes())
    at = data.index(b"data") + 4
    whole = int.from_bytes(data[at : at + 4], "little")
    data[4:8] = data[at : at + 4] = size.to_bytes(4, "little")
    (tmp_path / "b.wav").write_bytes(data)
    heard = speech(decoder, tmp_path / "b.wav")
    expected = size if size == 100 else whole
    assert len(heard) * 2 == expected, "what the header says, or else all there is"


def test_a_browsers_recording_is_heard(decoder: Decoder, tmp_path: Path) -> None:
    """Opus in WebM, written live: without a length, an index or a size of anything."""
    path = tmp_path / "a.webm"
    with av.open(str(path), "w", format="webm", options={"live": "1"}) as container:
        stream = container.add_stream("libopus", rate=48_000)
        stream.codec_context.layout, stream.codec_context.format = "mono", "flt"
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(beep(SECONDS, AT, 48_000).T.astype(np.float32)), format="flt", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    info = decoder.probe_audio(path)
    assert info.seconds == pytest.approx(SECONDS, abs=0.05)
    loud = np.flatnonzero(np.abs(speech(decoder, path)) > 0.4 * 2**15) / SPEECH_RATE
    assert loud[[0, -1]] == pytest.approx([AT, AT + 0.1], abs=0.005)
