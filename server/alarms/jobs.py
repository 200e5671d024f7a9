"""What a worker does every second or so for alarms: each looks first, and writes only where something is due."""

from collections.abc import Callable

from server.alarms import button, service, stake, timers, watch
from server.alarms.service import own_rules
from server.alarms.watchers import WATCHERS, Watcher
from server.core.clock import Clock
from server.core.db import Database
from server.notify import service as notify

Job = Callable[[Database, Clock], object]
OWN_RULES_AT_ONCE = 100
"""So many rules are made in one transaction; the others follow at the next look."""


def watch_time(database: Database, clock: Clock) -> int:
    """Raise and clear what time alone decides."""
    now = clock.now()
    with database.reading() as session:
        if not timers.due(session, now):
            return 0
    with database.writing() as session:
        return timers.tick(session, now)


def end_what_is_left(database: Database, clock: Clock) -> int:
    """End what was raised while its rule was being switched off."""
    with database.reading() as session:
        if not service.is_anything_left(session):
            return 0
    with database.writing() as session:
        return service.end_what_is_left(session, at=clock.now())


def escalate(database: Database, clock: Clock) -> int:
    """Tell the next step of every call that nobody has answered in time."""
    now = clock.now()
    with database.reading() as session:
        if not notify.is_any_due(session, now):
            return 0
    with database.writing() as session:
        return notify.escalate(session, now)


def count_stakes(database: Database, clock: Clock) -> None:
    """Count what stands in each freezer, for the alarms to come."""
    stake.refresh(database, clock.now())


def make_own_rules(database: Database, clock: Clock) -> int:
    """Let every agent, site and bank that came since have the rules that Cryokeep makes by itself."""
    with database.reading() as session:
        wanted = own_rules.missing(session)
    if not wanted:
        return 0
    with database.writing() as session:
        return own_rules.ensure(
            session, own_rules.missing(session)[:OWN_RULES_AT_ONCE], at=clock.now()
        )


def watcher(findings: Watcher) -> Job:
    """Return the job that looks with this watcher, and settles what it finds in a short transaction.

    What is settled is found anew inside that transaction: what was seen before may be over.
    """

    def run(database: Database, clock: Clock) -> int:
        now = clock.now()
        with database.reading() as session:
            if not watch.changes_anything(session, findings(session, now)):
                return 0
        with database.writing() as session:
            return watch.settle(session, findings(session, now), now=now)

    return run


def answer_by_the_button(database: Database, clock: Clock) -> int:
    """Acknowledge alarms whose press of the button was here before their reading."""
    now = clock.now()
    with database.reading() as session:
        if not button.is_any_late(session, now):
            return 0
    with database.writing() as session:
        return button.acknowledge_late(session, now)


JOBS: tuple[tuple[str, float, Job], ...] = (
    ("alarm timers", 1.0, watch_time),
    ("alarms of rules that are off", 5.0, end_what_is_left),
    ("alarms that the button answered before", 1.0, answer_by_the_button),
    ("escalation", 1.0, escalate),
    ("stakes", 30.0, count_stakes),
    ("own alarm rules", 10.0, make_own_rules),
    *((f"watch {name}", seconds, watcher(findings)) for name, seconds, findings in WATCHERS),
)
"""(name, seconds between two runs, what is run)."""
