"""What the local CA signs for agents: certificates that name exactly one agent, and the list of the ended ones."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.telemetry import certificates, rules

LIFE = timedelta(days=90)
"""An agent renews when a third of it is left: a month of outage costs nobody a walk to the tank."""
LIST_LIFE = timedelta(days=400)
LONGEST_REQUEST = 4096
_BAD = N_(
    "The certificate request cannot be taken: %(why)s. A request in PEM form for a P-256 key, signed by that key, is expected."
)


@dataclass(frozen=True)
class Wanted:
    """The public key of a request whose sender has shown that it holds the private one."""

    key: ec.EllipticCurvePublicKey

    @property
    def key_hash(self) -> str:
        """The SHA-256 of the public key."""
        return hashlib.sha256(_der(self.key)).hexdigest()


@dataclass(frozen=True)
class Signed:
    """A certificate as it was signed."""

    serial: str
    pem: str
    expires_at: datetime


def read_request(pem: str) -> Wanted:
    """Return the key that a certificate request asks for; its names and wishes are not even looked at."""
    try:
        if len(pem) > LONGEST_REQUEST:
            raise ValueError(f"it has {len(pem)} characters")  # noqa: TRY301  told below with the others
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        sound = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, x509.InvalidVersion) as error:
        raise _refused(str(error) or type(error).__name__) from None
    except Exception as error:  # noqa: BLE001  the library has more kinds of errors than it names
        raise _refused(type(error).__name__) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _refused("its key is of another kind")
    if not sound:
        raise _refused("its signature is wrong")
    return Wanted(key)


def _refused(why: str) -> Invalid:
    return Invalid(Refusal("bad_request", _BAD, {"why": why.rstrip(".")[:200]}), field="request")


def sign(
    folder: Path, site: str, code: str, wanted: Wanted, now: datetime, life: timedelta = LIFE
) -> Signed:
    """Return a certificate for exactly this agent: name, use and end are the server's word."""
    issuer, key = certificates.signer(folder, now)
    user = rules.username(site, code)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
    uri = x509.UniformResourceIdentifier(f"cryokeep://{site}/{code}")
    until = min(now + life, issuer.not_valid_after_utc)
    made = (
        certificates.unsigned(subject, issuer.subject, wanted.key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(certificates.usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    return Signed(f"{made.serial_number:x}", pem, made.not_valid_after_utc)


def vouches(pem: str, signature: bytes, message: bytes) -> bool:
    """Say whether the key of this certificate made this signature (ECDSA, SHA-256)."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def ended_list(folder: Path, ended: Iterable[tuple[str, datetime]], now: datetime) -> bytes:
    """Return the signed list (CRL, PEM) of the certificates that hold no more: (serial, since when)."""
    issuer, key = certificates.signer(folder, now)
    begins = now - certificates.CLOCKS_DIFFER
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(begins)
        .next_update(now + LIST_LIFE)
    )
    for serial, since in ended:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(int(serial, 16))
            .revocation_date(min(since, begins))
            .build()
        )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _der(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
