"""The local certificate authority: it vouches for the pages beyond the loopback, and later for agents."""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse longer ones
RENEW_BEFORE = timedelta(days=30)


def authority(folder: Path, now: datetime) -> tuple[Path, Path]:
    """Return the CA's certificate and key (PEM files), made at the first call; the key is 0600."""
    certificate, key = folder / "ca.crt", folder / "ca.key"
    if not certificate.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cryokeep local CA")])
        made = (
            _unsigned(name, name, private.public_key(), now, CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(ca=True), critical=True)
            .sign(private, hashes.SHA256())
        )
        _write_key(key, private)
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def for_server(folder: Path, names: list[str], now: datetime) -> tuple[Path, Path]:
    """Return certificate and key (PEM files) for these host names and addresses.

    Made by the local CA; made anew when a name is missing or 30 days are left.
    """
    certificate, key = folder / "server.crt", folder / "server.key"
    if not _still_good(certificate, key, names, now):
        ca_certificate, ca_key = authority(folder, now)
        private = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.load_pem_x509_certificate(ca_certificate.read_bytes())
        signer = serialization.load_pem_private_key(ca_key.read_bytes(), password=None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        made = (
            _unsigned(subject, issuer.subject, private.public_key(), now, SERVER_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_name(name) for name in names]), critical=False
            )
            .sign(signer, hashes.SHA256())
        )
        _write_key(key, private)
        chain = made.public_bytes(serialization.Encoding.PEM) + ca_certificate.read_bytes()
        certificate.write_bytes(chain)
    return certificate, key


def _still_good(certificate: Path, key: Path, names: list[str], now: datetime) -> bool:
    if not (certificate.exists() and key.exists()):
        return False
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covered = set(alternatives.get_values_for_type(x509.DNSName))
    covered |= {str(address) for address in alternatives.get_values_for_type(x509.IPAddress)}
    return set(names) <= covered and found.not_valid_after_utc - now > RENEW_BEFORE


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks in a building differ
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
