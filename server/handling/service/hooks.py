"""What higher features do when a tube that is promised to them is picked or is not there.

A feature calls `provide("request", pick, not_there)` once; both take the session, the actor, the id
of the thing that the tube is promised to, the tube's code, the time, and when it happened where that was earlier.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.core.actor import Actor

Verb = Callable[[Session, Actor, int, str, datetime, datetime | None], object]


@dataclass(frozen=True)
class Hooks:
    """What is done with the tubes that are promised to one kind of thing."""

    pick: Verb
    not_there: Verb


_KNOWN: dict[str, Hooks] = {}


def provide(kind: str, pick: Verb, not_there: Verb) -> None:
    """Let the feature that owns this kind handle its own tubes."""
    _KNOWN[kind] = Hooks(pick, not_there)


def hooks_of(kind: str) -> Hooks | None:
    """Return what is done with tubes that are promised to this kind, or None."""
    return _KNOWN.get(kind)
