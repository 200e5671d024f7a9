"""Spans that charts shade: alarms stand above telemetry, so they come and tell theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.notify.rules import Sentence
from server.telemetry.models import Channel


@dataclass(frozen=True)
class Excursion:
    """A time in which an alarm stood, in ms since 1970 UTC; `to_ms` is None while it does."""

    from_ms: int
    to_ms: int | None
    severity: str
    text: Sentence
    url: str = ""


Provider = Callable[[Session, Sequence[Channel], int, int], Sequence[Excursion]]
_providers: list[Provider] = []


def provide(provider: Provider) -> None:
    """Let `provider(session, channels, from_ms, to_ms)` tell excursions; the same one counts once."""
    if provider not in _providers:
        _providers.append(provider)


def excursions(
    session: Session, channels: Sequence[Channel], from_ms: int, to_ms: int
) -> list[Excursion]:
    """Return what touches this time, oldest first."""
    found = [one for provider in _providers for one in provider(session, channels, from_ms, to_ms)]
    return sorted(found, key=lambda one: one.from_ms)
