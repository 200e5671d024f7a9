"""`cryokeep person add`: makes the first administrator, or anybody else, without the pages."""

import argparse
import getpass
import sys

from server.accounts import service
from server.cli import opened
from server.cli.verbs import Verbs
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.settings import Settings


def add(verbs: Verbs) -> None:
    """Add the command to the command line."""
    command = verbs.add_parser("person", help="add a person, such as the first administrator")
    command.add_argument("what", choices=["add"])
    command.add_argument("email", help="the address to sign in with")
    command.add_argument("name", help="the name that pages and records show")
    command.add_argument(
        "--administrator",
        action="store_true",
        help="grant the administrator's role for all organisations",
    )
    command.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from standard input instead of asking",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Add the person; returns the exit code."""
    password = (
        sys.stdin.readline().rstrip("\n") if args.password_stdin else getpass.getpass("Password: ")
    )
    with opened.database(settings) as database, database.writing() as session:
        service.add_person(
            session,
            Actor.system("command line", "cli"),
            email=args.email,
            name=args.name,
            password=password,
            administrator=args.administrator,
            at=SystemClock().now(),
        )
    sys.stdout.write(f"Added {args.name}, who signs in as {args.email}.\n")
    return 0
