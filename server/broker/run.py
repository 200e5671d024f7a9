"""Runs the broker of this house as a child, and keeps its passwords and rights true to the database."""

import logging
import signal
import subprocess
import sys
import threading

from sqlalchemy.exc import SQLAlchemyError

from server.broker import credentials, ended, mosquitto
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.orphans import end_with_parent
from server.core.settings import Settings
from server.telemetry.broker_plan import BrokerPlan, choose

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.5
_LONGEST_WAIT_S = 10.0


def prepare(settings: Settings, database: Database) -> None:
    """Write what the broker needs before its first start; nothing for a broker that is not ours."""
    plan = choose(settings)
    if plan.own:
        plan.address()
        _write(database, plan, settings)


def run(settings: Settings, database: Database, stop: threading.Event) -> int:
    """Run the broker until stopped; a broker that ends by itself is started again. Returns the exit code."""
    plan = choose(settings)
    if not plan.own:
        stop.wait()
        return 0
    prepare(settings, database)
    wait_s = 0.2
    while not stop.is_set():
        child = subprocess.Popen(  # noqa: S603  our own command
            command(plan, settings),
            preexec_fn=end_with_parent,  # noqa: PLW1509  started from the main thread only
        )
        if _watch(child, plan, settings, database, stop):
            return 0
        _LOG.error("broker ended by itself", extra={"code": child.returncode})
        stop.wait(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
    return 0


def command(plan: BrokerPlan, settings: Settings) -> list[str]:
    """Return the command that runs the broker itself, having written its configuration."""
    if plan.kind == "mosquitto":
        return mosquitto.command(plan, settings)
    arguments = [str(plan.port()), str(plan.folder), settings.topic_prefix]
    return [sys.executable, "-m", "server.broker.embedded", *arguments]


def _watch(
    child: subprocess.Popen[bytes],
    plan: BrokerPlan,
    settings: Settings,
    database: Database,
    stop: threading.Event,
) -> bool:
    """Keep the files true until told to stop (True) or the child has ended (False)."""
    try:
        while not stop.wait(_LOOK_S):
            if child.poll() is not None:
                return False
            if _rewritten(database, plan, settings) and plan.kind == "mosquitto":
                child.send_signal(signal.SIGHUP)
    finally:
        _end(child)
    return True


def _rewritten(database: Database, plan: BrokerPlan, settings: Settings) -> bool:
    try:
        return _write(database, plan, settings)
    except SQLAlchemyError as error:
        _LOG.warning("agents not read", extra={"reason": str(error)[:300]})
        return False


def _write(database: Database, plan: BrokerPlan, settings: Settings) -> bool:
    """Write what differs from the database; says whether anything did."""
    changed = credentials.write(database, plan, settings.topic_prefix)
    if plan.kind == "mosquitto" and not settings.loopback_only:
        changed |= ended.write(database, plan, settings.home, now=SystemClock().now())
    return changed


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(timeout=2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
