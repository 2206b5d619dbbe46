"""What a signed file states, read back by c2pa's reader with the test's root as the only one that is trusted."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from tests.certificates import signing_chain
from workers.contract.errors import CredentialsError, MissingPackageError
from workers.contract.settings import Settings
from workers.media.clip import ClipWriter
from workers.media.clock import Clock
from workers.media.content_credentials import ContentCredentials
from workers.media.still import write_still

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
PIXELS = np.random.default_rng(3).integers(0, 256, (48, 64, 3)).astype(np.uint8)
CHAIN, KEY, ROOT = signing_chain()
TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "mp4": "video/mp4"}


@pytest.fixture(scope="module")
def credentials() -> ContentCredentials:
    return ContentCredentials(CHAIN, KEY, "1.2.3")


def written(folder: Path, kind: str) -> Path:
    path = folder / f"result.{kind}"
    if kind in ("mp4", "gif"):
        with ClipWriter(path, kind, Clock.even(3, 10)) as writer:
            for shift in range(3):
                writer.write(np.roll(PIXELS, shift, axis=1))
    else:
        with path.open("wb") as file:
            write_still(file, PIXELS, kind)
    return path


def photo(kind: str = "JPEG") -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(PIXELS[::-1]).save(file, kind)
    file.seek(0)
    return file


def read(path: Path, media_type: str, root: bytes = ROOT) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole report of a file, and its newest statement."""
    trust = {"trust": {"trust_anchors": root.decode()}, "verify": {"verify_trust": True}}
    with path.open("rb") as file:
        report: dict[str, Any] = json.loads(c2pa.Reader(media_type, file, context=c2pa.Context.from_dict(trust)).json())
    return report, report["manifests"][report["active_manifest"]]


def actions(statement: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = [one for one in statement["assertions"] if one["label"].startswith("c2pa.actions")]
    listed: list[dict[str, Any]] = found["data"]["actions"]
    return listed


@pytest.mark.parametrize("kind", TYPES)
def test_a_signed_file_says_what_was_edited_and_by_what(
    credentials: ContentCredentials, tmp_path: Path, kind: str
) -> None:
    path = written(tmp_path, kind)
    credentials.sign(path, TYPES[kind], photo(), "image/jpeg", path.name)
    report, statement = read(path, TYPES[kind])
    assert report["validation_state"] == "Trusted", report.get("validation_status")
    opened, edited = actions(statement)
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"] == IPTC
    (source,) = statement["ingredients"]
    assert (source["relationship"], source["format"]) == ("parentOf", "image/jpeg")
    assert opened["parameters"]["ingredients"][0]["url"].endswith(source["label"])
    claimed = statement["claim_generator_info"][0]
    assert (claimed["name"], claimed["version"]) == ("PIRenderer as a service", "1.2.3")
    assert IPTC.encode() in path.read_bytes(), "the XMP is still there"
    assert list(tmp_path.iterdir()) == [path]


def test_pixels_and_frames_are_as_before(credentials: ContentCredentials, tmp_path: Path) -> None:
    for kind in ("png", "webp", "jpeg"):
        path = written(tmp_path, kind)
        before = np.asarray(Image.open(path))
        credentials.sign(path, TYPES[kind], photo(), "image/jpeg")
        assert (np.asarray(Image.open(path)) == before).all()
    clip = written(tmp_path, "mp4")
    credentials.sign(clip, "video/mp4", photo(), "image/jpeg")
    with av.open(str(clip)) as read_back:
        assert sum(1 for _ in read_back.decode(video=0)) == 3
        assert read_back.metadata["description"] == IPTC


def test_a_changed_file_and_another_root_are_found(credentials: ContentCredentials, tmp_path: Path) -> None:
    path = written(tmp_path, "jpeg")
    credentials.sign(path, "image/jpeg", photo(), "image/jpeg")
    assert read(path, "image/jpeg", root=signing_chain()[2])[0]["validation_state"] == "Valid", "but not trusted"
    data = bytearray(path.read_bytes())
    data[-100] ^= 0xFF
    path.write_bytes(data)
    assert read(path, "image/jpeg")[0]["validation_state"] == "Invalid"


def test_what_the_source_states_itself_is_kept(credentials: ContentCredentials, tmp_path: Path) -> None:
    first = written(tmp_path, "jpeg")
    credentials.sign(first, "image/jpeg", photo(), "image/jpeg", "first")
    second = written(tmp_path, "png")
    with first.open("rb") as source:
        credentials.sign(second, "image/png", source, "image/jpeg", "second")
    report, statement = read(second, "image/png")
    assert report["validation_state"] == "Trusted"
    earlier = report["manifests"][statement["ingredients"][0]["active_manifest"]]
    assert (earlier["title"], statement["title"]) == ("first", "second")


@pytest.mark.parametrize(
    ("source", "media_type"),
    [(photo("BMP"), "image/bmp"), (io.BytesIO(photo().read()[:300]), "image/jpeg"), (None, "application/octet-stream")],
    ids=["another type", "damaged", "deleted"],
)
def test_a_source_that_cannot_be_read_is_named_all_the_same(
    credentials: ContentCredentials, tmp_path: Path, source: io.BytesIO | None, media_type: str
) -> None:
    path = written(tmp_path, "png")
    credentials.sign(path, "image/png", source, media_type)
    report, statement = read(path, "image/png")
    assert report["validation_state"] == "Trusted"
    assert [one["action"] for one in actions(statement)] == ["c2pa.opened", "c2pa.edited"]
    assert statement["ingredients"][0]["format"] == media_type


def test_other_curves_sign_too(tmp_path: Path) -> None:
    chain, key, root = signing_chain(ec.SECP384R1())
    path = written(tmp_path, "png")
    ContentCredentials(chain, key, "1").sign(path, "image/png", None, "image/jpeg")
    report, statement = read(path, "image/png", root)
    assert (report["validation_state"], statement["signature_info"]["alg"]) == ("Trusted", "Es384")


@pytest.mark.parametrize(
    ("chain", "key"),
    [(CHAIN, b"no key"), (b"no certificate", KEY), (signing_chain()[0], KEY), (ROOT, KEY)],
    ids=["no key", "no certificate", "another's certificate", "the root's certificate"],
)
def test_what_cannot_sign_is_found_at_the_start(chain: bytes, key: bytes) -> None:
    with pytest.raises(CredentialsError, match="PORTRAIT_C2PA_KEY and PORTRAIT_C2PA_CERTIFICATES cannot sign"):
        ContentCredentials(chain, key, "1")


def test_settings_name_both_files_and_the_package_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ContentCredentials.of(Settings(), "1") is None
    with pytest.raises(ValueError, match="PORTRAIT_C2PA_CERTIFICATES"):
        Settings(c2pa_key=tmp_path / "key.pem")
    (tmp_path / "key.pem").write_bytes(KEY)
    chosen = Settings(c2pa_key=tmp_path / "key.pem", c2pa_certificates=tmp_path / "chain.pem")
    with pytest.raises(CredentialsError, match=r"chain\.pem"):
        ContentCredentials.of(chosen, "1")
    (tmp_path / "chain.pem").write_bytes(CHAIN)
    assert ContentCredentials.of(chosen, "1") is not None
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(MissingPackageError, match=r"pirenderer-service\[c2pa\]"):
        ContentCredentials.of(chosen, "1")
