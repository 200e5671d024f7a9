"""How long readings are kept: what an organisation has set, and what is kept whatever is set.

`keep` lets a feature above name times of which nothing may be thinned, such as alarms and what they
were about.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.core.errors import Refusal
from server.core.words import N_
from server.telemetry import happened
from server.telemetry.models import Channel, KeptWindow, Retention

DAY_MS = 86_400_000
LID_MARGIN_MS = 15 * 60_000
"""A lid's opening is kept with the quarter of an hour before and after it."""
LEAST_RAW_DAYS = 31
"""Rules are tried against the readings of the last month."""
MOST_DAYS = 36_500
Span = tuple[int, int]
"""From when until when, ms since 1970 UTC."""
Provider = Callable[[Session, Channel, int, int], Sequence[Span]]

_providers: list[Provider] = []

_SHORT = N_(
    "Readings: %(found)s days; at least %(least)s are expected, for rules are tried against them."
)
_LONG = N_("%(found)s days were found, at most %(most)s are expected; leave it empty for ever.")
_ORDER = N_("Minutes: %(found)s days; at least as many as readings are expected: %(least)s.")


@dataclass(frozen=True)
class Days:
    """For how many days readings and minutes are kept; None is for ever."""

    raw: int | None
    minute: int | None


USUAL = Days(400, 1_825)
"""Where nothing is set: readings for thirteen months, minutes for five years."""


def why_not(days: Days) -> dict[str, Refusal]:
    """Say by field why these days cannot be set; empty when they can."""
    found: dict[str, Refusal] = {}
    for field, value in (("raw_days", days.raw), ("minute_days", days.minute)):
        if value is not None and value > MOST_DAYS:
            found[field] = Refusal("too_long", _LONG, {"found": value, "most": MOST_DAYS})
    if days.raw is not None and days.raw < LEAST_RAW_DAYS:
        facts = {"found": days.raw, "least": LEAST_RAW_DAYS}
        found["raw_days"] = Refusal("too_short", _SHORT, facts)
    if days.minute is not None and (days.raw is None or days.minute < days.raw):
        least: object = "∞" if days.raw is None else days.raw
        found.setdefault(
            "minute_days", Refusal("minutes_first", _ORDER, {"found": days.minute, "least": least})
        )
    return found


def days_for(rows: Mapping[tuple[int, str], Days], org_id: int, quantity: str) -> Days:
    """Return what holds for a quantity: its own row, that of all others, or the usual."""
    return rows.get((org_id, quantity)) or rows.get((org_id, "")) or USUAL


def all_days(session: Session) -> dict[tuple[int, str], Days]:
    """Return what is set, by organisation and quantity."""
    return {
        (row.org_id, row.quantity): Days(row.raw_days, row.minute_days)
        for row in session.scalars(select(Retention))
    }


def keep(provider: Provider) -> None:
    """Let `provider(session, channel, from_ms, to_ms)` name times to be kept; the same one counts once."""
    if provider not in _providers:
        _providers.append(provider)


def kept(session: Session, channel: Channel, from_ms: int, to_ms: int) -> list[Span]:
    """Return the times within which nothing of this channel may be thinned, in order, joined."""
    found = [*_held(session, channel, from_ms, to_ms), *_lids(session, channel, from_ms, to_ms)]
    for provider in _providers:
        found += provider(session, channel, from_ms, to_ms)
    return joined(found)


def joined(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in order, those that touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _held(session: Session, channel: Channel, from_ms: int, to_ms: int) -> list[Span]:
    freezers = or_(KeptWindow.freezer_id.is_(None), KeptWindow.freezer_id == channel.freezer_id)
    wanted = select(KeptWindow).where(
        KeptWindow.org_id == channel.agent.org_id, KeptWindow.lifted_at.is_(None), freezers,
        KeptWindow.from_ms < to_ms, or_(KeptWindow.to_ms.is_(None), KeptWindow.to_ms > from_ms),
    )  # fmt: skip
    return [
        (row.from_ms, to_ms if row.to_ms is None else row.to_ms) for row in session.scalars(wanted)
    ]


def _lids(session: Session, channel: Channel, from_ms: int, to_ms: int) -> list[Span]:
    if channel.freezer_id is None:
        return []
    spans = happened.spans(
        session, channel.freezer_id, from_ms - LID_MARGIN_MS, to_ms + LID_MARGIN_MS
    )
    return [
        (
            span.begin_ms - LID_MARGIN_MS,
            (to_ms if span.end_ms is None else span.end_ms) + LID_MARGIN_MS,
        )
        for span in spans
        if span.kind == "lid"
    ]
