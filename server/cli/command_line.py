"""The command line: `cryokeep VERB`. docs/commands.md explains each."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module, metadata

from server.core import catalogues, logs
from server.core.errors import CryokeepError
from server.core.settings import Settings

MODULE_OF = {
    "up": "up",
    "web": "web",
    "worker": "worker",
    "broker": "broker",
    "migrate": "database",
    "demo": "demo",
    "person": "person",
    "agent": "agent",
    "audit": "audit",
    "search": "search",
    "backup": "backup",
    "restore": "backup",
}


def parser(verbs: Iterable[str] = MODULE_OF) -> argparse.ArgumentParser:
    """Return the parser of these commands; the documentation test walks that of all."""
    top = argparse.ArgumentParser(
        prog="cryokeep", description="Keeps a cell repository and watches its freezers."
    )
    version = f"cryokeep {metadata.version('cryokeep')}"
    top.add_argument("--version", action="version", version=version)
    added = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in dict.fromkeys(MODULE_OF[verb] for verb in verbs):
        import_module(f"server.cli.{name}").add(added)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a refusal is printed as its sentence and ends with 2."""
    words = list(sys.argv[1:] if argv is None else argv)
    # a command loads its own floors only: each process of the house starts sooner
    known = parser(words[:1]) if words[:1] and words[0] in MODULE_OF else parser()
    args = known.parse_args(words)
    os.umask(0o077)  # what Cryokeep writes is for its own user alone
    try:
        settings = Settings.read()
        logs.set_up(settings.log_level)
        catalogues.load()
        return int(args.run(args, settings))
    except CryokeepError as refused:
        sys.stderr.write(f"cryokeep: {refused.refusal.text()}\n")
        return 2
    except OSError as refused:
        sys.stderr.write(f"cryokeep: {refused.filename or ''}: {refused.strerror or refused}\n")
        return 2
    except KeyboardInterrupt:
        return 130
