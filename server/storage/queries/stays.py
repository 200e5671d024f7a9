"""Everything that was ever recorded of where a thing was: what holds, and what was corrected."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.storage.models import Container, Custody, Vial
from server.storage.queries.paths import Path, paths_of, true_at

MOST = 200


@dataclass(frozen=True)
class Recorded:
    """One row of custody, and the way to its place as it was then."""

    custody: Custody
    text: str

    @property
    def corrected(self) -> bool:
        """Say whether another row took its place."""
        return self.custody.superseded_at is not None

    @property
    def late(self) -> bool:
        """Say whether it was recorded more than a minute after it happened."""
        return (self.custody.began_recorded_at - self.custody.began_at).total_seconds() > 60


def all_stays(session: Session, thing: Vial | Container) -> list[Recorded]:
    """Return every row of the thing's custody, newest first, corrected ones in their place among the others."""
    own = Custody.vial_id if isinstance(thing, Vial) else Custody.child_id
    wanted = select(Custody).where(own == thing.id)
    rows = session.scalars(wanted.order_by(Custody.began_at.desc(), Custody.id.desc()).limit(MOST))
    found = list(rows)
    return [Recorded(row, _text(row, _ways(session, row))) for row in found]


def live_stay(session: Session, thing: Vial | Container) -> Custody | None:
    """Return the row that says where a vial or container is now; None where it was never put anywhere."""
    own = Custody.vial_id if isinstance(thing, Vial) else Custody.child_id
    return session.scalars(select(Custody).where(own == thing.id, true_at(None))).first()


def _ways(session: Session, row: Custody) -> Path | None:
    """Return the way to the container that it was in, as that stood then."""
    if row.container_id is None:
        return None
    return paths_of(session, containers=[row.container_id], at=row.began_at)[row.container_id]


def _text(row: Custody, way: Path | None) -> str:
    if way is None or row.container is None:
        return ""
    label = row.container.shape.written(row.ordinal or 1) if row.ordinal else ""
    return " › ".join(step for step in (way.text or row.container.code, label) if step)


def places_during(
    session: Session, container_id: int, began: datetime, ended: datetime | None
) -> list[tuple[int, datetime, datetime | None]]:
    """Return in which containers a container stood in that time, each with the part of it that it did."""
    wanted = select(Custody.container_id, Custody.began_at, Custody.ended_at).where(
        Custody.child_id == container_id,
        Custody.container_id.is_not(None),
        Custody.superseded_at.is_(None),
        or_(Custody.ended_at.is_(None), Custody.ended_at > began),
    )
    if ended is not None:
        wanted = wanted.where(Custody.began_at < ended)
    return [
        (outer, max(since, began), min((one for one in (until, ended) if one), default=None))
        for outer, since, until in session.execute(wanted)
        if outer is not None
    ]
