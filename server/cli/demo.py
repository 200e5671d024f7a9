"""The demonstration: a small believable bank, and three simulated agents for its freezers."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from server.cli import demo_bank, opened
from server.cli.demo_agents import DemoAgent, DemoTank
from server.cli.verbs import Verbs
from server.core.clock import SystemClock
from server.core.db import Database
from server.core.settings import Settings
from server.telemetry import signing_key
from server.telemetry.rules import username

WARMS = "LN2-03"
KEY = "server.pub"
OBEYS = '["catalog", "resend", "identify", "self-test", "drill"]'
INCIDENT = """
[[stream.probe.incident]]
kind = "warm"
at_s = 90
for_s = 900
k_per_min = 15
to_c = -141
"""  # so that a newcomer sees an alarm ring, and clear, within the first half hour


@dataclass(frozen=True)
class Demo:
    """What the demonstration brought."""

    bank: demo_bank.DemoSummary

    def text(self) -> str:
        """Return the sign-ins as lines to print."""
        lines = [
            f"  {role:<14} {email:<32} {password}" for role, email, password in self.bank.sign_ins
        ]
        return "\n".join(["Demo sign-ins:", *lines])


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("demo", help="add the demonstration bank to an empty database")
    command.set_defaults(run=run)


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Add the bank and print its sign-ins; returns the exit code."""
    with opened.database(settings) as database:
        sys.stdout.write(prepare(settings, database).text() + "\n")
    return 0


def prepare(settings: Settings, database: Database) -> Demo:
    """Make the bank where it is not there yet; returns what to sign in with."""
    clock = SystemClock()
    sys.stdout.write("Looking for the demonstration bank, or filling it.\n")
    sys.stdout.flush()
    made = demo_bank.build(database, clock, now=clock.now(), folder=settings.home / "agents")
    sys.stdout.write(f"{made.vials} vials are new.\n" if made.vials else "It is there already.\n")
    return Demo(made)


def agent_files(settings: Settings, demo: Demo, broker_url: str) -> list[Path]:
    """Write a configuration for each simulated agent; returns the files."""
    folder = settings.home / "agents"
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / KEY).write_text(signing_key.public_pem(settings.home), encoding="ascii")
    return [_write(folder, agent, broker_url) for agent in demo.bank.agents]


def _write(folder: Path, agent: DemoAgent, broker_url: str) -> Path:
    path = folder / f"{agent.site}-{agent.code}.toml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_toml(agent, broker_url))
    return path


def _toml(agent: DemoAgent, broker_url: str) -> str:
    streams = "".join(_stream(tank, seed) for seed, tank in enumerate(agent.tanks, 1))
    return (
        f'[agent]\nsite = "{agent.site}"\nid = "{agent.code}"\nspool = "{agent.site}-{agent.code}.spool"\n'
        f'heartbeat_s = 15\nclock = "trusted"\n\n[server]\nurl = "{broker_url}"\n'
        f'username = "{username(agent.site, agent.code)}"\npassword = "{agent.password}"\n'
        f'\n[control]\nfolder = "{agent.site}-{agent.code}.control"\nserver_key = "{KEY}"\nallow = {OBEYS}\n'
        f"{streams}"
    )


def _stream(tank: DemoTank, seed: int) -> str:
    return (
        f'\n[[stream]]\nname = "{tank.stream}"\ninterval_s = 5\n\n[[stream.probe]]\n'
        f'driver = "simulated"\nfreezer = "{tank.freezer}"\nseed = {seed}\n'
        f"level_mm = {tank.level_mm}\n{INCIDENT if tank.freezer == WARMS else ''}"
    )
