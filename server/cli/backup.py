"""`cryokeep backup FOLDER` while everything runs, and `cryokeep restore FOLDER`."""

import argparse
import sys
from pathlib import Path

from server.cli import archive
from server.cli.verbs import Verbs
from server.core.clock import SystemClock
from server.core.settings import Settings


def add(verbs: Verbs) -> None:
    """Add both commands to the command line."""
    command = verbs.add_parser(
        "backup", help="copy the database and the keys to a folder, while everything runs"
    )
    command.add_argument("folder", type=Path, help="a folder that does not exist yet, or is empty")
    command.set_defaults(run=run)
    command = verbs.add_parser(
        "restore", help="bring a backup back into an empty home and database"
    )
    command.add_argument("folder", type=Path, help="a folder that “cryokeep backup” made")
    command.set_defaults(run=run_restore)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Make the backup and say what it holds; returns the exit code."""
    made = archive.make(settings, args.folder.absolute(), SystemClock().now())
    sys.stdout.write(
        f"{made.rows} rows of {made.tables} tables and {made.files} files are in {args.folder}\n"
    )
    return 0


def run_restore(args: argparse.Namespace, settings: Settings) -> int:
    """Bring the backup back and say what came; returns the exit code."""
    found = archive.bring_back(settings, args.folder.absolute())
    sys.stdout.write(
        f"{found.rows} rows of {found.tables} tables and {found.files} files are back from {found.made_at}\n"
    )
    return 0
