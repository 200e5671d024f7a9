"""The command line: `cryokeep VERB`. docs/commands.md explains each."""

import argparse
import sys
from collections.abc import Sequence

from server.cli import agent, audit, backup, broker, database, demo, person, up, web, worker
from server.core import catalogues, logs
from server.core.errors import CryokeepError
from server.core.settings import Settings

COMMANDS = (up, web, worker, broker, database, demo, person, agent, audit, backup)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; the documentation test walks it."""
    top = argparse.ArgumentParser(
        prog="cryokeep", description="Keeps a cell repository and watches its freezers."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for command in COMMANDS:
        command.add(verbs)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a refusal is printed as its sentence and ends with 2."""
    args = parser().parse_args(argv)
    try:
        settings = Settings.read()
        logs.set_up(settings.log_level)
        catalogues.load()
        return int(args.run(args, settings))
    except CryokeepError as refused:
        sys.stderr.write(f"cryokeep: {refused.refusal.text()}\n")
        return 2
    except KeyboardInterrupt:
        return 130
