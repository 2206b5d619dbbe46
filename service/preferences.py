"""What a request prefers: `Prefer: wait=SECONDS` (RFC 7240) and `Accept` (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_WAIT_S = 60

ANY_FILE = "application/octet-stream"
"""What a client accepts that wants a file's bytes and does not ask what they are."""

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of Accept, such as `image/*;q=0.8`."""

    kind: str
    subtype: str
    quality: float

    def matches(self, media_type: str) -> bool:
        """Whether the range includes a concrete media type."""
        kind, _, subtype = media_type.partition("/")
        return self.kind in ("*", kind) and self.subtype in ("*", subtype)

    @property
    def specificity(self) -> int:
        """More specific ranges take precedence over less specific ones."""
        return (self.kind != "*") + (self.subtype != "*")


def preferred_wait(prefer: str | None) -> int | None:
    """Seconds the client would wait, at most MAX_WAIT_S; None without one that is understood."""
    for preference in re.split(r"[,;]", prefer or ""):
        if match := _WAIT.fullmatch(preference.strip()):
            return min(int(match[1]), MAX_WAIT_S)
    return None


def prefers_media(accept: str | None, media_type: str) -> bool:
    """Whether the client would rather have the media itself than a JSON document about it.

    Only a range that names pictures or video says so: `*/*` is what every client sends that has not thought about it.
    """
    ranges = list(_ranges(accept or ""))
    named = [entry for entry in ranges if entry.kind != "*"]
    return _quality(named, media_type) > _quality(named, "application/json")


def accepts_bytes(accept: str | None, media_type: str) -> bool:
    """Whether the client asks for mere bytes, by that name, rather than for a file of this type."""
    named = [entry for entry in _ranges(accept or "") if entry.kind != "*"]
    return _quality(named, ANY_FILE) > _quality(named, media_type)


def _quality(ranges: Iterable[MediaRange], media_type: str) -> float:
    matching = [entry for entry in ranges if entry.matches(media_type)]
    return max(matching, key=lambda entry: entry.specificity).quality if matching else 0.0


def _ranges(accept: str) -> Iterable[MediaRange]:
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        kind, _, subtype = name.partition("/")
        quality = next((value for key, _, value in (p.partition("=") for p in parameters) if key == "q"), "1")
        try:
            yield MediaRange(kind, subtype, float(quality))
        except ValueError:  # a malformed entry is no preference
            continue
