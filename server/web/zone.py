"""Which time zone a person's pages speak: the one of their organisation's first site."""

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from server.core.actor import Actor
from server.storage.models import Site


def of(session: Session, actor: Actor) -> str:
    """Return the zone's name; UTC where no site has been entered yet."""
    own_first = case((Site.org_id == actor.org_id, 0), else_=1)
    found = session.scalar(select(Site.time_zone).order_by(own_first, Site.id).limit(1))
    return found or "UTC"
