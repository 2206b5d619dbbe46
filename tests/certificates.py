"""A key and a chain of certificates that a test signs with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def signing_chain(curve: ec.EllipticCurve | None = None) -> tuple[bytes, bytes, bytes]:
    """PEM: the signer's certificate with the root above it, its key, and the root alone."""
    root_key, key = (ec.generate_private_key(curve or ec.SECP256R1()) for _ in range(2))
    root = (
        _certificate("root", "root", root_key, root_key)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), True)
        .sign(root_key, hashes.SHA256())
    )
    above = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    own = (
        _certificate("signer", "root", key, root_key)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(_usage(digital_signature=True), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), False)
        .sign(root_key, hashes.SHA256())
    )
    pem = [certificate.public_bytes(Encoding.PEM) for certificate in (own, root)]
    return b"".join(pem), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), pem[1]


def _certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _name(common: str) -> x509.Name:
    parts = {NameOID.ORGANIZATION_NAME: "Portraits of a test", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts.items()])


def _usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**dict.fromkeys(names, False) | allowed)
