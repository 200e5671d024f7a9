"""`cryokeep migrate`: leads the database to a revision."""

import argparse

from server import schema
from server.cli.verbs import Verbs
from server.core.db import Database
from server.core.settings import Settings


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("migrate", help="lead the database to the newest schema")
    command.add_argument(
        "--to", default="head", metavar="REVISION", help="a revision instead of the newest one"
    )
    command.add_argument(
        "--down", action="store_true", help="lead it back down to that revision instead"
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Migrate up, or down where that was asked; returns the exit code."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database)
    if args.down:
        schema.downgrade(database, "base" if args.to == "head" else args.to)
    else:
        schema.upgrade(database, args.to)
    database.close()
    return 0
