"""What a worker does every second or so for alarms: each looks first, and writes only where something is due."""

from collections.abc import Callable

from server.alarms import button, excursions, later, service, stake, timers, watch
from server.alarms.service import (
    floods,
    inhibiting,
    lateness,
    own_rules,
    path_letters,
    reminders,
    suspensions,
    type_rules,
    versions,
)
from server.alarms.watchers import WATCHERS, Watcher
from server.core.clock import Clock
from server.core.db import Database
from server.notify import service as notify
from server.telemetry import retention

Job = Callable[[Database, Clock], object]
retention.keep(excursions.kept)  # the worker that thins old readings asks first
AT_ONCE = 100
"""So much is written in one transaction, so that no reading waits long for it."""


def watch_time(database: Database, clock: Clock) -> int:
    """Raise and clear what time alone decides."""
    now = clock.now()
    with database.reading() as session:
        due = timers.due(session, now)
        coming = floods.coming(session, [one.rule for one in due if one.change == "raised"])
    if not due:
        return 0
    if coming:
        with database.writing() as session:
            floods.brace(session, coming, at=now)
    changed = 0
    rules = sorted({one.rule.id for one in due})
    for first in range(0, len(rules), AT_ONCE):
        with database.writing() as session:
            changed += timers.tick(session, now, rules[first : first + AT_ONCE])
    return changed


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


def apply_planned(database: Database, clock: Clock) -> int:
    """Let rules say from now on what was planned for this moment."""
    now = clock.now()
    with database.reading() as session:
        if not versions.is_any_due(session, now):
            return 0
    with database.writing() as session:
        return versions.apply_due(session, now)


def follow_types(database: Database, clock: Clock) -> int:
    """Let freezers be watched as their type says, where they do not differ on purpose."""
    now = clock.now()
    with database.reading() as session:
        if not type_rules.due(session, now):
            return 0
    with database.writing() as session:
        return type_rules.apply_due(session, now)


def look_back(database: Database, clock: Clock) -> int:
    """Judge what came late in its place in history, and tell of what is found."""
    now = clock.now()
    with database.reading() as session:
        if not lateness.is_anything_new(session, now):
            return 0
        found, seen = lateness.look(session, now)
    done = 0
    for first in range(0, max(len(found), 1), AT_ONCE):
        with database.writing() as session:
            part = found[first : first + AT_ONCE]
            done += lateness.settle(
                session, part, seen if first + AT_ONCE >= len(found) else 0, at=now
            )
    return done


def count_stakes(database: Database, clock: Clock) -> None:
    """Count what stands in each freezer, for the alarms to come."""
    stake.refresh(database, clock.now())


def tend_floods(database: Database, clock: Clock) -> int:
    """Tell the digests of floods, end them when the rate has fallen, and let what is left call again."""
    now = clock.now()
    with database.reading() as session:
        if not floods.is_anything_due(session, now):
            return 0
    with database.writing() as session:
        return floods.tend(session, now)


def let_reappear(database: Database, clock: Clock) -> int:
    """Let alarms call that still hold although what explained them, or their flood, is over."""
    now = clock.now()
    with database.reading() as session:
        ids = inhibiting.settled(session, now) + floods.left(session)
        coming = floods.coming(session, inhibiting.rules_of(session, ids))
    if coming:
        with database.writing() as session:
            floods.brace(session, coming, at=now)
    for first in range(0, len(ids), AT_ONCE):
        with database.writing() as session:
            inhibiting.bring_back(session, ids[first : first + AT_ONCE], at=now)
    return len(ids)


def finish_explained(database: Database, clock: Clock) -> int:
    """Let the answer to a cause, or to a flood, count for what is over below it."""
    with database.reading() as session:
        ids = inhibiting.done_with(session)
    if not ids:
        return 0
    with database.writing() as session:
        return inhibiting.finish(session, ids, at=clock.now())


def run_out(database: Database, clock: Clock) -> int:
    """Let acknowledgements run out whose alarm still goes on: it calls again."""
    now = clock.now()
    with database.reading() as session:
        if not service.running_out(session, now):
            return 0
    with database.writing() as session:
        return service.run_out(session, now)


def end_suspensions(database: Database, clock: Clock) -> int:
    """End what was set aside for a time, and let the alarms call that still go on."""
    now = clock.now()
    with database.reading() as session:
        if not suspensions.is_anything_due(session, now):
            return 0
    with database.writing() as session:
        return suspensions.settle(session, now)


def remind(database: Database, clock: Clock) -> int:
    """Remind of what is set aside or switched off, and watch again for what was off long enough."""
    now = clock.now()
    with database.reading() as session:
        if not reminders.is_anything_due(session, now):
            return 0
    with database.writing() as session:
        return reminders.tend(session, now)


def tell_managers(database: Database, clock: Clock) -> int:
    """Write to those who can mend it where the path of alarms reaches nobody."""
    with database.reading() as session:
        if not path_letters.untold(session):
            return 0
    with database.writing() as session:
        return path_letters.tell(session, at=clock.now())


def make_own_rules(database: Database, clock: Clock) -> int:
    """Let every agent, site and bank that came since have the rules that Cryokeep makes by itself."""
    with database.reading() as session:
        wanted = len(own_rules.missing(session))
    for _slice in range(0, wanted, AT_ONCE):
        with database.writing() as session:
            own_rules.ensure(session, own_rules.missing(session)[:AT_ONCE], at=clock.now())
    return wanted


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
    ("acknowledgements that run out", 1.0, run_out),
    ("what is set aside", 1.0, end_suspensions),
    ("reminders of what is set aside or off", 30.0, remind),
    ("escalation", 1.0, escalate),
    ("held notices", 5.0, later.tell_held),
    ("late readings", 10.0, look_back),
    ("planned rules", 10.0, apply_planned),
    ("rules of types", 30.0, follow_types),
    ("stakes", 30.0, count_stakes),
    ("floods", 2.0, tend_floods),
    ("explained alarms that are left", 5.0, let_reappear),
    ("explained alarms that are done with", 5.0, finish_explained),
    ("letters past the alarm path", 10.0, tell_managers),
    ("own alarm rules", 10.0, make_own_rules),
    *((f"watch {name}", seconds, watcher(findings)) for name, seconds, findings in WATCHERS),
)
"""(name, seconds between two runs, what is run)."""
