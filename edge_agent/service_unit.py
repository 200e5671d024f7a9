"""The systemd unit of an agent, as text."""

import argparse
import sys
from pathlib import Path
from typing import Final

from edge_agent.config import Config, load

_UNIT: Final = """\
# /etc/systemd/system/cryokeep-edge.service
# made by: cryokeep-edge service --config {settings}
# The user: sudo useradd --system --no-create-home {user}
# A group that this machine does not have (getent group NAME) must be taken out of SupplementaryGroups.
#
# The hardware watchdog, which starts the machine anew when even systemd hangs, is switched on by
# /etc/systemd/system.conf.d/watchdog.conf with the lines
#   [Manager]
#   RuntimeWatchdogSec=15s
# and sudo systemctl daemon-reexec.

[Unit]
Description=Cryokeep edge agent
Wants=network-online.target
After=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={start}
Restart=always
RestartSec=2
WatchdogSec=60
TimeoutStopSec=20
User={user}
SupplementaryGroups=gpio i2c spi dialout video
StateDirectory=cryokeep-edge
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
NoNewPrivileges={no_new}
{writable}
StandardOutput=journal
StandardError=journal
SyslogIdentifier=cryokeep-edge

[Install]
WantedBy=multi-user.target"""


def add(parser: argparse.ArgumentParser) -> None:
    """Say what the command `service` can be told."""
    parser.add_argument("--config", type=Path, required=True, help="the settings, a TOML file")
    parser.add_argument("--user", default="cryokeep", help="as whom the agent runs (cryokeep)")


def run(asked: argparse.Namespace) -> int:
    """Print the unit. A ConfigError when the settings cannot be used."""
    text = unit(asked.config.resolve(), load(asked.config), asked.user)
    sys.stdout.write(f"{text}\n")
    return 0


def unit(settings: Path, config: Config, user: str) -> str:
    """The unit's text; only folders in which the agent keeps something can be written."""
    kept = {config.agent.spool.resolve().parent, config.control.folder.resolve().parent}
    if config.server.cert_file:
        kept.add(Path(config.server.cert_file).resolve().parent)
    start = [sys.executable, "-m", "edge_agent", "run", "--config", str(settings)]
    return _UNIT.format(
        settings=settings,
        user=user,
        start=" ".join(_quoted(word, "$") for word in start),
        no_new="no" if config.control.reboot_command else "yes",
        writable="\n".join(f"ReadWritePaths={_quoted(f'-{one}')}" for one in sorted(kept)),
    )


def _quoted(word: str, more: str = "") -> str:
    """The word as systemd reads it back."""
    for special in "%" + more:
        word = word.replace(special, special * 2)
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(word) & set(" \t\"'\\;") else word
