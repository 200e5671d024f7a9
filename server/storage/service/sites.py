"""Sites, their rooms, power circuits and nitrogen supplies."""

from datetime import datetime
from typing import TypeVar
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage import rules
from server.storage.models import NitrogenSupply, PowerCircuit, Room, Site

Row = TypeVar("Row", Site, Room, PowerCircuit, NitrogenSupply)


def add_site(
    session: Session,
    actor: Actor,
    org_id: int,
    code: str,
    name: str,
    time_zone: str,
    *,
    address: str = "",
    at: datetime,
) -> Site:
    """Add a campus or building of this organisation; its pages speak this time zone."""
    _check_zone(time_zone)
    site = Site(org_id=org_id, code=code, name=name or code, time_zone=time_zone, address=address)
    save_new(session, site, code)
    audit.record(session, actor, "site.added", "site", code, at=at, org_id=org_id, name=site.name)
    return site


def change_site(
    session: Session,
    actor: Actor,
    site: Site,
    *,
    name: str,
    time_zone: str,
    address: str,
    at: datetime,
) -> Site:
    """Change what a site is called, where it stands, and which time its pages speak."""
    _check_zone(time_zone)
    wanted = {"name": name or site.code, "time_zone": time_zone, "address": address}
    changed = {
        column: [getattr(site, column), value]
        for column, value in wanted.items()
        if getattr(site, column) != value
    }
    for column, (_before, value) in changed.items():
        setattr(site, column, value)
    session.flush()
    if changed:
        audit.record(
            session,
            actor,
            "site.changed",
            "site",
            site.code,
            at=at,
            org_id=site.org_id,
            changed=changed,
        )
    return site


def _check_zone(time_zone: str) -> None:
    if time_zone not in available_timezones():
        because = N_("“%(found)s” is not a time zone; a name such as Asia/Shanghai is expected.")
        raise Invalid(Refusal("bad_time_zone", because, {"found": time_zone}), field="time_zone")


def add_room(session: Session, actor: Actor, site: Site, code: str, *, at: datetime) -> Room:
    """Add a room of a site."""
    return _part(session, actor, site, Room(site_id=site.id, code=code), "room", at)


def add_circuit(
    session: Session, actor: Actor, site: Site, code: str, *, at: datetime
) -> PowerCircuit:
    """Add an electrical circuit of a site."""
    return _part(session, actor, site, PowerCircuit(site_id=site.id, code=code), "circuit", at)


def add_supply(
    session: Session, actor: Actor, site: Site, code: str, *, at: datetime
) -> NitrogenSupply:
    """Add a nitrogen line or tank of a site."""
    return _part(session, actor, site, NitrogenSupply(site_id=site.id, code=code), "supply", at)


def _part(session: Session, actor: Actor, site: Site, row: Row, kind: str, at: datetime) -> Row:
    if refusal := rules.why_not_name(row.code):
        raise Invalid(refusal, field="code")
    keep_new(session, row, row.code)
    audit.record(
        session, actor, f"{kind}.added", kind, row.code, at=at, org_id=site.org_id, site=site.code
    )
    return row


def save_new(session: Session, row: object, code: str) -> None:
    """Store a new thing with a code of its own; refuses a code that is taken or cannot be one."""
    if refusal := rules.why_not_code(code):
        raise Invalid(refusal, field="code")
    keep_new(session, row, code)


def keep_new(session: Session, row: object, code: str) -> None:
    """Store a new thing; refuses a code that is taken."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        because = N_("The code %(code)s is taken already; every code is given once.")
        raise Conflict(Refusal("code_taken", because, {"code": code}), field="code") from error
