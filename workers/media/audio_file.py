"""An audio file, or the sound of any other: what it says about itself, and its samples. Runs in the child (`child`)."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from workers.contract.errors import AudioError, NoAudioError
from workers.contract.media_type import MediaKind, accepted
from workers.media.sound import decoded, samples_of

# Sound alone, and videos with sound. No playlists: they may name other files and addresses.
_FORMATS = "wav,w64,aiff,flac,mp3,aac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf"
_LONGEST_PACKET_S = 3600.0
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
_SOUND: tuple[MediaKind, ...] = ("audio",)


@dataclass(frozen=True)
class AudioInfo:
    """What an audio file holds: seconds by its packets, which no header can misstate; samples a second; channels."""

    seconds: float
    rate: int
    channels: int


def probe_audio(path: Path) -> AudioInfo:
    """Decode the first samples of a file, and count its packets.

    Raises:
        AudioError: no container that is known here.
        NoAudioError: no audio track, or nothing of it decodes.
    """
    with _open(path) as container:
        if not container.streams.audio:
            raise NoAudioError("The file has no audio track: send one in which somebody speaks.")
        if container.streams.audio[0].codec_context is None:
            raise AudioError(f"The sound's codec is unknown here: convert it to {accepted(_SOUND)}.")
        first = next(decoded(container), None)
    if first is None:
        raise NoAudioError("Not one sample of the sound can be decoded: it is empty, truncated or corrupt.")
    with _open(path) as container:
        return AudioInfo(_seconds(container), first.sample_rate, first.layout.nb_channels)


def read_audio(path: Path, seconds: float, rate: int, mono: bool, offset_s: float = 0.0) -> Iterator[NDArray[np.int16]]:
    """Decode the first audio track from its first sample on, as `sound.samples_of` does. Raises AudioError."""
    with _open(path) as container:
        yield from samples_of(container, seconds, rate=rate, mono=mono, offset_s=offset_s)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[InputContainer]:
    try:
        container = av.open(str(path), options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "unknown to the decoder").lower()
        raise AudioError(
            f"The file is no sound that can be read ({reason}): send a complete {accepted(_SOUND)}."
        ) from error
    with container:
        yield container


def _seconds(container: InputContainer) -> float:
    start, end = None, 0.0
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the file breaks off here
            packet = None
        if packet is None:
            return end - (start or 0.0)
        if packet.pts is not None and not packet.is_discard:
            begins = float(packet.pts * packet.time_base)
            start = begins if start is None else start
            lasts = float((packet.duration or 0) * packet.time_base)
            # The last packet of a very short Ogg has a negative duration, which comes as a huge one.
            end = max(end, begins + (lasts if lasts < _LONGEST_PACKET_S else 0.0))
