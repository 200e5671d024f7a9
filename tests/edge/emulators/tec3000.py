"""MVE TEC 3000 controllers on one line: they answer to their own three digits only."""

import socketserver
import threading


class Tec3000Units:
    """`units` is {1: {"TEMPA?": "-197.10"}}; call it with a line to get the answer's bytes."""

    def __init__(self, units, end=b"\r\n", echo=False):
        self.units, self.end, self.echo = units, end, echo

    def __call__(self, line):
        text = line.decode("ascii").strip()
        unit, _, word = text.partition(" ")
        answer = self.units.get(int(unit), {}).get(word)
        heard = line if self.echo else b""
        return heard + (answer.encode("ascii") + self.end if answer is not None else b"")


class TcpUnits:
    """The same behind a serial converter on a TCP port; one connection at a time, as such converters have."""

    def __init__(self, answers):
        outer = self
        self.connections = 0

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                outer.connections += 1
                for line in self.rfile:
                    answer = answers(line)
                    if answer:
                        self.wfile.write(answer)

        self._server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
