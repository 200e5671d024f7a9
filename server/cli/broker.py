"""`cryokeep broker`: runs the broker of this house, mosquitto or the embedded one."""

import argparse
import signal
import threading

from server import broker
from server.cli import opened
from server.cli.verbs import Verbs
from server.core.settings import Settings


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("broker", help="run the message broker")
    command.set_defaults(run=run)


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Run it until told to stop; returns the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with opened.database(settings) as database:
        return broker.run(settings, database, stop)
