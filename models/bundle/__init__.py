"""Bundles: a folder of weights with a manifest that vouches for every byte, and the networks loaded from it."""

from __future__ import annotations

from models.bundle.bundle import DEFAULT_BUNDLE, MANIFEST, Bundle, draft_bundle, open_bundle, write_bundle
from models.bundle.check import check_bundle, release_bundle
from models.bundle.load import Networks, load_extractor, load_face, load_networks, load_renderer, load_speech
from models.bundle.manifest import FORMAT_VERSION, FileEntry, Manifest, ManifestIdentity

__all__ = [
    "DEFAULT_BUNDLE",
    "FORMAT_VERSION",
    "MANIFEST",
    "Bundle",
    "FileEntry",
    "Manifest",
    "ManifestIdentity",
    "Networks",
    "check_bundle",
    "draft_bundle",
    "load_extractor",
    "load_face",
    "load_networks",
    "load_renderer",
    "load_speech",
    "open_bundle",
    "release_bundle",
    "write_bundle",
]
