"""Calling for an alarm: when it is raised, when its acknowledgement has run out, when it reappears."""

from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.orm import Session

from server.alarms import hush, machine, wording
from server.alarms.hush import Silenceable
from server.alarms.kinds import KINDS
from server.alarms.models import Episode
from server.alarms.queries import Surroundings, surroundings
from server.alarms.service import floods
from server.alarms.wording import Sighting
from server.audit import service as audit
from server.core.actor import Actor
from server.core.plain import Asked
from server.core.wake import announce
from server.core.words import N_
from server.notify import service as notify
from server.notify.queries import ask_steps, running_call
from server.notify.rules import Sentence, unpacked

WATCH: Final = Actor.system("Cryokeep watch")


class Calling(Silenceable, Protocol):
    """What a call needs of a rule."""

    @property
    def value(self) -> float:
        """The limit."""


def call(
    session: Session,
    rule: Calling,
    episode_id: int,
    seen: Sighting,
    around: Surroundings,
    steps: Asked,
    now: datetime,
    *,
    again: Sentence | None = None,
) -> None:
    """Begin the call about an episode; `again` says why it is told once more."""
    subject = wording.subject(seen, around.place)
    text = wording.letter(seen, around.place, around.stake)
    if again is not None:
        subject, text = Sentence(N_("Again: %(subject)s"), {"subject": subject}), (again, *text)
    notify.call(
        session,
        org_id=rule.org_id,
        about=("alarm", episode_id),
        severity=rule.severity,
        subject=subject,
        text=text,
        path=f"/alarms/{episode_id}",
        answer_path="/alarms/answer",
        at=now,
        steps=steps,
        facts={
            "freezer": around.place.freezer,
            "site": around.place.site,
            "channel": around.key,
            "alarm_class": rule.alarm_class,
            "alarm_kind": rule.kind,
            "limit": rule.value,
            "value": seen.value,
            "raised_at": seen.since.isoformat(),
            "test": bool(seen.drill),
            "drill": seen.drill,
            "again": again is not None,
        },
    )


def call_again(session: Session, episode: Episode, again: Sentence, *, now: datetime) -> None:
    """Call about an episode that goes on, from the top of the list; nothing where it is being called already."""
    if running_call(session, ("alarm", episode.id)) is not None:
        return
    around = surroundings(session, episode)
    seen = Sighting(
        episode.kind, episode.severity, around.key, around.label, episode.limit_value,
        _value(episode), episode.raised_at, episode.drill, unpacked(episode.detail),
    )  # fmt: skip
    steps = ask_steps(session, episode.org_id)
    call(session, episode.rule, episode.id, seen, around, steps, now, again=again)


def reappear(session: Session, episode: Episode, *, now: datetime) -> bool:
    """Let an episode call again if nothing silences it any more; says whether it is no longer silenced.

    What still silences it, or what does so now, is noted instead. One that is over or acknowledged calls nobody.
    """
    session.refresh(episode, with_for_update=True)
    if not episode.silenced:
        return False
    still = hush.why_silent(session, episode.rule, now, drill=episode.drill)
    if still is not None:
        episode.silenced = still.word
        episode.suspension_id, episode.cause_id = still.suspension_id, still.cause_id
        if still.word == "flood":
            floods.join(session, episode.id, episode.org_id, at=now)
        return False
    before = episode.silenced
    state = machine.after(machine.state_of(episode), "bring_back")
    episode.silenced = ""
    session.flush()  # reason: calling runs plain statements, which see only what is written
    calls = state.active and state.calls
    if calls:
        why = Sentence(machine.WORDS[before])
        again = Sentence(
            N_("Nobody was called (%(why)s); that is over, and it goes on."), {"why": why}
        )
        call_again(session, episode, again, now=now)
    audit.record(
        session, WATCH, "alarm.reappeared", "alarm", str(episode.id), at=now, org_id=episode.org_id,
        before=before, calls=calls,
    )  # fmt: skip
    announce(session, "alarms")
    return True


def _value(episode: Episode) -> float | None:
    if not KINDS[episode.kind].has_value or episode.drill or episode.channel is None:
        return episode.worst_value
    latest = episode.channel.latest_value
    return episode.worst_value if latest is None else latest
