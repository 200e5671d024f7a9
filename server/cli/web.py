"""`cryokeep web`: the pages and the API, on granian."""

import argparse
import gc
import logging
import sys
from functools import cache

from flask import Flask
from granian.constants import Interfaces, SSLProtocols
from granian.server import Server

from server.alarms.watchers import path_house
from server.app import create_app
from server.cli import tls
from server.cli.verbs import Verbs
from server.core import catalogues, logs
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.orphans import end_with_parent
from server.core.settings import Settings
from server.core.wake import Waker
from server.web.guard import Guard

THREADS = 256  # each live page holds one; a few-thread server starves under event streams


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("web", help="serve the pages and the API")
    command.add_argument(
        "--processes", type=int, default=1, help="how many processes serve (default 1)"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop; returns the exit code."""
    files = tls.files(settings, SystemClock().now())
    server = Server(
        "server.cli.web:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=max(1, args.processes),
        blocking_threads=THREADS,
        backpressure=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=3,
        websockets=False,
        log_level="warning",  # type: ignore[arg-type]  # an enum of strings; the string is what it takes
        ssl_cert=files.certificate if files else None,
        ssl_key=files.key if files else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    server.serve()
    return 0


@cache
def application() -> Flask:
    """Return the application of this process; granian calls it in each of its workers."""
    end_with_parent()  # a killed granian leaves no worker that still answers
    settings = Settings.read()
    logs.set_up(settings.log_level)
    catalogues.load()
    database = Database(settings.database)
    logging.getLogger(__name__).info("pages are served", extra={"database": database.dialect})
    app = create_app(settings, database, waker=Waker(database))
    path_house.know(database, settings)
    Guard(database, settings, SystemClock()).start()
    _answer_evenly()
    return app


def _answer_evenly() -> None:
    """Let no request pay for the others: neither the collector's walks nor a thread's long turn.

    What was made at the start is never garbage; a request leaves few cycles. A short answer would
    wait 5 ms, the usual turn, for each long page that is being written beside it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    sys.setswitchinterval(0.001)
