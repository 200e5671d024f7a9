"""Who has acknowledged an episode, who is still missing, and for how long an answer holds."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms.models import Acknowledgement, Episode

AGAIN: Final = timedelta(hours=1)
"""Where a rule says nothing: so long an answer to a critical alarm, or to life safety, holds while it goes on."""


class Needing(Protocol):
    """What counting needs of an episode."""

    @property
    def acks_needed(self) -> int:
        """How many persons must acknowledge it."""


def of(session: Session, episode_ids: Iterable[int]) -> dict[int, list[Acknowledgement]]:
    """Return every answer that was given to these, the earliest first, those that ran out among them."""
    found: dict[int, list[Acknowledgement]] = {number: [] for number in episode_ids}
    query = select(Acknowledgement).where(Acknowledgement.episode_id.in_(list(found)))
    for one in session.scalars(query.order_by(Acknowledgement.id)) if found else ():
        found[one.episode_id].append(one)
    return found


def standing(session: Session, episodes: Sequence[Episode]) -> dict[int, list[Acknowledgement]]:
    """Return the answers to these that have not run out, the earliest first."""
    given = of(session, [episode.id for episode in episodes])
    return {number: [a for a in rows if a.ran_out_at is None] for number, rows in given.items()}


def missing(episode: Needing, given: Iterable[Acknowledgement]) -> int:
    """Return how many persons have yet to acknowledge it.

    Where one is enough anybody's answer counts; where several are asked for, only persons who are known, each once.
    """
    rows = list(given)
    if episode.acks_needed <= 1:
        return 0 if rows else 1
    persons = {row.person_id for row in rows if row.person_id is not None}
    return max(episode.acks_needed - len(persons), 0)


def again_after(severity: str, alarm_class: str, ack_timeout_s: float) -> timedelta | None:
    """Return when an acknowledged alarm that still goes on calls again; None: never.

    Acknowledging is not resolving (BR-51): a critical alarm, and one of life safety, never falls silent for good.
    """
    if ack_timeout_s > 0:
        return timedelta(seconds=ack_timeout_s)
    return AGAIN if severity == "critical" or alarm_class == "safety" else None
