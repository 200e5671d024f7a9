"""What tests of calls share: beginning and moving a call, who was told, and making what calls stand on."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from server.core.db import Database
from server.core.words import unpacked
from server.notify import models, service
from server.notify.models import Call, CallChain, CallStep, Notice, QuietHours, Schedule, Turn
from server.notify.rules import Sentence
from server.outbox.models import Letter
from tests.service.alarms.bank import NOON, Bank, later


def begin(
    database: Database, bank: Bank, *, number: int = 7, severity: str = "critical",
    at: datetime = NOON, **facts: object,
) -> None:  # fmt: skip
    with database.writing() as session:
        service.call(
            session, org_id=bank.org_id, about=("alarm", number), severity=severity,
            subject=Sentence("It is %(how)s", {"how": "warm"}), text=[Sentence("Look at it.")],
            path=f"/alarms/{number}", at=at, facts=facts,
        )  # fmt: skip


def escalate(database: Database, seconds: float) -> int:
    with database.writing() as session:
        return service.escalate(session, later(seconds))


def told(database: Database) -> list[str]:
    """Return the addresses of all letters, without what follows the @."""
    with database.reading() as session:
        addresses = session.scalars(select(Letter.address).order_by(Letter.id))
        return [one.partition("@example.org")[0] for one in addresses]


def notes(database: Database) -> list[str]:
    """Return why somebody was not told, in English."""
    with database.reading() as session:
        kept = session.scalars(select(Notice.note).where(Notice.note != "").order_by(Notice.id))
        return [str(unpacked(one)["note"]) for one in kept]


def due_at(database: Database, number: int = 7) -> datetime | None:
    with database.reading() as session:
        return session.scalars(select(Call.due_at).where(Call.about_id == number)).one()


def step(bank: Bank, position: int, **more: object) -> CallStep:
    return CallStep(org_id=bank.org_id, position=position, **{"wait_s": 300, **more})


def chain(bank: Bank, name: str = "night", position: int = 1, **more: object) -> CallChain:
    return CallChain(org_id=bank.org_id, name=name, position=position, **more)


def schedule(session, bank: Bank, turns: Iterable[int], **layer: object) -> Schedule:
    """Add a schedule of Shanghai: days from noon UTC (20:00 there) of the day of NOON on."""
    made = Schedule(org_id=bank.org_id, name="on call", time_zone="Asia/Shanghai", created_at=NOON)
    session.add(made)
    session.flush()
    wanted = {
        "position": 1, "name": "days", "turn_hours": 24, "begins_on": date(2026, 3, 14),
        "hand_over_min": 20 * 60,
    }  # fmt: skip
    row = models.Layer(schedule_id=made.id, **{**wanted, **layer})
    session.add(row)
    session.flush()
    for number, person in enumerate(turns):
        session.add(Turn(layer_id=row.id, number=number, person_id=person))
    session.flush()
    return made


def quiet(person_id: int, begins: int, until: int, most_severe: str = "high") -> QuietHours:
    """Hours of every day in UTC, in minutes after midnight."""
    return QuietHours(
        person_id=person_id, weekdays="0123456", from_min=begins, until_min=until, time_zone="UTC",
        most_severe=most_severe,
    )  # fmt: skip
