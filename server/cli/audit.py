"""`cryokeep audit verify`: finds an audit row that was flipped, removed or moved."""

import argparse
import sys

from server.audit import verify
from server.cli import opened
from server.cli.verbs import Verbs
from server.core.settings import Settings


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("audit", help="check the sealed audit trail")
    command.add_argument(
        "what", choices=["verify"], help="verify: recompute every seal and signature"
    )
    command.set_defaults(run=run)


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Print what was found; returns 0 when the trail is whole, 1 when it is not."""
    with opened.database(settings) as database:
        report = verify.verify(database, settings.home)
    sys.stdout.write(report.text() + "\n")
    return 0 if report.whole else 1
