"""The printer channel: ZPL over a raw TCP port, one connection a letter."""

import contextlib
import socket

from server.outbox.channels import NotSent
from server.outbox.rules import SEND_WITHIN_S, Parcel

CHANNEL = "printer"
CONNECT_S = 5.0


def address_of(host: str, port: int) -> str:
    """Return how the outbox writes this printer's address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class PrinterCarrier:
    """Hands a letter's body to a label printer as it is."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def send(self, parcel: Parcel) -> None:
        """Write all of it and close; a printer answers nothing, so a closed connection counts as taken."""
        host, _, port = parcel.address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), CONNECT_S) as printer:
                self._socket = printer
                printer.settimeout(SEND_WITHIN_S)
                printer.sendall(parcel.body.encode())
                printer.shutdown(socket.SHUT_WR)
                while printer.recv(1024):
                    pass
        except (OSError, ValueError) as error:
            raise NotSent(str(error) or type(error).__name__) from error
        finally:
            self._socket = None

    def abort(self) -> None:
        """Cut the connection under an attempt that takes too long."""
        printer = self._socket
        if printer is not None:
            with contextlib.suppress(OSError):
                printer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Nothing is kept between letters."""
