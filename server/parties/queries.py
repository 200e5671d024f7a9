"""Reads about organisations that more than one caller needs."""

from sqlalchemy import Select, false, or_, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.core.errors import Conflict, NotFound, Refusal
from server.core.words import N_
from server.parties.models import DeliverySite, Organisation

NONE_YET = Refusal(
    "no_organisation", N_("No organisation has been entered yet; enter your own first.")
)
UNKNOWN = N_("No organisation that you may see has the code %(code)s.")
NO_SITE = Refusal("no_such_delivery_site", N_("This organisation has no such delivery site."))


def seen_by(actor: Actor, permission: str) -> Select[Organisation]:
    """Return the organisations for which the actor has this permission."""
    orgs = actor.orgs(permission)
    query = select(Organisation)
    if orgs is None:
        return query
    return query.where(Organisation.id.in_(sorted(orgs)) if orgs else false())


def by_code(session: Session, actor: Actor, permission: str, code: str) -> Organisation:
    """Return the organisation with this code; refuses one that the actor may not see."""
    found = session.scalar(seen_by(actor, permission).where(Organisation.code == code.upper()))
    if found is None:
        raise NotFound(Refusal("no_such_organisation", UNKNOWN, {"code": code}))
    return found


def own_organisation(session: Session, actor: Actor, permission: str) -> int:
    """Return the organisation that new things of this actor belong to: their own, else the first."""
    if actor.org_id is not None and actor.may(permission, actor.org_id):
        return actor.org_id
    query = seen_by(actor, permission).with_only_columns(Organisation.id)
    found: int | None = session.scalar(query.order_by(Organisation.id).limit(1))
    if found is None:
        raise Conflict(NONE_YET)
    return found


def names(session: Session) -> dict[int, Organisation]:
    """Return all organisations by their id."""
    return {organisation.id: organisation for organisation in session.scalars(select(Organisation))}


def sites_of(session: Session, organisation: Organisation) -> list[DeliverySite]:
    """Return the organisation's delivery sites, those that receive first."""
    query = select(DeliverySite).where(DeliverySite.org_id == organisation.id)
    return list(session.scalars(query.order_by(DeliverySite.active.desc(), DeliverySite.id)))


def site_of(session: Session, organisation: Organisation, site_id: int) -> DeliverySite:
    """Return one delivery site of the organisation."""
    site = session.get(DeliverySite, site_id)
    if site is None or site.org_id != organisation.id:
        raise NotFound(NO_SITE)
    return site


def matching(query: Select[Organisation], words: str) -> Select[Organisation]:
    """Narrow to organisations whose code or name holds these words."""
    like = "%" + words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    held = (Organisation.code.ilike(like, escape="\\"), Organisation.name.ilike(like, escape="\\"))
    return query.where(or_(*held)) if words else query
