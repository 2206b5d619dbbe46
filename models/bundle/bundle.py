"""Opening and writing bundles. Every byte is checked against the manifest before anything reads it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue, ValidationError

from models.bundle.manifest import FileEntry, Manifest
from models.errors import BundleError

MANIFEST = "bundle.json"
DEFAULT_BUNDLE = Path(__file__).resolve().parent.parent / "bundles" / "default"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files are all what the manifest says.

    Attributes:
        folder: the bundle's own, or where a draft is to be written.
        files: name in the bundle -> where the file lies now; a draft's may lie anywhere.
    """

    folder: Path
    manifest: Manifest
    files: Mapping[str, Path]

    def path(self, name: str) -> Path:
        """Where the file `name` lies. Raises BundleError where the manifest does not list it."""
        if name not in self.files:
            held = ", ".join(sorted(self.files))
            raise BundleError(f"the bundle {self.folder} holds no {name}; it holds {held}")
        return self.files[name]


def open_bundle(path: Path | str) -> Bundle:
    """The bundle in the folder `path`, checked: manifest, every file's size and SHA-256, nothing else in the folder.

    Raises BundleError, which names the file at fault.
    """
    folder = Path(path)
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as error:
        message = f"no readable {MANIFEST} in {folder} ({error.strerror}); point to the folder of a bundle"
        raise BundleError(message) from error
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise BundleError(f"{folder / MANIFEST}: {where}: {first['msg']}; export the bundle again") from error
    present = {entry.name for entry in folder.iterdir()} - {MANIFEST}
    if strangers := sorted(present - manifest.files.keys()):
        raise BundleError(f"{folder / strangers[0]} is not listed in {MANIFEST}; remove it or export the bundle again")
    for name, entry in manifest.files.items():
        if name not in present:
            raise BundleError(f"{folder / name} is missing; restore it or export the bundle again")
        if _entry(folder / name) != entry:
            raise BundleError(f"{folder / name} is not the file that {MANIFEST} describes; restore it")
    return Bundle(folder, manifest, {name: folder / name for name in manifest.files})


def draft_bundle(
    folder: Path | str,
    files: Mapping[str, Path],
    preset: str,
    space: str,
    licence: str,
    provenance: Mapping[str, JsonValue],
    metrics: Mapping[str, float],
    *,
    name: str = "unnamed",
    version: str = "0",
    runs: Mapping[str, JsonValue] | None = None,
) -> Bundle:
    """Describe `files` (name in the bundle -> where it lies now) as the bundle that `folder` is to hold; write nothing.

    Args:
        runs: by file, the record of the run that trained it, where there is one.

    Raises BundleError for a file that cannot be read and for what `open_bundle` would refuse in the manifest.
    """
    try:
        manifest = Manifest(
            name=name,
            version=version,
            preset=preset,
            space=space,
            files={name: _entry(path) for name, path in files.items()},
            licence=licence,
            provenance=dict(provenance),
            metrics=dict(metrics),
            runs=dict(runs or {}),
        )
    except ValidationError as error:
        raise BundleError(f"cannot describe the bundle: {error}") from error
    except OSError as error:
        raise BundleError(f"{error.filename} cannot be read ({error.strerror}); give the path of the file") from error
    return Bundle(Path(folder), manifest, dict(files))


def write_bundle(draft: Bundle) -> Bundle:
    """Copy a draft's files into its folder, and open the result. It does not look into them: see `release_bundle`.

    A file that already lies in its place is kept. The manifest is written last, in one step, so that an interrupted
    export leaves no bundle that opens. Raises BundleError for what `open_bundle` would refuse.
    """
    folder = draft.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name, path in draft.files.items():
        if path.resolve() != (folder / name).resolve():
            shutil.copyfile(path, folder / name)
    partial = folder / f".{MANIFEST}"
    partial.write_text(draft.manifest.model_dump_json(indent=2) + "\n")
    partial.replace(folder / MANIFEST)
    return open_bundle(folder)


def _entry(path: Path) -> FileEntry:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(sha256=digest, size=path.stat().st_size)
