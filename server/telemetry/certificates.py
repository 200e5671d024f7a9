"""The local certificate authority: it vouches for the pages beyond the loopback, and for agents."""

import fcntl
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse longer ones
RENEW_BEFORE = timedelta(days=30)
CLOCKS_DIFFER = timedelta(hours=1)


def authority(folder: Path, now: datetime) -> tuple[Path, Path]:
    """Return the CA's certificate and key (PEM files), made at the first call; the key is 0600."""
    with _alone(folder):
        return _authority(folder, now)


def _authority(folder: Path, now: datetime) -> tuple[Path, Path]:
    certificate, key = folder / "ca.crt", folder / "ca.key"
    if not certificate.exists():
        private = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cryokeep local CA")])
        made = (
            unsigned(name, name, private.public_key(), now, now + timedelta(days=CA_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(ca=True), critical=True)
            .sign(private, hashes.SHA256())
        )
        _write_key(key, private)
        _put(certificate, made.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def signer(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the CA as it signs: its certificate and its private key."""
    certificate, key = authority(folder, now)
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(certificate.read_bytes()), private


def fingerprint(folder: Path, now: datetime) -> str:
    """Return the SHA-256 of the CA's certificate: 64 hexadecimal digits."""
    certificate, _key = authority(folder, now)
    return (
        x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256()).hex()
    )


def for_server(
    folder: Path, names: list[str], now: datetime, name: str = "server"
) -> tuple[Path, Path]:
    """Return certificate and key (PEM files) for these host names and addresses.

    Made by the local CA; made anew when a name is missing or 30 days are left.
    """
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    issuer, private_of_ca = signer(folder, now)
    with _alone(folder):
        if _still_good(certificate, key, names, now):
            return certificate, key
        private = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        until = now + timedelta(days=SERVER_DAYS)
        made = (
            unsigned(subject, issuer.subject, private.public_key(), now, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_name(name) for name in names]), critical=False
            )
            .sign(private_of_ca, hashes.SHA256())
        )
        _write_key(key, private)
        encoding = serialization.Encoding.PEM
        _put(certificate, made.public_bytes(encoding) + issuer.public_bytes(encoding))
    return certificate, key


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time make files here: pages and broker may both begin with an empty home."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _still_good(certificate: Path, key: Path, names: list[str], now: datetime) -> bool:
    if not (certificate.exists() and key.exists()):
        return False
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covered = set(alternatives.get_values_for_type(x509.DNSName))
    covered |= {str(address) for address in alternatives.get_values_for_type(x509.IPAddress)}
    return set(names) <= covered and found.not_valid_after_utc - now > RENEW_BEFORE


def unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    """Return a certificate to be completed and signed: a number of its own, valid from an hour ago.

    One that holds for less than an hour begins only so long ago as it holds.
    """
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - min(CLOCKS_DIFFER, until - now))
        .not_valid_after(until)
    )


def usage(*, ca: bool) -> x509.KeyUsage:
    """Return what the key is for: signing certificates, or proving who one is."""
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
    _put(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _put(path: Path, content: bytes) -> None:
    """Put the file into its place in one step, for its owner alone."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_bytes(content)
    new.replace(path)
