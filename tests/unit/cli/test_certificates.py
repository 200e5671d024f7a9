"""The local CA vouches for the pages' names, and makes a new certificate when it must."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from server.cli import tls
from server.core.errors import Invalid
from server.core.settings import Settings
from server.telemetry import certificates

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def test_a_certificate_of_the_local_ca_names_every_host_and_is_trusted(tmp_path: Path) -> None:
    certificate, key = certificates.for_server(tmp_path, ["bank.example", "10.0.0.7"], NOW)

    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["bank.example"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7"]
    found.verify_directly_issued_by(
        x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    )
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    assert {p.name: p.stat().st_mode & 0o777 for p in tmp_path.glob("*.key")} == {
        "ca.key": 0o600,
        "server.key": 0o600,
    }


@pytest.mark.parametrize(
    ("names", "later", "same"),
    [
        (["bank.example"], timedelta(days=1), True),
        (["bank.example", "bank2.example"], timedelta(days=1), False),
        (["bank.example"], timedelta(days=380), False),
    ],
)
def test_it_is_made_anew_for_a_new_name_or_before_it_ends(
    tmp_path: Path, names: list[str], later: timedelta, *, same: bool
) -> None:
    certificate, _ = certificates.for_server(tmp_path, ["bank.example"], NOW)
    first = certificate.read_bytes()

    certificate, _ = certificates.for_server(tmp_path, names, NOW + later)

    assert (certificate.read_bytes() == first) is same


def test_https_is_for_everything_beyond_the_loopback(tmp_path: Path) -> None:
    def settings(**changes: str) -> Settings:
        names = {f"CRYOKEEP_{name}": value for name, value in changes.items()}
        return Settings.read({"CRYOKEEP_HOME": str(tmp_path), **names})

    assert tls.files(settings(), NOW) is None
    assert tls.files(settings(HOST="0.0.0.0"), NOW) is not None
    with pytest.raises(Invalid, match="belong together"):
        tls.files(settings(TLS_CERT=str(tmp_path / "a.pem")), NOW)
    with pytest.raises(Invalid, match=r"no file .*a\.pem"):
        tls.files(settings(TLS_CERT=str(tmp_path / "a.pem"), TLS_KEY=str(tmp_path / "b.pem")), NOW)
