"""bundle.json: what a bundle holds, where it comes from and how well it was measured to work."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

FORMAT_VERSION: Final = 1

# A plain name in the bundle's own folder: no separators, no leading dot, so that no entry can point elsewhere.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileEntry(_Strict):
    """One file of the bundle."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    """Bytes."""


class Manifest(_Strict):
    """The content of bundle.json."""

    format_version: Literal[1] = FORMAT_VERSION
    preset: str
    """The network configuration that the weights fit."""
    space: str
    """The coefficient space that the networks read."""
    files: dict[FileName, FileEntry]
    licence: str
    """SPDX identifier of the weights' licence."""
    provenance: dict[str, JsonValue]
    """The training data with its sources and licences, and how the weights were trained."""
    metrics: dict[str, float]
    """What was measured with these weights."""
