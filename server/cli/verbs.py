"""What a command adds itself to."""

import argparse
from typing import Protocol


class Verbs(Protocol):
    """The part of argparse's sub-parsers that commands use."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002  argparse's own name
        """Add one command and return its parser."""
