"""Where letters lead, and where this machine reaches its own pages."""

from socket import getfqdn

import pytest

from server.core.address import base_url, local_url
from server.core.settings import Settings


def made(**environ: str) -> Settings:
    return Settings.read({f"CRYOKEEP_{name.upper()}": value for name, value in environ.items()})


@pytest.mark.parametrize(
    ("environ", "letters", "local"),
    [
        ({}, "http://127.0.0.1:8077", "http://127.0.0.1:8077"),
        ({"host": "0.0.0.0"}, f"https://{getfqdn()}:8077", "https://127.0.0.1:8077"),
        ({"host": "::"}, f"https://{getfqdn()}:8077", "https://[::1]:8077"),
        ({"host": "::1"}, "http://[::1]:8077", "http://[::1]:8077"),
        ({"host": "10.0.0.7"}, "https://10.0.0.7:8077", "https://10.0.0.7:8077"),
        ({"tls_cert": "c.pem"}, "https://127.0.0.1:8077", "https://127.0.0.1:8077"),
        (
            {"host": "10.0.0.7", "public_url": "https://bank.example/"},
            "https://bank.example",
            "https://10.0.0.7:8077",
        ),
    ],
)
def test_letters_lead_to_where_the_pages_are(
    environ: dict[str, str], letters: str, local: str
) -> None:
    assert (base_url(made(**environ)), local_url(made(**environ))) == (letters, local)
