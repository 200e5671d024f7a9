"""The commands of cryokeep-edge."""

import argparse
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from edge_agent import logs, makeshift, service_unit
from edge_agent.agent import Agent
from edge_agent.buses import library
from edge_agent.clock import SystemClock, kernel_boot
from edge_agent.config import Config, ConfigError, load
from edge_agent.control import enrol, start
from edge_agent.probes.drivers import libraries
from edge_agent.spool import Spool, SpoolError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is the exit code: 0 done, 1 failed, 2 settings wrong."""
    asked = _parser().parse_args(arguments)
    if asked.command == "enrol":
        return enrol.run(asked)
    try:
        if asked.command == "check":
            return _check(asked.config, load(asked.config))
        if asked.command == "service":
            return service_unit.run(asked)
        return _run(asked.config, asked.log_level)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cryokeep-edge", description="Reads freezer probes and hands the readings over."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="read the probes and deliver until stopped")
    check = commands.add_parser(
        "check", help="say what is wrong with the settings, or that they are good"
    )
    enrol.add(commands.add_parser("enrol", help="get key, certificate and settings by a code"))
    service_unit.add(commands.add_parser("service", help="print a unit for systemd"))
    for command in (run, check):
        command.add_argument("--config", type=Path, required=True, help="the settings, a TOML file")
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    run.add_argument("--log-level", choices=levels, default="INFO", help="what to log (INFO)")
    return parser


def _check(path: Path, config: Config) -> int:
    print(f"{path} is good: agent {config.agent.id} at site {config.agent.site}")
    for stream in config.streams:
        keys = [key for probe in stream.probes for key in probe.device.channels]
        print(f"  stream {stream.name}, every {stream.interval_ms / 1000:g} s: {', '.join(keys)}")
    for name, pin in config.signals.pins:
        print(f"  signal {name} at pin {pin}")
    absent = library.missing(_libraries(config))
    if config.signals.pins:
        absent += library.missing(["gpiozero"], "a light, buzzer or button")
    print(f"  {len(config.limits)} local limits; broker {config.server.host}:{config.server.port}")
    for sentence in absent:
        print(f"{path}: {sentence}", file=sys.stderr)
    return 1 if absent else 0


def _libraries(config: Config) -> list[str]:
    """The hardware libraries that the probes need, each once."""
    return sorted({n for s in config.streams for p in s.probes for n in libraries(p.device)})


def _run(path: Path, log_level: str) -> int:
    logs.begin(log_level)
    plain = load(path)
    stopped = threading.Event()
    clock = SystemClock(trusted=plain.agent.clock == "trusted")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        found = makeshift.opened(plain.agent.spool)
    except SpoolError as error:
        print(f"cryokeep-edge: {error}", file=sys.stderr)
        return 1
    spool, anew = found.spool, False
    try:
        if not stopped.wait(_gap_s(spool, plain.agent.start_gap_s)):
            config, slots = start.configured(path)
            agent = Agent(
                found.fitted(config), clock, spool, slots, partial(start.why_not, path),
                makeshift=found.why,
            )  # fmt: skip
            _work(agent, stopped)
            anew = agent.restart_wanted
    except (SpoolError, sqlite3.Error) as error:
        print(f"cryokeep-edge: the spool {spool.path}: {error}", file=sys.stderr)
        return 1
    finally:
        found.close()
    if anew:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  this very command
    return 0


def _work(agent: Agent, stopped: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    if stopped.is_set():
        return
    agent.run()


def _gap_s(spool: Spool, gap_s: float) -> float:
    """How long to wait, in seconds, so that two starts are far enough apart."""
    last = spool.last_boot()
    kernel, age_ms = kernel_boot()
    if last is None or last.kernel != kernel:
        return 0.0
    return max(0.0, gap_s - (age_ms - last.zero_ms) / 1000)
