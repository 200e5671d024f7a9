"""Who is called at night: two technicians in weekly turns, then both, then the manager."""

from datetime import timedelta

from sqlalchemy.orm import Session

from server.accounts.models import Person
from server.cli.demo_context import Making
from server.cli.demo_people import BANK, CALL_LIST
from server.notify import groups, schedules
from server.notify.models import CallStep
from server.notify.rota import Layer

ANSWER_WITHIN_S = 300
ZONE = "Asia/Shanghai"
HAND_OVER_MIN = 8 * 60
WEEK_H = 7 * 24


def make(making: Making) -> None:
    """Make the schedule, the group and the call list that asks them."""
    org, ids = making.id("organisation", BANK), [making.id("person", one) for one in CALL_LIST]
    first, second, manager = ids
    with making.database.writing() as session:
        people = [session.get_one(Person, first), session.get_one(Person, second)]
        turns = _schedule(session, making, org, (first, second))
        both = groups.set_group(
            session, making.actor, org, None, name="Technicians", people=people, at=making.now
        )
        whom: tuple[dict[str, int], ...] = (
            {"schedule_id": turns}, {"group_id": both.id}, {"person_id": manager},
        )  # fmt: skip
        session.add_all(
            CallStep(org_id=org, position=position, wait_s=ANSWER_WITHIN_S, **one)
            for position, one in enumerate(whom, start=1)
        )


def _schedule(session: Session, making: Making, org: int, people: tuple[int, int]) -> int:
    monday = making.now.date() - timedelta(days=making.now.weekday() + 14)
    made = schedules.make(session, making.actor, org, name="Nights", time_zone=ZONE, at=making.now)
    turns = tuple((person,) for person in people)
    layer = Layer("Weekly", turns, WEEK_H, monday, HAND_OVER_MIN)
    schedules.arrange(
        session, making.actor, made, name=made.name, time_zone=ZONE, layers=[layer], at=making.now
    )
    return made.id
