"""bundle.json: what a bundle holds, where it comes from and how well it was measured to work."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

FORMAT_VERSION: Final = 1

# A plain name in the bundle's own folder: no separators, no leading dot, so that no entry can point elsewhere.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=100)]

# Goes into metrics, logs and JSON: short, on one line, without quotes.
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$", max_length=64)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileEntry(_Strict):
    """One file of the bundle."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    """Bytes."""


class ManifestIdentity(_Strict):
    """Which bundle made something. Name and version are for people; the digest alone tells two contents apart."""

    name: Label
    version: Label
    digest: str
    """SHA-256, hexadecimal, of what `sha256sum` prints for the files in the order of their names; bundle.json is none
    of them, so that a figure added to `metrics` makes no other bundle."""


class Manifest(_Strict):
    """The content of bundle.json."""

    format_version: Literal[1] = FORMAT_VERSION
    name: Label = "unnamed"
    """What people call the bundle."""
    version: Label = "0"
    """Which of the bundles of that name this is."""
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
    runs: dict[FileName, JsonValue] = Field(default_factory=dict)
    """By file, the record of the run that trained it: options, loss weights, seed, versions, digests of the data. Older
    bundles have none."""

    @property
    def summary(self) -> str:
        """One line for people."""
        digest = self.identity.digest[:12]
        return (
            f"{self.name} {self.version} ({digest}), preset {self.preset}, space {self.space}, {len(self.files)} files"
        )

    @property
    def identity(self) -> ManifestIdentity:
        """The bundle's name, version and digest."""
        lines = "".join(f"{entry.sha256}  {name}\n" for name, entry in sorted(self.files.items()))
        return ManifestIdentity(name=self.name, version=self.version, digest=hashlib.sha256(lines.encode()).hexdigest())
