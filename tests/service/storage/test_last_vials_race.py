"""Many hands at the same moment: the last vials of a line stay, and a destruction has one witness."""

import threading
from collections import Counter
from collections.abc import Callable

from sqlalchemy import func, select

from server.core.db import Database
from server.core.errors import Conflict
from server.storage import service as storage
from server.storage.models import Vial
from tests.support.shelves import START, Shelves

HANDS, STAY = 8, 3


def at_once(tasks: list[Callable[[], object]]) -> Counter[str]:
    """Do all of it at the same moment; returns how each ended."""
    gate, outcomes = threading.Barrier(len(tasks)), Counter[str]()

    def run(task: Callable[[], object]) -> None:
        gate.wait()
        try:
            task()
            outcomes["done"] += 1
        except Conflict as refused:
            outcomes[refused.refusal.code] += 1

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_hands_that_take_vials_at_once_leave_the_last_ones(database: Database) -> None:
    """BR-12: counted again, when nobody else can take one away."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org(last_of_line=STAY)
        lot, box = shelves.lot(org), shelves.box(org)
        ids = [shelves.vial(lot, "", box, place).id for place in range(1, HANDS + 1)]
        actor = shelves.actor

    def take(vial_id: int) -> None:
        with database.writing() as session:
            storage.take_out(session, actor, session.get_one(Vial, vial_id), at=START)

    outcomes = at_once([lambda one=one: take(one) for one in ids])

    assert outcomes == {"done": HANDS - STAY, "last_of_line": STAY}
    with database.reading() as session:
        stored = select(func.count()).where(Vial.state == "in_storage")
        assert session.scalar(stored) == STAY
