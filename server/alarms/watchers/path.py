"""Whether alarms can reach a person: looks at each condition of `alarms.paths` for every bank."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.alarms import paths
from server.alarms.models import AlarmRule
from server.alarms.watch import Finding
from server.alarms.watchers import path_house, path_people, path_watched
from server.notify.rules import Sentence

EVERY_S: Final = 15.0
Look = Callable[[Session, int, datetime], Sentence | None]
LOOKS: Final[dict[str, Look]] = {
    "nobody": path_people.nobody,
    "gap": path_people.gap,
    "mail": path_people.mail,
    "letters": path_people.letters,
    "off": path_watched.off,
    "bare": path_watched.bare,
    "blind": path_watched.blind,
    "certificate": path_house.certificate,
    "worker": path_house.worker,
    "clock": path_house.clock,
}
"""(session, organisation, now) -> what is wrong; None while all is well."""


def findings(session: Session, now: datetime) -> list[Finding]:
    """Return of every condition of every bank whether the path is off now, with the reason in words."""
    return of_rules(session, rules(session), now)


def rules(session: Session, only: str = "") -> list[AlarmRule]:
    """Return the rules of the path that are switched on; of one condition where it is named."""
    wanted = select(AlarmRule).where(AlarmRule.kind == "path_off", AlarmRule.enabled)
    found = session.scalars(wanted.order_by(AlarmRule.id))
    return [one for one in found if not only or paths.of(one.params) == only]


def of_rules(session: Session, found: Iterable[AlarmRule], now: datetime) -> list[Finding]:
    """Return what is wrong by these rules."""
    made = []
    for rule in found:
        look = LOOKS.get(paths.of(rule.params))
        why = look(session, rule.org_id, now) if look else None
        made.append(Finding(rule, why is not None, now, detail={"reason": why} if why else {}))
    return made
