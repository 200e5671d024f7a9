"""`cryokeep worker`: takes readings in, judges them, sends letters, seals the audit."""

import argparse
import signal
import threading

from server.cli.verbs import Verbs
from server.core.settings import Settings
from server.worker import main as worker


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("worker", help="take readings in, raise alarms, send letters")
    command.set_defaults(run=run)


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Work until told to stop; returns the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker.run(settings, stop)
    return 0
