"""Runs a real agent that notes, in a file of the watched folder, what it promised and what was answered.

usage: python -m tests.edge.powercut.run_agent SETTINGS [forgetful]

A note is one line: P boot stream upto (rows up to this number are called durable), or A boot stream
first last (the server has settled them). The file's writes stand in the log of the shim between those
of the spool, so that the log tells what had been promised at each moment. `forgetful` is the negative
control: an agent whose spool never asks that anything reaches the disk.
"""

import sys
from pathlib import Path

from edge_agent import spool, spool_schema
from edge_agent.cli import main
from edge_agent.delivery import Delivery
from edge_agent.wire import ranges
from edge_agent.wire.messages import Ack


def _note(path):
    file = path.open("ab", buffering=0)

    def note(*words):
        file.write((" ".join(map(str, words)) + "\n").encode())

    return note


def _watch(note):
    add, answer = spool.Spool.add, Delivery.answer

    def noted_add(self, rows, **more):
        numbers = add(self, rows, **more)
        for row, number in zip(rows, numbers, strict=True):
            note("P", self.boot, row.stream, number)
        return numbers

    def noted_answer(self, said, now):
        if isinstance(said, Ack):
            pieces = ranges.add_all(said.more, [(1, said.upto)] if said.upto else [])
            for first, last in pieces:
                note("A", said.boot, said.stream, first, last)
        answer(self, said, now)

    spool.Spool.add, Delivery.answer = noted_add, noted_answer


def _forget_to_sync():
    def opened(path):
        return Forgetful(spool_schema.open_database(path))

    spool.open_database = opened


class Forgetful:
    """A connection that answers every wish for safety with "off"."""

    def __init__(self, connection):
        self._connection = connection

    def execute(self, question, *facts):
        if question.startswith("PRAGMA synchronous"):
            question = "PRAGMA synchronous=OFF"
        return self._connection.execute(question, *facts)

    def __getattr__(self, name):
        return getattr(self._connection, name)


if __name__ == "__main__":
    settings = Path(sys.argv[1])
    _watch(_note(settings.parent / "disk" / "notes"))
    if "forgetful" in sys.argv[2:]:
        _forget_to_sync()
    raise SystemExit(main(["run", "--config", str(settings)]))
