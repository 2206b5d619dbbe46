"""How much of a video a player shows, read from the container alone: nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

_SPARE_S = 0.5  # a container's length is rounded, and may count what decoders wait for
_STEP_S = 0.04  # seconds a last frame is shown that does not say it


@dataclass(frozen=True)
class Extent:
    """What a player shows of a video track. Damage is not seen: frames and seconds are those that the file promises.

    Attributes:
        frames: their number where the container has an index of all of them (MP4, MOV, AVI), else None.
        seconds: from the first frame's beginning to the last one's end; None where the file knows no times.
    """

    frames: int | None
    seconds: float | None


def extent(container: InputContainer, stream: VideoStream) -> Extent:
    """What is shown of a track of a file that has just been opened; its packets may be used up after.

    Frames that are decoded for others' sake and not shown do not count: what an edit list hides, and what comes before
    the first keyframe.
    """
    index: Any = stream.index_entries
    if not stream.frames or not index:
        return Extent(stream.frames or None, _seconds_of_packets(container, stream))
    first = next((number for number, entry in enumerate(index) if entry.is_keyframe), 0)
    frames = sum(entry.size > 0 and not entry.is_discard for entry in islice(index, first, None))
    if "mov" not in container.format.name:
        # A file that was cut off has lost its index with its end; an AVI's index counts in frames. An MP4's is whole,
        # and an edit list has been applied to it, but not to the number beside it.
        frames += max(stream.frames - 1 - index[len(index) - 1].timestamp, 0)
    unit = stream.time_base or 0
    lead = index[first].timestamp - index[0].timestamp
    return Extent(frames, float((stream.duration - lead) * unit) if stream.duration else None)


def _seconds_of_packets(container: InputContainer, stream: VideoStream) -> float | None:
    """By the packets' times, and by the header's length where the packets break off before it."""
    begin: float | None = None
    end = file_end = 0.0
    step = 1 / float(stream.average_rate) if stream.average_rate else _STEP_S
    for packet in _packets(container, stream):
        time = float((packet.pts or 0) * packet.time_base)
        after = time + float(packet.duration or 0) * float(packet.time_base)
        file_end = max(file_end, after)
        if packet.stream is not stream or (begin is None and not packet.is_keyframe):
            continue
        begin = time if begin is None else min(begin, time)
        end = max(end, after if packet.duration else time + step)
    if begin is None:
        return container.duration / av.time_base if container.duration else None
    # Some containers state when they end, others how long they are. The first reading never invents a loss.
    lost = (container.duration or 0) / av.time_base - max(file_end, end)
    return end - begin + (lost if lost > _SPARE_S else 0.0)


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[Any]]:
    """Packets of the track, and of sound beside it, that have a time and are shown or heard."""
    packets = container.demux([stream, *container.streams.audio])
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the file breaks off here
            return
        if packet is None:
            return
        if packet.pts is not None and not packet.is_discard:
            yield packet
