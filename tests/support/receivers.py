"""Receivers of notices as processes of their own: `python -m tests.support.receivers smtp|webhook PORT FOLDER`.

Each mail or call becomes a file in the folder, whole before it is answered. `--status 500` answers every call so;
`--hang 60` answers only after so many seconds.
"""

import argparse
import itertools
import signal
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

Keep = Callable[[bytes], None]


def keeping(folder: Path) -> Keep:
    """Return what puts one thing into the folder, under the next number."""
    numbers = itertools.count(len(list(folder.glob("*.got"))) + 1)

    def keep(content: bytes) -> None:
        part = folder / f"{next(numbers):04}.part"
        part.write_bytes(content)
        part.rename(part.with_suffix(".got"))

    return keep


class Mailbox:
    """Takes every mail."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Keep one mail."""
        self._keep(envelope.content)
        return "250 kept"


def handler(keep: Keep, status: int, hang_s: float) -> type[BaseHTTPRequestHandler]:
    """Return what answers calls."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            keep(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(hang_s)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    return Hook


def main() -> int:
    """Listen until TERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("smtp", "webhook"))
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--status", type=int, default=204)
    parser.add_argument("--hang", type=float, default=0.0)
    said = parser.parse_args()
    said.folder.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keep = keeping(said.folder)
    if said.kind == "smtp":
        Controller(Mailbox(keep), hostname="127.0.0.1", port=said.port).start()
        signal.pause()
        return 0
    hook = handler(keep, said.status, said.hang)
    server = ThreadingHTTPServer(("127.0.0.1", said.port), hook)
    server.daemon_threads = True
    server.serve_forever()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
