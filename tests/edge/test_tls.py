"""Over TLS the agent believes only a broker for whom its authority vouches, and shows its own certificate."""

import getpass
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.ports import wait_until_listening
from tools.needs import program

pytestmark = pytest.mark.needs("mosquitto")

ROOT = Path(__file__).parents[2]
SETTINGS = """
[agent]
site = "main"
id = "tank-1"
start_gap_s = 0
[server]
url = "mqtts://127.0.0.1:{port}"
{server}
[[stream]]
name = "tank"
[[stream.probe]]
driver = "simulated"
"""
BROKER = """
listener {port} 127.0.0.1
allow_anonymous true
user {user}
cafile ca.pem
certfile broker.pem
keyfile broker.key
require_certificate true
"""


def certificate(folder, name, authority=None):
    """Write name.pem and name.key, signed by the authority (or by itself), and give both."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (authority[0].subject, authority[1]) if authority else (subject, key)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made, key


@pytest.fixture
def port(tmp_path, process, free_port):
    authority = certificate(tmp_path, "ca")
    certificate(tmp_path, "broker", authority)
    certificate(tmp_path, "agent", authority)
    certificate(tmp_path, "stranger")
    port = free_port()
    (tmp_path / "broker.conf").write_text(BROKER.format(port=port, user=getpass.getuser()))
    process([program("mosquitto"), "-c", "broker.conf"], cwd=tmp_path)
    wait_until_listening(port)
    return port


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ('ca_file = "ca.pem"\ncert_file = "agent.pem"\nkey_file = "agent.key"', "connected to 127.0.0.1"),
        ('cert_file = "agent.pem"\nkey_file = "agent.key"', "CERTIFICATE_VERIFY_FAILED"),
        ('ca_file = "stranger.pem"', "CERTIFICATE_VERIFY_FAILED"),
        ('ca_file = "stranger.key"', "cannot be reached"),
    ],
    ids=["both vouched for", "no authority", "another authority", "no certificate in the file"],
)  # fmt: skip
def test_the_agent_and_the_broker_know_each_other(port, tmp_path, process, server, said):
    path = tmp_path / "agent.toml"
    path.write_text(SETTINGS.format(port=port, server=server))
    command = [sys.executable, "-m", "edge_agent", "run", "--config", path]
    running = process(command, env={"PYTHONPATH": str(ROOT)})
    running.wait_for_log(said)
    assert running.stop() == 0
