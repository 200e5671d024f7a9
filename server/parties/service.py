"""Organisations and their delivery sites: added, changed, switched off."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.words import N_
from server.parties import rules
from server.parties.models import DeliverySite, Organisation

KNOWN = N_("There is an organisation with the code %(code)s already.")
NOT_YOURS = Refusal("not_your_organisation", N_("You manage other organisations, not this one."))
MANAGE = "parties.manage"


def add_organisation(
    session: Session, actor: Actor, *, code: str, name: str, country: str = "", at: datetime
) -> Organisation:
    """Add an organisation; only for those who manage all of them."""
    if actor.orgs(MANAGE) is not None:
        raise Forbidden(NOT_YOURS)
    code, country = code.upper(), country.upper()
    _refuse("code", rules.why_not_code(code))
    _refuse("country", rules.why_not_country(country))
    if session.scalar(select(Organisation.id).where(Organisation.code == code)):
        raise Conflict(Refusal("code_known", KNOWN, {"code": code}), field="code")
    organisation = Organisation(code=code, name=name, country=country, active=True, created_at=at)
    session.add(organisation)
    session.flush()  # people and sites name its id
    audit.record(
        session,
        actor,
        "organisation.added",
        "organisation",
        code,
        at=at,
        org_id=organisation.id,
        name=name,
    )
    return organisation


def change_organisation(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    *,
    name: str,
    country: str,
    active: bool,
    at: datetime,
) -> None:
    """Change an organisation; its code stays for ever."""
    _refuse_foreign(actor, organisation.id)
    country = country.upper()
    _refuse("country", rules.why_not_country(country))
    before = [organisation.name, organisation.country, organisation.active]
    organisation.name, organisation.country, organisation.active = name, country, active
    facts: dict[str, Any] = {"before": before, "now": [name, country, active]}
    audit.record(
        session,
        actor,
        "organisation.changed",
        "organisation",
        organisation.code,
        at=at,
        org_id=organisation.id,
        **facts,
    )


def add_site(
    session: Session,
    actor: Actor,
    organisation: Organisation,
    *,
    name: str,
    address: str,
    contact: str,
    at: datetime,
) -> DeliverySite:
    """Add a place where the organisation receives cells."""
    _refuse_foreign(actor, organisation.id)
    site = DeliverySite(
        org_id=organisation.id, name=name, address=address, contact=contact, active=True
    )
    session.add(site)
    session.flush()  # its id is answered
    audit.record(
        session,
        actor,
        "delivery_site.added",
        "organisation",
        organisation.code,
        at=at,
        org_id=organisation.id,
        site=name,
        address=address,
    )
    return site


def change_site(
    session: Session, actor: Actor, organisation: Organisation, site: DeliverySite, *, name: str, address: str,
    contact: str, active: bool, at: datetime,
) -> None:  # fmt: skip
    """Change a delivery site, or let it receive no more."""
    _refuse_foreign(actor, organisation.id)
    before = [site.name, site.address, site.contact, site.active]
    site.name, site.address, site.contact, site.active = name, address, contact, active
    facts: dict[str, Any] = {"before": before, "now": [name, address, contact, active]}
    audit.record(
        session,
        actor,
        "delivery_site.changed",
        "organisation",
        organisation.code,
        at=at,
        org_id=organisation.id,
        **facts,
    )


def _refuse_foreign(actor: Actor, org_id: int) -> None:
    if not actor.may(MANAGE, org_id):
        raise Forbidden(NOT_YOURS)


def _refuse(field: str, refusal: Refusal | None) -> None:
    if refusal:
        raise Invalid(refusal, field=field)
