"""`cryokeep up`: broker, web and worker in one process tree, ready to use; `--demo` adds a bank."""

import argparse
import fcntl
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from server import broker, schema
from server.accounts import service as accounts
from server.cli import demo, readiness, tls
from server.cli.children import Children
from server.cli.verbs import Verbs
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.errors import Conflict, Refusal
from server.core.settings import Settings
from server.core.words import N_


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("up", help="run broker, web and worker together")
    command.add_argument(
        "--demo", action="store_true", help="add a demonstration bank and three simulated agents"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Prepare, start, say where the pages are, and watch until told to stop; returns the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(settings.home):
        _refuse_taken_port(settings)
        database = _prepare(settings)
        sign_ins = demo.prepare(settings, database) if args.demo else None
        link = _first_link(database)
        children = Children(stop)
        try:
            _start(settings, database, children, sign_ins)
            if readiness.wait(settings, stop):
                _greet(settings, sign_ins, link)
            children.watch()
        finally:
            _say("Stopping.")
            children.stop()
            database.close()
    return 0


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            because = N_(
                "Cryokeep already runs in %(home)s; stop that one, or set CRYOKEEP_HOME to another folder."
            )
            raise Conflict(Refusal("home_in_use", because, {"home": str(home)})) from taken
        yield


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as taken:
            because = N_(
                "Port %(port)s is in use by another program; set CRYOKEEP_PORT to a free one."
            )
            raise Conflict(Refusal("port_in_use", because, {"port": settings.port})) from taken


def _prepare(settings: Settings) -> Database:
    _say(f"Cryokeep {metadata.version('cryokeep')}, keeping everything in {settings.home}")
    database = Database(settings.database)
    if not schema.is_current(database):
        _say("Preparing the database.")
        schema.upgrade(database)
    return database


def _first_link(database: Database) -> str | None:
    with database.writing() as session:
        return accounts.first_administrator_link(session, at=SystemClock().now())


def _start(
    settings: Settings, database: Database, children: Children, sign_ins: demo.Demo | None
) -> None:
    plan = broker.choose(settings)
    _say(f"Starting the broker ({plan.words}), the worker and the pages.")
    logs = settings.home / "log"
    broker.prepare(settings, database)
    if plan.own:
        children.start("broker", _cryokeep("broker"), logs)
    children.start("worker", _cryokeep("worker"), logs)
    children.start("web", _cryokeep("web"), logs)
    for config in demo.agent_files(settings, sign_ins, plan.url) if sign_ins else []:
        command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
        children.start(f"agent-{config.stem}", command, logs)


def _cryokeep(verb: str) -> list[str]:
    return [sys.executable, "-m", "server", verb]


def _greet(settings: Settings, sign_ins: demo.Demo | None, link: str | None) -> None:
    address = readiness.address(settings)
    _say(f"Ready: {address}")
    if link:
        _say(f"Make the first administrator here (works once, for a day): {address}{link}")
    if sign_ins:
        _say(sign_ins.text())
    if tls.files(settings, SystemClock().now()) and not settings.tls_cert:
        _say(
            f"The pages' certificate comes from the local CA; browsers may trust {settings.home / 'ca' / 'ca.crt'}"
        )
    _say("Stop with Ctrl-C.")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
