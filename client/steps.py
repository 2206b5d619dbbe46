"""What the client does, as steps without input or output.

Everything that the client does is written once, as a generator: it yields steps, a transport takes them, and sends
back what came of each. So it is the same for programs that block and for those that await.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

FileContent = bytes | Path


@dataclass(frozen=True)
class Call:
    """One HTTP request, which may be sent more than once.

    Attributes:
        path: below the service's URL; may hold a query.
        files: content by form field. A path is opened anew each time.
        fields: texts of the form.
        document: the body as JSON, where it is no form.
        read_timeout_s: seconds without a byte after which the connection counts as dead; None for the client's own.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FileContent] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    read_timeout_s: float | None = None


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are in lower case; `content` is empty where the body is streamed."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True)
class Send:
    """Send a request; gives its Answer. Raises NoConnectionError into the generator, as the next two steps do."""

    call: Call


@dataclass(frozen=True)
class OpenStream:
    """Send a request and leave its answer open, where that is a success; gives an Answer."""

    call: Call


@dataclass(frozen=True)
class ReadLine:
    """Read the open answer's next line; gives a str, or None at the end."""


@dataclass(frozen=True)
class ReadChunk:
    """Read the open answer's next bytes; gives bytes, or None at the end."""


@dataclass(frozen=True)
class CloseStream:
    """Close the open answer; gives None."""


@dataclass(frozen=True)
class Sleep:
    """Wait; gives None."""

    seconds: float


Step = Send | OpenStream | ReadLine | ReadChunk | CloseStream | Sleep
Steps = Generator[Step, Any, T]
"""Yields steps, takes what came of each, returns a T."""
