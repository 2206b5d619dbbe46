"""How large a file may be, by what it is."""

from collections.abc import Collection
from typing import BinaryIO

from workers.contract.media_type import MediaKind, is_audio, is_video
from workers.contract.settings import Settings


def most_bytes(settings: Settings, file: BinaryIO, kinds: Collection[MediaKind]) -> int:
    """Of a file whose first bytes tell what it is; `kinds` are those that are accepted."""
    if "video" in kinds and is_video(file):
        return settings.max_video_bytes
    if "audio" in kinds and is_audio(file):
        return settings.max_audio_bytes
    return settings.max_upload_bytes


def most_bytes_of_any(settings: Settings, kinds: Collection[MediaKind]) -> int:
    """Of a file of which nothing is known yet."""
    limits = {"video": settings.max_video_bytes, "audio": settings.max_audio_bytes}
    return max(limits.get(kind, settings.max_upload_bytes) for kind in kinds)
