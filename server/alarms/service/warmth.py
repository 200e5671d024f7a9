"""Expecting warmth: a planned load of warm vials, a stock-take. Bounded, with a reason, and it ends by itself."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.alarms import warmth
from server.alarms.models import AlarmRule, ExpectedWarmth
from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage.models import Container
from server.telemetry.models import Channel

_MOST_WORDS: Final = 500


def expect(
    session: Session, actor: Actor, freezer: Container, limit_c: float, from_at: datetime,
    until: datetime, because: str, *, at: datetime,
) -> ExpectedWarmth:  # fmt: skip
    """Raise the warning limits of a freezer's temperatures to `limit_c` (°C) from a moment until another.

    Refuses more than twelve hours, a beginning in the past or over two weeks ahead, and a limit that is not
    below every critical one. What is warmer still alarms, and critical limits stay as they are.
    """
    _check_times(from_at, until, at)
    if not because.strip():
        raise Invalid(Refusal("reason_missing", N_("Say why warmth is expected.")), field="because")
    critical = _critical(session, freezer)
    if not -273.15 <= limit_c < critical:
        refusal = Refusal(
            "warm_limit",
            N_("%(found)s °C cannot be: below the critical limit of %(critical)s °C is expected."),
            {"found": f"{limit_c:g}", "critical": f"{critical:g}"},
        )
        raise Invalid(refusal, field="limit_c")
    made = ExpectedWarmth(
        org_id=freezer.org_id, freezer_id=freezer.id, limit_c=limit_c,
        because=because.strip()[:_MOST_WORDS], from_at=max(from_at, at), until=until,
        by_id=actor.id if actor.kind == "person" else None, by_name=actor.name, recorded_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()  # reason: the audit entry names it
    audit.record(
        session, actor, "warmth.expected", "freezer", freezer.code, at=at, org_id=freezer.org_id,
        limit_c=limit_c, from_at=str(made.from_at), until=str(until), reason=made.because,
    )  # fmt: skip
    return made


def end(session: Session, actor: Actor, made: ExpectedWarmth, *, at: datetime) -> None:
    """End it before its time; refuses one that is over."""
    if made.ended_at is not None or made.until <= at:
        raise Conflict(Refusal("warmth_over", N_("This expectation of warmth is over.")))
    made.ended_at, made.ended_by_name = at, actor.name
    freezer = session.get_one(Container, made.freezer_id)
    audit.record(
        session, actor, "warmth.ended", "freezer", freezer.code, at=at, org_id=made.org_id,
        until=str(made.until), reason=made.because,
    )  # fmt: skip


def _check_times(from_at: datetime, until: datetime, at: datetime) -> None:
    if from_at > at + warmth.AHEAD:
        because = N_("That is more than two weeks ahead; say so nearer to the day.")
        raise Invalid(Refusal("too_far_ahead", because), field="from_at")
    if not max(from_at, at) < until <= max(from_at, at) + warmth.LONGEST:
        because = N_(
            "From its beginning to its end at most 12 h can be expected, and not in the past."
        )
        raise Invalid(Refusal("bad_span", because), field="hours")


def _critical(session: Session, freezer: Container) -> float:
    """The lowest critical high limit of the freezer's temperatures, or 0 °C where there is none."""
    lowest = session.scalar(
        select(func.min(AlarmRule.value))
        .join(Channel, Channel.id == AlarmRule.channel_id)
        .where(Channel.freezer_id == freezer.id, Channel.key.like("%\\_c", escape="\\"))
        .where(AlarmRule.kind == "high", AlarmRule.severity == "critical", AlarmRule.enabled)
    )
    return 0.0 if lowest is None else float(lowest)
