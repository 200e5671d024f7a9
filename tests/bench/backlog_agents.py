"""Agents that come back from an outage: `python -m tests.bench.backlog_agents FOLDER FIRST LAST INTERVAL_MS`.

Each is the real agent with its own spool, uplink and pace, in a thread; only what it measures is added.
Prints "ready" once all of them sample, "drained" once none holds anything of the time before, and at
the end of its input one line of JSON.
"""

import json
import sys
import threading
import time
from pathlib import Path

from edge_agent.agent import Agent
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.rows import Key
from edge_agent.spool import Spool
from edge_agent.wire.bounds import ROWS
from edge_agent.wire.ranges import Ranges

STREAM = "tank"
BOOT = "weekofoutage"
"""The boot of the rows that wait."""


def wall_ms() -> int:
    """The time of this machine, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class WatchedSpool(Spool):
    """Notes how old each live row was when it was settled, and when the last old one went."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.ages: list[tuple[int, int]] = []
        """When a live row was acquired, and how many milliseconds later it was settled."""
        self.drained_ms = 0

    def settle(self, key: Key, ranges: Ranges) -> int:
        """Settle as ever."""
        if key == (self.boot, STREAM):
            now = wall_ms()
            held = [row for first, last in ranges for row in self.rows(key, first, last, ROWS)]
            self.ages += [(row.at_ms, now - row.at_ms) for row in held]
        gone = super().settle(key, ranges)
        if not self.drained_ms and not self.held((BOOT, STREAM)):
            self.drained_ms = wall_ms()
        return gone


class WatchedAgent(Agent):
    """Notes when it was first connected."""

    connected_ms = 0

    def _came_up(self) -> None:
        self.connected_ms = self.connected_ms or wall_ms()
        super()._came_up()


class Node:
    """One agent in a thread of its own."""

    def __init__(self, settings: Path, wait_s: float) -> None:
        self._settings, self._wait_s = settings, wait_s
        self.agent: WatchedAgent | None = None
        self.spool: WatchedSpool | None = None
        self.thread = threading.Thread(target=self._work, name=settings.parent.name)
        self.thread.start()

    def _work(self) -> None:
        time.sleep(self._wait_s)
        config = load(self._settings)
        self.spool = WatchedSpool(config.agent.spool)
        self.agent = WatchedAgent(config, SystemClock(trusted=True), self.spool)
        self.agent.run()
        self.spool.close()

    def samples(self) -> bool:
        """Say whether it has spooled a row of its own."""
        agent, spool = self.agent, self.spool
        return bool(agent and spool and spool.held((spool.boot, STREAM)))

    def drained(self) -> bool:
        """Say whether nothing of the time before is held any more."""
        return bool(self.spool and self.spool.drained_ms)

    def facts(self) -> dict[str, object]:
        """What it noted. Times are of the wall clock, in milliseconds."""
        assert self.agent
        assert self.spool
        return {
            "connected_ms": self.agent.connected_ms,
            "drained_ms": self.spool.drained_ms,
            "ages": self.spool.ages,
        }


def main(folder: str, first: str, last: str, interval_ms: str) -> None:
    """Run the agents first to last, each with the settings in its own folder; they begin spread over an interval."""
    numbers = range(int(first), int(last) + 1)
    nodes = [
        Node(Path(folder) / f"a{n}" / "agent.toml", int(interval_ms) / 1000 * i / len(numbers))
        for i, n in enumerate(numbers)
    ]
    for word, is_so in (("ready", Node.samples), ("drained", Node.drained)):
        while not all(map(is_so, nodes)):
            if not all(node.thread.is_alive() for node in nodes):
                sys.exit("an agent has ended")
            time.sleep(0.05)
        print(word, flush=True)
    sys.stdin.readline()
    for node in nodes:
        assert node.agent
        node.agent.stop()
    for node in nodes:
        node.thread.join()
    print(json.dumps([node.facts() for node in nodes]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
