"""Whether what holds material is watched: rules that are off or set aside, freezers without a rule or a reading."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from server.alarms import paths, standing, wording
from server.alarms.models import AlarmRule, FreezerStake, Suspension
from server.alarms.watchers.path_people import time_zone
from server.audit.models import AuditEntry
from server.core.clock import from_ms, to_ms
from server.core.words import N_
from server.notify.rules import Sentence
from server.storage.models import Container
from server.telemetry.models import Channel

ELSEWHERE = ("room_c", "cpu_c")
"""Temperatures that say nothing of what is inside."""


def off(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say what is switched off or set aside: a whole freezer, agent or site at once, a rule when it lasts for a day."""
    return paths.listed(
        [
            *_asides(session, org_id, now),
            *_freezers_off(session, org_id),
            *_rules_off(session, org_id, now),
        ]
    )


def _asides(session: Session, org_id: int, now: datetime) -> Iterable[Sentence]:
    rows = session.scalars(
        select(Suspension)
        .where(*standing.stands(now), Suspension.org_id == org_id, Suspension.agreed_at <= now)
        .order_by(Suspension.id)
    ).all()
    zone = time_zone(session, org_id)
    for row in rows:
        if row.rule_id is None or now - row.began_at >= paths.OFF_AFTER:
            facts = {
                "name": standing.name_of(standing.thing_of(session, row)),
                "since": wording.zoned_time(row.began_at, zone), "who": row.by_name,
                "because": row.because,
            }  # fmt: skip
            yield Sentence(N_("%(name)s set aside by %(who)s since %(since)s: %(because)s"), facts)


def _freezers_off(session: Session, org_id: int) -> Iterable[Sentence]:
    """Freezers with rules all of which are switched off."""
    rows = session.execute(
        select(Container.code, func.sum(case((AlarmRule.enabled, 1), else_=0)))
        .join(Channel, Channel.freezer_id == Container.id)
        .join(AlarmRule, AlarmRule.channel_id == Channel.id)
        .where(Container.org_id == org_id, Container.retired_at.is_(None))
        .group_by(Container.code)
        .order_by(Container.code)
    )
    for code, enabled in rows:
        if not enabled:
            yield Sentence(N_("all rules of %(code)s are switched off"), {"code": code})


def _rules_off(session: Session, org_id: int, now: datetime) -> Iterable[Sentence]:
    """Rules that were switched off for longer than a day, by the record of changes."""
    rules = session.scalars(
        select(AlarmRule)
        .where(AlarmRule.org_id == org_id, AlarmRule.enabled.is_(False))
        .order_by(AlarmRule.id)
    ).all()
    since = _switched_off(session, [one.id for one in rules])
    for rule in rules:
        at = since.get(rule.id, rule.created_at)
        if now - at >= paths.OFF_AFTER:
            facts = {"name": standing.rule_name(rule), "because": rule.off_because}
            yield Sentence(N_("%(name)s switched off: %(because)s"), facts)


def _switched_off(session: Session, ids: list[int]) -> dict[int, datetime]:
    rows = session.execute(
        select(AuditEntry.subject_code, func.max(AuditEntry.at))
        .where(
            AuditEntry.action == "alarm_rule.switched_off",
            AuditEntry.subject_kind == "alarm_rule",
            AuditEntry.subject_code.in_([str(one) for one in ids]),
        )
        .group_by(AuditEntry.subject_code)
    )
    return {int(row[0]): row[1] for row in rows}


def bare(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say which freezers no rule watches the temperature of, although they hold material, or are measured now.

    What a freezer holds may not have been entered yet, or is kept elsewhere: somebody fitted a probe for a reason.
    """
    watched = {row.id for row in session.execute(_temperatures(org_id)) if row.watched}
    held = {row.id: (row.code, row.vials) for row in session.execute(_with_material(org_id))}
    measured = {row.id: (row.code, 0) for row in session.execute(_measured(org_id, now))}
    found = sorted((measured | held).items(), key=lambda one: one[1])
    return paths.listed([paths.bare(*said) for number, said in found if number not in watched])


def blind(session: Session, org_id: int, now: datetime) -> Sentence | None:
    """Say which watched freezers hold material although their temperature is not known for too long.

    Whatever became of the alarms that told of it: acknowledged, shelved or switched off.
    """
    newest: dict[int, datetime] = {}
    found = []
    for row in session.execute(_temperatures(org_id)):
        if row.watched:
            at = from_ms(row.number_at_ms) if row.number_at_ms is not None else row.watched_since
            newest[row.id] = max(newest.get(row.id, at), at)
    for holds in session.execute(_with_material(org_id)):
        at = newest.get(holds.id)
        if at is not None and now - at >= paths.BLIND_AFTER:
            hours = (now - at) // timedelta(hours=1)
            span = wording.span(hours * 3600)
            found.append(paths.blind(holds.code, holds.vials, span))
    return paths.listed(found)


def _with_material(org_id: int) -> Select[int, str, int]:
    return (
        select(Container.id, Container.code, FreezerStake.vials)
        .join(FreezerStake, FreezerStake.freezer_id == Container.id)
        .where(Container.org_id == org_id, Container.retired_at.is_(None), FreezerStake.vials > 0)
        .order_by(Container.code)
    )


def _measured(org_id: int, now: datetime) -> Select[int, str]:
    """The freezers of which a temperature was read within the last hour."""
    return (
        select(Container.id, Container.code)
        .join(Channel, Channel.freezer_id == Container.id)
        .where(
            Container.org_id == org_id,
            Container.retired_at.is_(None),
            Channel.confirmed,
            Channel.key.endswith("_c", autoescape=True),
            Channel.key.not_in(ELSEWHERE),
            Channel.number_at_ms >= to_ms(now - timedelta(hours=1)),
        )
        .distinct()
    )


def _temperatures(org_id: int) -> Select[int, int | None, datetime, int]:
    """The temperature channels of freezers, with whether a rule watches them, and since when."""
    own = (AlarmRule.channel_id == Channel.id) & AlarmRule.kind.in_(("high", "low", "stale"))
    return (
        select(
            Container.id,
            Channel.number_at_ms,
            func.min(AlarmRule.created_at).label("watched_since"),
            func.count(AlarmRule.id).label("watched"),
        )
        .join(Channel, Channel.freezer_id == Container.id)
        .outerjoin(AlarmRule, own)
        .where(
            Container.org_id == org_id,
            Channel.confirmed,
            Channel.key.endswith("_c", autoescape=True),
            Channel.key.not_in(ELSEWHERE),
        )
        .group_by(Container.id, Channel.id, Channel.number_at_ms)
    )
