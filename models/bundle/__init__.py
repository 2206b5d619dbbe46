"""Bundles: a folder of weights with a manifest that vouches for every byte."""

from __future__ import annotations

from models.bundle.bundle import DEFAULT_BUNDLE, MANIFEST, Bundle, open_bundle, write_bundle
from models.bundle.manifest import FORMAT_VERSION, FileEntry, Manifest
from models.bundle.tensors import load_tensors, save_tensors

__all__ = [
    "DEFAULT_BUNDLE",
    "FORMAT_VERSION",
    "MANIFEST",
    "Bundle",
    "FileEntry",
    "Manifest",
    "load_tensors",
    "open_bundle",
    "save_tensors",
    "write_bundle",
]
