"""How one freezer stands: what its probes say, what is beyond a limit, where it is going."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.core.clock import from_ms, to_ms
from server.telemetry import quantities, trends
from server.telemetry.limits import Limit, limits_of, worst_broken
from server.telemetry.queries import Latest, latest

ORDER = ("top_c", "middle_c", "bottom_c", "level_mm", "level_pct", "lid_open", "door_open")


@dataclass(frozen=True)
class Seen:
    """One channel's newest reading with its limits; `value` is None where it is unknown."""

    latest: Latest
    value: float | None
    limits: tuple[Limit, ...]
    broken: Limit | None

    @property
    def key(self) -> str:
        """Return the channel's key."""
        return self.latest.key

    @property
    def state(self) -> str:
        """Return the state that the eye sees: a severity, "unknown", or "" while all is well."""
        if self.value is None:
            return "unknown"
        return self.broken.severity if self.broken else ""


@dataclass(frozen=True)
class Moving:
    """Where the value that matters most is going."""

    per_min: float | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """A freezer's channels in the order of the eye; `main` is the one that the sentence speaks of."""

    seen: tuple[Seen, ...]
    now: datetime

    def of(self, *keys: str) -> Seen | None:
        """Return the worst channel with one of these keys: beyond a limit before known before unknown."""
        found = [one for one in self.seen if one.key in keys]
        return min(found, key=_badness, default=None)

    @property
    def main(self) -> Seen | None:
        """Return what matters most: whatever is beyond its limit, else the top probe."""
        figures = [one for one in self.seen if not quantities.is_lid(one.key)]
        return min(figures, key=_badness, default=None)

    @property
    def lid_open(self) -> bool | None:
        """Say whether the lid is open; None where nobody knows."""
        lid = self.of("lid_open", "door_open")
        return None if lid is None or lid.value is None else lid.value >= 0.5

    @property
    def last_at(self) -> datetime | None:
        """Return when anything last gave a number."""
        return max(
            (one.latest.number_at for one in self.seen if one.latest.number_at), default=None
        )

    @property
    def is_silent(self) -> bool:
        """Say whether nothing is known of any figure."""
        return all(one.value is None for one in self.seen if not quantities.is_lid(one.key))

    @property
    def state(self) -> str:
        """Return the worst that the eye must see."""
        return self.main.state if self.main else ""


def _badness(one: Seen) -> tuple[int, int]:
    severities = {"critical": 0, "high": 1, "warning": 2}
    bad = severities[one.broken.severity] if one.broken else 4 if one.value is None else 3
    return bad, ORDER.index(one.key) if one.key in ORDER else len(ORDER)


def standings(session: Session, freezer_ids: list[int], now: datetime) -> dict[int, Standing]:
    """Return how these freezers stand; one that is not measured has no channels."""
    found = latest(session, freezer_ids)
    limits = limits_of(session, [one.channel_id for seen in found.values() for one in seen])
    return {
        freezer_id: Standing(tuple(sorted((_seen(o, limits, now) for o in ones), key=_rank)), now)
        for freezer_id, ones in found.items()
    }


def _seen(one: Latest, limits: dict[int, list[Limit]], now: datetime) -> Seen:
    value, own = one.known(now), limits.get(one.channel_id, [])
    return Seen(one, value, tuple(own), worst_broken(own, value))


def _rank(one: Seen) -> tuple[int, str, int]:
    place = ORDER.index(one.key) if one.key in ORDER else len(ORDER)
    return place, one.key, one.latest.channel_id


def moving(session: Session, seen: Seen, now: datetime) -> Moving:
    """Return where this channel's value is going, and since when it is beyond its limit."""
    now_ms = to_ms(now)
    slope = trends.recent_slope(session, seen.latest.channel_id, now_ms)
    since_ms = None
    if seen.broken is not None:
        since_ms = trends.beyond_since(session, seen.latest.channel_id, seen.broken, now_ms)
    return Moving(slope, None if since_ms is None else from_ms(since_ms))
