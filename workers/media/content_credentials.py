"""C2PA: a signed statement, inside of a finished file, of what was done to which source, and by what."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from PIL import Image

from workers.contract.errors import CredentialsError, MissingPackageError
from workers.contract.settings import Settings
from workers.contract.text import reason
from workers.media.provenance import DIGITAL_SOURCE_TYPE

if TYPE_CHECKING:
    from c2pa import Builder

SIGNED_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4"})
"""What is signed. A WebM has no place for it; a GIF is left as it is, since what shows GIFs reads none."""

GENERATOR = "PIRenderer as a service"
_SOURCE = "source"
# Nothing is fetched: a source may name addresses. The worker's own files need no second look.
_LIBRARY = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


class ContentCredentials:
    """Signs finished files with one key.

    Args:
        certificates: PEM, the signer's own first, then those that vouch for it.
        key: PEM, the signer's private key.
        version: of the code, for the claim.

    Raises:
        MissingPackageError: c2pa-python is not installed.
        CredentialsError: the key and the certificates cannot sign together.
    """

    def __init__(self, certificates: bytes, key: bytes, version: str) -> None:
        try:
            import c2pa
        except ImportError as error:
            raise MissingPackageError(
                f"PORTRAIT_C2PA_KEY needs a package ({error}): pip install 'pirenderer-service[c2pa]'"
            ) from error
        self._c2pa, self._version = c2pa, version
        self._context = c2pa.Context.from_dict(_LIBRARY)
        try:
            self._info = c2pa.C2paSignerInfo(_algorithm(certificates, key), certificates, key, None)
            self._try_out()
        except (c2pa.C2paError, ValueError, TypeError) as error:
            raise CredentialsError(
                f"PORTRAIT_C2PA_KEY and PORTRAIT_C2PA_CERTIFICATES cannot sign ({reason(error)}): they have to be a "
                "PEM key without a password, and its certificate for signing followed by those above it"
            ) from error

    @classmethod
    def of(cls, settings: Settings, version: str) -> "ContentCredentials | None":
        """Those of the settings, None where there are none. Raises as the class does, and CredentialsError."""
        if settings.c2pa_key is None or settings.c2pa_certificates is None:
            return None
        try:
            return cls(settings.c2pa_certificates.read_bytes(), settings.c2pa_key.read_bytes(), version)
        except OSError as error:
            raise CredentialsError(f"PORTRAIT_C2PA_KEY or PORTRAIT_C2PA_CERTIFICATES: {error}") from error

    def sign(
        self, path: Path, media_type: str, source: IO[bytes] | None, source_type: str, title: str = "result"
    ) -> None:
        """Put the signed statement into a finished file of one of `SIGNED_TYPES`.

        Args:
            source: what was edited, at its beginning; a statement that it holds itself is kept in the new one. None
                where it is no longer there: then it is only named.
            source_type: its media type.
            title: of the file.
        """
        signed = path.with_name(f"{path.name}.signed")
        builder = self._builder(source, source_type, title)
        with builder, path.open("rb") as file, signed.open("w+b") as target:
            self._write(builder, media_type, file, target)
        signed.replace(path)

    def _builder(self, source: IO[bytes] | None, source_type: str, title: str) -> "Builder":
        named = {"title": _SOURCE, "format": source_type, "relationship": "parentOf", "label": _SOURCE}
        statement = self._statement(title)
        if source is not None:
            builder = self._c2pa.Builder(json.dumps(statement), self._context)
            try:
                builder.add_ingredient(json.dumps(named), source_type, source)
            except self._c2pa.C2paError:  # of a type that the library does not read, or damaged
                builder.close()
            else:
                return builder
        return self._c2pa.Builder(json.dumps(statement | {"ingredients": [named]}), self._context)

    def _statement(self, title: str) -> dict[str, Any]:
        generator = {"name": GENERATOR, "version": self._version}
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_SOURCE]}}
        edited = {"action": "c2pa.edited", "digitalSourceType": DIGITAL_SOURCE_TYPE, "softwareAgent": generator}
        actions = {"label": "c2pa.actions.v2", "data": {"actions": [opened, edited]}}
        return {"claim_generator_info": [generator], "title": title, "assertions": [actions]}

    def _write(self, builder: "Builder", media_type: str, file: IO[bytes], target: IO[bytes]) -> None:
        with self._c2pa.Signer.from_info(self._info) as signer:
            builder.sign(signer, media_type, file, target)

    def _try_out(self) -> None:
        """Sign the smallest picture: a wrong key is found when the worker starts, and not by the first client."""
        picture = io.BytesIO()
        Image.new("RGB", (1, 1)).save(picture, "PNG")
        picture.seek(0)
        with self._builder(None, "image/png", "") as builder:
            self._write(builder, "image/png", picture, io.BytesIO())


def _algorithm(certificates: bytes, key: bytes) -> bytes:
    """C2PA's name of the signature that a private key makes.

    Raises ValueError or TypeError where it makes none, or none that the first certificate vouches for: the library
    would sign all the same.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    loaded = load_pem_private_key(key, None)
    if load_pem_x509_certificates(certificates)[0].public_key() != loaded.public_key():
        raise ValueError("the first certificate is not the key's")
    makes: Mapping[type, Callable[[Any], bytes]] = {
        ec.EllipticCurvePrivateKey: lambda one: {256: b"es256", 384: b"es384", 521: b"es512"}[one.curve.key_size],
        rsa.RSAPrivateKey: lambda _: b"ps256",
        ed25519.Ed25519PrivateKey: lambda _: b"ed25519",
    }
    for kind, name in makes.items():
        if isinstance(loaded, kind):
            return name(loaded)
    raise ValueError("C2PA signs with keys of elliptic curves, RSA or Ed25519")
