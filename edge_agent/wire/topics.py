"""The topics of ck1: build them and take them apart."""

import re
from dataclasses import dataclass
from typing import Final

from edge_agent.wire.errors import WireError, shown

PREFIX: Final = "ck1"
EVENTS_STREAM: Final = "ev"
"""The stream of the events; it has a topic of its own and is no name for a stream of readings."""

_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")
_WITH_STREAM = frozenset({"t", "h", "ha"})
_PLAIN = frozenset({"state", "catalog", "ev", "hb", "ack", "cmd", "cmd/res", "cfg", "cfg/ack"})
KINDS: Final = _WITH_STREAM | _PLAIN
"""t live rows, h backlog rows, ev events, hb heartbeat, ack the commit-ack, ha for Home Assistant; the rest as named."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic taken apart. `stream` is None where the kind has none; `ev` has the stream "ev"."""

    site: str
    agent: str
    kind: str
    stream: str | None = None


def check_name(what: str, name: object) -> str:
    """Give the name back, or say why it cannot stand in a topic."""
    if isinstance(name, str) and _NAME.match(name):
        return name
    raise WireError(
        "bad_name",
        f"{what} is {shown(name)}; expected 1 to 32 of the characters a-z, 0-9 and -",
    )


def check_stream(name: object) -> str:
    """Give the name of a stream of readings back; "ev" belongs to the events."""
    if check_name("stream", name) == EVENTS_STREAM:
        raise WireError("bad_name", 'stream is "ev", which is the events\' own; choose another')
    return str(name)


def build(kind: str, site: str, agent: str, stream: str | None = None, prefix: str = PREFIX) -> str:
    """The topic of one kind of message of one agent."""
    if kind not in KINDS:
        raise WireError("bad_topic", f"{shown(kind)} is no kind of message; expected {_kinds()}")
    head = f"{check_name('prefix', prefix)}/{check_name('site', site)}/{check_name('agent', agent)}"
    if kind in _WITH_STREAM:
        return f"{head}/{kind}/{check_stream(stream)}"
    return f"{head}/{kind}"


def parse(topic: str, prefix: str = PREFIX) -> Topic:
    """Take a topic apart, or say what is wrong with it."""
    parts = topic.split("/")
    if len(parts) < 4 or parts[0] != prefix:
        raise WireError(
            "bad_topic",
            f"the topic is {shown(topic)}; expected {prefix}/<site>/<agent>/<kind>",
        )
    site, agent = check_name("site", parts[1]), check_name("agent", parts[2])
    kind = "/".join(parts[3:])
    if kind in _PLAIN:
        return Topic(site, agent, kind, EVENTS_STREAM if kind == "ev" else None)
    if parts[3] in _WITH_STREAM and len(parts) == 5:
        return Topic(site, agent, parts[3], check_stream(parts[4]))
    raise WireError("bad_topic", f"the topic ends in {shown(kind)}; expected {_kinds()}")


def filters(*kinds: str, prefix: str = PREFIX) -> list[str]:
    """Subscriptions that take these kinds of messages from every agent."""
    head = f"{check_name('prefix', prefix)}/+/+"
    return [f"{head}/{kind}/+" if kind in _WITH_STREAM else f"{head}/{kind}" for kind in kinds]


def _kinds() -> str:
    return "one of " + ", ".join(
        f"{kind}/<stream>" if kind in _WITH_STREAM else kind for kind in sorted(KINDS)
    )
