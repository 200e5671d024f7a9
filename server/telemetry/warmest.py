"""How warm it became: the warmest reading of a freezer's top probes in a time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.telemetry.columns import HOUR_MS
from server.telemetry.figures import hour_figures, readings
from server.telemetry.models import Channel

Warmest = tuple[float, int]
"""(°C, ms since 1970 UTC)"""
KEY = "top_c"


def warmest(session: Session, freezer_id: int, from_ms: int, to_ms: int) -> Warmest | None:
    """Return the warmest value and when it was, or None where no number is known.

    Whole hours are looked up in the hourly figures, the edges among the readings.
    """
    wanted = select(Channel.id).where(Channel.freezer_id == freezer_id, Channel.key == KEY)
    found = [_of(session, channel_id, from_ms, to_ms) for channel_id in session.scalars(wanted)]
    return max((one for one in found if one is not None), default=None, key=lambda one: one[0])


def _of(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Warmest | None:
    first, last = -(-from_ms // HOUR_MS) * HOUR_MS, to_ms // HOUR_MS * HOUR_MS
    if last <= first:
        return _among_readings(session, channel_id, from_ms, to_ms)
    parts = (
        _among_readings(session, channel_id, from_ms, first),
        _among_hours(session, channel_id, first, last),
        _among_readings(session, channel_id, last, to_ms),
    )
    return max((part for part in parts if part is not None), default=None, key=lambda part: part[0])


def _among_readings(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Warmest | None:
    """Look among the readings; where they were thinned, among what is left, whole hours at worst."""
    rows = readings(session, channel_id, from_ms, to_ms).c
    wanted = select(rows.greatest, rows.at_ms).order_by(rows.greatest.desc(), rows.at_ms).limit(1)
    row = session.execute(wanted).first()
    return (row.greatest, row.at_ms) if row is not None else None


def _among_hours(session: Session, channel_id: int, from_ms: int, to_ms: int) -> Warmest | None:
    hours = hour_figures(channel_id, from_ms, to_ms).c
    wanted = (
        select(hours.greatest, hours.at_ms).order_by(hours.greatest.desc(), hours.at_ms).limit(1)
    )
    row = session.execute(wanted).first()
    if row is None or row.greatest is None:
        return None
    hour_ms = row.at_ms // HOUR_MS * HOUR_MS
    exact = _among_readings(session, channel_id, hour_ms, hour_ms + HOUR_MS)
    return exact if exact is not None and exact[0] >= row.greatest else (row.greatest, row.at_ms)
