"""`cryokeep search rebuild`: makes the index of words anew, slice by slice, while everything runs."""

import argparse
import sys

from server.cli import opened
from server.cli.verbs import Verbs
from server.core.settings import Settings
from server.search import making


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("search", help="make the index of words anew")
    command.add_argument("what", choices=["rebuild"], help="rebuild: read every thing's text again")
    command.set_defaults(run=run)


def run(_args: argparse.Namespace, settings: Settings) -> int:
    """Read everything again and print how much that was; returns 0."""
    with opened.database(settings) as database:
        with database.writing() as session:
            making.forget(session)
        read = making.make(database)
    sys.stdout.write(f"The words of {read:,} things were read again.\n")
    return 0
