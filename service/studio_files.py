"""The files of the studio, the web page at `/`: read once, served from memory, kept by browsers until they change."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("studio")
PAGE = "index.html"
PREFIX = "studio"
_DIGEST_LENGTH = 12
# What the tables of some systems lack or have otherwise.
_MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}

# Everything comes from this server, and nothing that a page is given as text runs.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "media-src": "'self' blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FILE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class StudioFile:
    """One file and what it is."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Studio:
    """The page, and its files by their path below it. `digest` is of all of them, and part of their addresses."""

    page: bytes
    files: dict[str, StudioFile]
    digest: str


@cache
def studio() -> Studio:
    """Read the files. The page names them under `studio/`; it is changed to name them under `studio/<digest>/`."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    files = {path.relative_to(FOLDER).as_posix(): StudioFile(path.read_bytes(), _media_type(path)) for path in paths}
    total = hashlib.sha256()
    for name, file in files.items():
        total.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
    digest = total.hexdigest()[:_DIGEST_LENGTH]
    page = files.pop(PAGE).content.replace(f'="{PREFIX}/'.encode(), f'="{PREFIX}/{digest}/'.encode())
    return Studio(page, files, digest)


def _media_type(path: Path) -> str:
    return _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain; charset=utf-8"
