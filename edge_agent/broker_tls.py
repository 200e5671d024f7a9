"""TLS with the broker: whom the agent believes, and what it shows."""

import ssl
from typing import Final

from edge_agent.config import ServerSettings

NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME: Python has no name for it."""


def broker_context(server: ServerSettings, *, clock_is_set: bool) -> ssl.SSLContext:
    """A context that believes the settings' authority, and shows the agent's own certificate.

    While the clock has never been set nobody can say whether a certificate is valid by now, and rows
    must not wait for a clock: authority and name are checked, the time is not. OSError where a file
    cannot be used.
    """
    context = ssl.create_default_context(cafile=server.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.cert_file:
        context.load_cert_chain(server.cert_file, server.key_file)
    if not clock_is_set:
        context.verify_flags |= NO_CHECK_TIME
    return context
