"""A vial's life: every stay it has had, with the way there as it was when the stay began."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.storage.models import Custody, Site, Vial
from server.storage.queries.paths import Path, path_of, vial_path

MOST_STAYS = 50


@dataclass(frozen=True)
class Stay:
    """From when until when it was somewhere, and who put it there."""

    custody: Custody
    path: Path
    corrects: Custody | None = None
    """What was recorded before it was corrected."""

    @property
    def before_words(self) -> str:
        """Return where it was thought to be before the correction, in few words."""
        was = self.corrects
        if was is None:
            return ""
        if was.container is None or was.ordinal is None:
            return was.place
        return f"{was.container.code} {was.container.shape.written(was.ordinal)}"

    @property
    def began_at(self) -> datetime:
        """Return when it came."""
        return self.custody.began_at

    @property
    def ended_at(self) -> datetime | None:
        """Return when it left; None while it is still there."""
        return self.custody.ended_at

    @property
    def late(self) -> bool:
        """Say whether it was recorded more than a minute after it happened."""
        custody = self.custody
        return (custody.began_recorded_at - custody.began_at).total_seconds() > 60


def life_of(session: Session, vial: Vial) -> list[Stay]:
    """Return the vial's stays, oldest first; superseded ones are left out."""
    wanted = (
        select(Custody)
        .where(Custody.vial_id == vial.id, Custody.superseded_at.is_(None))
        .order_by(Custody.began_at.desc(), Custody.id.desc())
        .limit(MOST_STAYS)
    )
    rows = list(session.scalars(wanted))[::-1]
    before = _corrected(session, [row.corrects_id for row in rows if row.corrects_id is not None])
    return [Stay(row, _way(session, vial, row), before.get(row.corrects_id or 0)) for row in rows]


def _corrected(session: Session, ids: list[int]) -> dict[int, Custody]:
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Custody).where(Custody.id.in_(ids)))}


def _way(session: Session, vial: Vial, row: Custody) -> Path:
    if row.place != "position":
        return Path(place=row.place, recipient_org_id=row.recipient_org_id)
    if (
        row.ended_at is not None and row.ended_at == row.began_at
    ):  # lasted no time: at no moment true
        return Path(place=row.place)
    return vial_path(session, vial, row.began_at)


def zone_of(session: Session, vial: Vial, path: Path) -> str:
    """Return the zone in which the vial's times are told: of the site where it is, or last was.

    For one that never was in storage it is the zone of its organisation's first site.
    """
    if path.site_id is not None:
        return path.time_zone
    stays = select(Custody).where(
        Custody.vial_id == vial.id, Custody.superseded_at.is_(None), Custody.place == "position"
    )
    newest = stays.order_by(Custody.began_at.desc(), Custody.id.desc()).limit(1)
    last = session.scalars(newest).first()
    if last is not None and last.container is not None:
        there = path_of(session, last.container, last.began_at)
        if there.site_id is not None:
            return there.time_zone
    first = select(Site.time_zone).where(Site.org_id == vial.org_id).order_by(Site.id).limit(1)
    return session.scalar(first) or "UTC"
