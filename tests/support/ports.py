"""Free ports on the loopback."""

import socket
import time


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def accepts(port: int) -> bool:
    """Tell whether something answers on this port of 127.0.0.1."""
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def wait_until_listening(port: int, timeout_s: float = 15) -> None:
    """Return when the port answers; raise TimeoutError when it does not in time."""
    ends = time.monotonic() + timeout_s
    while not accepts(port):
        if time.monotonic() > ends:
            raise TimeoutError(f"nothing answers on port {port} after {timeout_s} s")
        time.sleep(0.02)
