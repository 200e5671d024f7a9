"""Messages for the bench, as an agent would write them."""

import json
import random
from collections.abc import Iterator

from tests.bench.house import AGENTS, CHANNELS


def boot_of(agent: int, run: str) -> str:
    """The boot of an agent in one run of the bench."""
    return f"{run}{agent:0{12 - len(run)}d}"


def tables(n: int, end_ms: int, run: str) -> Iterator[tuple[str, bytes]]:
    """So many messages of 5 channels x 12 rows, from all agents in turn, ending at this time."""
    chance = random.Random(1)
    began_ms = end_ms - (n // AGENTS + 1) * 120_000
    for i in range(n):
        agent, k = i % AGENTS, i // AGENTS
        top = -177 + chance.random()
        message = {
            "v": 1, "boot": boot_of(agent, run), "seq": k * 12 + 1, "t0": began_ms + k * 120_000,
            "clk": {"s": True, "off_ms": 3}, "ch": list(CHANNELS), "dt": [j * 10_000 for j in range(12)],
            "rows": [[round(top + j / 100, 2), -195.1, 231, 0, 20.5] for j in range(12)],
        }  # fmt: skip
        yield _written(agent, "t", message)


def singles(
    n: int, end_ms: int, run: str, kind: str = "t", first_agent: int = 0
) -> Iterator[tuple[str, bytes]]:
    """So many messages of one reading each, from the agents in turn."""
    chance = random.Random(1)
    agents = AGENTS - first_agent
    began_ms = end_ms - (n // agents + 1) * 10_000
    for i in range(n):
        agent, k = first_agent + i % agents, i // agents
        yield one(agent, k + 1, began_ms + k * 10_000, round(-177 + chance.random(), 1), run, kind)


def one(
    agent: int, seq: int, at_ms: int, value: float, run: str, kind: str = "t"
) -> tuple[str, bytes]:
    """One reading of an agent's top probe."""
    message = {
        "v": 1, "boot": boot_of(agent, run), "seq": seq, "t0": at_ms, "clk": {"s": True},
        "ch": ["top_c"], "dt": [0], "rows": [[value]],
    }  # fmt: skip
    return _written(agent, kind, message | ({"hist": True} if kind == "h" else {}))


def _written(agent: int, kind: str, message: dict[str, object]) -> tuple[str, bytes]:
    return f"ck1/main/a{agent}/{kind}/tank", json.dumps(message, separators=(",", ":")).encode()
