"""What a container tells of its past: which of its positions were ever used."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.storage.models import Container, Custody


def ever_used(session: Session, container: Container) -> set[int]:
    """Return the ordinals in which something is or ever was, corrected entries and kept slots too."""
    wanted = select(Custody.ordinal).where(
        Custody.container_id == container.id, Custody.ordinal.is_not(None)
    )
    return {one for one in session.scalars(wanted.distinct()) if one is not None}
