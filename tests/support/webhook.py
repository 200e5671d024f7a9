"""A webhook receiver that keeps what it is given, and can be told to fail or to hang."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.waiting import eventually


@dataclass(frozen=True)
class Call:
    """One call as it arrived; `at` is on the clock of time.perf_counter()."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class WebhookReceiver:
    """Listens on a free port of 127.0.0.1. `status = 500` fails every call; `hang()` answers none until `resume()`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.status = 204
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to call."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def hang(self) -> None:
        """Take calls but leave them without an answer."""
        self._may_answer.clear()

    def resume(self) -> None:
        """Answer again, also the calls that hang."""
        self._may_answer.set()

    def wait_for(self, count: int = 1, timeout: float = 15) -> list[Call]:
        """Return the calls as soon as there are `count` of them."""
        return (
            eventually(lambda: self.calls if len(self.calls) >= count else None, timeout=timeout)
            or []
        )

    def stop(self) -> None:
        """Stop listening."""
        self.resume()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                call = Call(self.path, dict(self.headers), body, time.perf_counter())
                receiver._may_answer.wait(timeout=120)
                if receiver.status < 400:
                    receiver.calls.append(call)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815  http.server's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
                """Stay silent."""

        return Handler
