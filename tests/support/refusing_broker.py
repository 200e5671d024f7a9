"""A broker that takes every connection and refuses every subscription."""

import socket
import threading

_CONNACK, _SUBSCRIBE = b"\x20\x02\x00\x00", 0x82
_REFUSED = b"\x80"


class RefusingBroker:
    """Listens on a free port of 127.0.0.1 until `stop()`; the topics of a subscription must be one."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.refusals = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(4096)
            connection.sendall(_CONNACK)
            while packet := connection.recv(4096):
                if packet[0] == _SUBSCRIBE:
                    self.refusals += 1
                    connection.sendall(b"\x90\x03" + packet[2:4] + _REFUSED)
