"""What telemetry puts on the page of a vial and on the first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, render_template
from sqlalchemy import select

from server.accounts.queries import visible
from server.core.clock import from_ms
from server.storage.models import Container, Vial
from server.telemetry.models import Channel
from server.telemetry.nitrogen import Outlook, outlook
from server.telemetry.standing import standings
from server.telemetry.whereabouts import warmest_here

PERMISSION = "telemetry.read"
SOON_DAYS = 3.0
FULL_BAR_DAYS = 14.0


def vial_warmest(vial: Vial) -> str | None:
    """Return the line that tells how warm it became where the vial has been."""
    if not g.actor.may(PERMISSION, vial.org_id):
        return None
    found, freezer_id = warmest_here(g.session, vial.id, g.clock.now())
    freezer = g.session.get(Container, freezer_id) if freezer_id else None
    return render_template(
        "telemetry/vial.html",
        celsius=found[0] if found else None,
        at=from_ms(found[1]) if found else None,
        freezer=freezer,
        zone=freezer.room.site.time_zone if freezer and freezer.room else "",
    )


@dataclass(frozen=True)
class Tank:
    """One line of the nitrogen card."""

    freezer: Container
    tank: Outlook
    zone: str

    @property
    def fraction(self) -> float:
        """Return how long the bar is; whole where nobody knows."""
        return 1.0 if self.tank.days is None else min(self.tank.days / FULL_BAR_DAYS, 1.0)

    @property
    def state(self) -> str:
        """Return the state that the eye sees."""
        if self.tank.days is None:
            return "unknown"
        return "critical" if self.tank.days <= 0 else "high" if self.tank.days < SOON_DAYS else ""


def nitrogen(_actor: Any) -> str | None:  # noqa: ANN401  a panel takes what its place holds
    """Return the card that tells for how long the nitrogen lasts, the shortest first."""
    if not g.actor.may(PERMISSION):
        return None
    tanks = sorted(_tanks(_measured()), key=_urgency)
    return render_template("telemetry/nitrogen.html", tanks=tanks) if tanks else None


def _measured() -> Sequence[Container]:
    wanted = select(Container).where(
        Container.id.in_(select(Channel.freezer_id).where(Channel.confirmed)),
        Container.retired_at.is_(None),
    )
    found = visible(wanted, g.actor, PERMISSION, Container.org_id).order_by(Container.code)
    return list(g.session.scalars(found))


def _tanks(freezers: Sequence[Container]) -> list[Tank]:
    now = g.clock.now()
    found = standings(g.session, [freezer.id for freezer in freezers], now)
    tanks = []
    for freezer in freezers:
        one = outlook(g.session, found[freezer.id], now)
        if one is not None and (one.critical is not None or one.level.value is None):
            tanks.append(Tank(freezer, one, freezer.room.site.time_zone if freezer.room else ""))
    return tanks


def _urgency(line: Tank) -> tuple[bool, float, str]:
    return line.tank.days is None, line.tank.days or 0.0, line.freezer.code
