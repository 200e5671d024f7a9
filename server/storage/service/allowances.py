"""What may go into a container and into all that stands in it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.catalogue.rules import TIERS
from server.core.actor import Actor
from server.core.errors import AllRefused, Conflict, Invalid, NotFound, Refusal
from server.core.words import N_, N_n, words_of
from server.parties.models import Project
from server.storage import queries
from server.storage.models import Allowance, Container, SampleType
from server.storage.rules.limits import SUBJECTS, Limit, why_not_limits
from server.storage.sample_types import BUILT_IN
from server.storage.service.containers import record
from server.storage.service.holding_places import hold_tree
from server.storage.service.types import kept

MOST_NAMED = 20
Wanted = Mapping[str, Collection[str]]


def limit(
    session: Session, actor: Actor, container: Container, wanted: Wanted, *, at: datetime
) -> None:
    """Let exactly this go into a container, and into all that stands in it; no word of a subject limits nothing.

    An outer container's limits go on to hold. Refused where present contents are not allowed, with the
    count and the first twenty by name, and where nothing at all could go into it.
    """
    hold_tree(session, container)
    if container.retired_at is not None:
        because = N_("%(box)s has been retired; it stays as it was.")
        raise Conflict(Refusal("retired", because, {"box": container.code}))
    asked = {subject: sorted(set(values)) for subject, values in wanted.items() if values}
    outer = [
        one for one in queries.limits_of(session, [container.id])[container.id] if not one.direct
    ]
    if refusal := why_not_limits(container.code, asked, outer):
        raise Invalid(refusal)
    _refuse_unknown(session, actor, container, asked, at)
    limits = [Limit(container.code, subject, frozenset(asked[subject])) for subject in asked]
    _refuse_present(session, container, limits)
    before = queries.own_limits(session, container)
    if before == asked:
        return
    session.execute(delete(Allowance).where(Allowance.container_id == container.id))
    session.add_all(
        Allowance(container_id=container.id, subject=subject, value=value)
        for subject, values in asked.items()
        for value in values
    )
    record(session, actor, "limited", container, at, before=before, now=asked)


def _refuse_present(session: Session, container: Container, limits: list[Limit]) -> None:
    found = queries.violations(session, container, limits, MOST_NAMED, inside=True)
    if not found.count:
        return
    because = N_n(
        "1 thing in %(box)s is not allowed by this. Move it first.",
        "%(count)s things in %(box)s are not allowed by this; the first %(named)s are named. Move them first.",
        "count",
    )
    facts = {"count": found.count, "box": container.code, "named": len(found.refusals)}
    raise AllRefused([Refusal("contents_not_allowed", because, facts), *found.refusals])


def _refuse_unknown(
    session: Session, actor: Actor, container: Container, asked: Wanted, at: datetime
) -> None:
    for subject, values in asked.items():
        known = _known(session, actor, container, subject, values, at)
        unknown = [value for value in values if value not in known]
        if unknown:
            because = {
                "container_type": N_(
                    "“%(found)s” is no container type. The list shows all of them."
                ),
                "sample_type": N_("“%(found)s” is no sample type."),
                "tier": N_("“%(found)s” is no tier: %(known)s are expected."),
                "project": N_("“%(found)s” is no project of this organisation."),
            }.get(subject, N_("“%(found)s” is not known."))
            facts = {"found": unknown[0], "known": words_of(TIERS, sorted(known)[:12])}
            raise Invalid(Refusal(f"no_such_{subject}", because, facts), field=subject)


def _known(
    session: Session,
    actor: Actor,
    container: Container,
    subject: str,
    values: Collection[str],
    at: datetime,
) -> set[str]:
    if subject == "container_type":
        return _types(session, actor, values, at)
    if subject == "tier":
        return set(TIERS)
    if subject == "project":
        of = select(Project.code).where(Project.org_id == container.org_id)
        return set(session.scalars(of.where(Project.code.in_(values))))
    if subject == "sample_type":
        own = SampleType.org_id.is_(None) | (SampleType.org_id == container.org_id)
        return {*BUILT_IN, *session.scalars(select(SampleType.code).where(own))}
    return set(values) if subject in SUBJECTS else set()


def _types(session: Session, actor: Actor, values: Collection[str], at: datetime) -> set[str]:
    """Return the codes that are types; built-in ones are kept as rows from now on, for their kind is asked."""
    found = set()
    for value in values:
        try:
            of = queries.container_type(session, actor, "storage.read", value)
        except NotFound:
            continue
        kept(session, of, at=at)
        found.add(value)
    return found
