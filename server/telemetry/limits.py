"""Limits for charts and sentences: alarms stand above telemetry, so they come and offer theirs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

TRUST = ("critical", "high", "warning")


@dataclass(frozen=True)
class Limit:
    """One limit on a channel, in its unit. `kind` is "high" or "low"."""

    value: float
    kind: str
    severity: str
    delay_on_s: float = 0.0

    def is_broken_by(self, value: float) -> bool:
        """Say whether a value lies beyond the limit."""
        return value > self.value if self.kind == "high" else value < self.value


Provider = Callable[[Session, Sequence[int]], Mapping[int, Sequence[Limit]]]
_providers: list[Provider] = []


def provide(provider: Provider) -> None:
    """Let `provider(session, channel_ids)` add limits by channel; the same one counts once."""
    if provider not in _providers:
        _providers.append(provider)


def withdraw(provider: Provider) -> None:
    """Ask this provider no more."""
    _providers.remove(provider)


def limits_of(session: Session, channel_ids: Sequence[int]) -> dict[int, list[Limit]]:
    """Return the limits of these channels, the worst first; channels without any have an empty list."""
    found: dict[int, list[Limit]] = {channel_id: [] for channel_id in channel_ids}
    for provider in _providers if channel_ids else ():
        for channel_id, limits in provider(session, channel_ids).items():
            found.setdefault(channel_id, []).extend(limits)
    return {channel_id: sorted(limits, key=_trust) for channel_id, limits in found.items()}


def _trust(limit: Limit) -> int:
    return TRUST.index(limit.severity) if limit.severity in TRUST else len(TRUST)


def worst_broken(limits: Sequence[Limit], value: float | None) -> Limit | None:
    """Return the worst limit that the value lies beyond, or None; no value breaks no limit."""
    if value is None:
        return None
    return next((limit for limit in limits if limit.is_broken_by(value)), None)
