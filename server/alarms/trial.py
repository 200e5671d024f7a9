"""Trying a rule against what is stored, before it is watched for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edge_agent.wire.limits import Limit
from server.alarms import rate, replay, rules, stored
from server.alarms.replay import Past, Row
from server.alarms.rules import Wish
from server.core.clock import from_ms, to_ms
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.telemetry.models import Channel, reading

KINDS: Final = ("high", "low", "door", "rate", "stale")
USUAL_DAYS: Final = 30
MOST_DAYS: Final = 92
SHOWN: Final = 20


@dataclass(frozen=True)
class Trial:
    """What a rule would have raised from `since` (when the readings that are kept begin) until `until`."""

    since: datetime | None
    until: datetime
    pasts: Sequence[Past]

    @property
    def times(self) -> int:
        """Return how often it would have raised."""
        return len(self.pasts)

    @property
    def hours(self) -> float:
        """Return how many hours it would have held in all."""
        end = to_ms(self.until)
        return sum((one.to_ms or end) - one.from_ms for one in self.pasts) / 3_600_000

    @property
    def latest(self) -> Sequence[Past]:
        """Return the last twenty, the newest first."""
        return list(reversed(self.pasts))[:SHOWN]


def try_out(
    session: Session, channel: Channel, wish: Wish, *, days: int = USUAL_DAYS, now: datetime
) -> Trial:
    """Return what this rule would have raised in the last days (1 to 92). Only reads, and changes nothing.

    Each stored reading is judged by the wire's own judge, delays and all; a rate along its window, a silence by the
    time between readings. Refuses what cannot be a rule of this channel, and kinds that the readings of one channel
    do not decide, or that are judged over days. Times for which single readings are no longer kept are
    not judged: `since` says where they begin.
    """
    if found := rules.why_not_rule(wish, channel.key):
        field, refusal = found
        raise Invalid(refusal, field=field)
    if wish.kind not in KINDS:
        because = N_(
            "Only limits, open lids, rates and silences can be tried against what is stored."
        )
        raise Invalid(Refusal("not_tried", because), field="kind")
    if not 1 <= days <= MOST_DAYS:
        because = N_("%(found)s days cannot be tried; from 1 to %(most)s are expected.")
        raise Invalid(
            Refusal("bad_days", because, {"found": days, "most": MOST_DAYS}), field="days"
        )
    from_ms_, to_ms_ = to_ms(now - timedelta(days=days)), to_ms(now)
    first = session.scalar(
        select(func.min(reading.c.at_ms)).where(
            reading.c.channel_id == channel.id, reading.c.at_ms >= from_ms_
        )
    )
    since = None if first is None else from_ms(first)
    return Trial(
        since, now, _pasts(wish, stored.pieces(session, channel.id, from_ms_, to_ms_), now)
    )


def _pasts(wish: Wish, rows: Iterable[Sequence[Row]], now: datetime) -> list[Past]:
    """What the rule would have raised over these readings."""
    if wish.kind == "stale":
        delay_ms = round(wish.delay_on_s * 1000)
        return replay.silences(rows, round(wish.value * 1000), delay_ms, to_ms(now))
    if wish.kind == "rate":
        fast = Limit("high", *_figures(wish))
        return replay.excursions(fast, replay.speeds(rows, rate.window_of(wish.params)))
    return replay.excursions(_limit(wish), rows)


def _limit(wish: Wish) -> Limit:
    return Limit(
        wish.kind,  # type: ignore[arg-type]  # high, low or door, which are the wire's
        *_figures(wish),
    )


def _figures(wish: Wish) -> tuple[float, float, int, int]:
    on_ms, off_ms = round(wish.delay_on_s * 1000), round(wish.delay_off_s * 1000)
    return wish.value, wish.hysteresis, on_ms, off_ms
