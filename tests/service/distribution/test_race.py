"""Approvals at the same moment: no vial twice, no reserve touched."""

import threading
from collections import Counter

from sqlalchemy import func, select

from server.core.db import Database
from server.core.errors import Conflict
from server.distribution import service
from server.distribution.models import Request, RequestVial
from server.storage.models import Reservation
from tests.support.desks import Desk
from tests.support.shelves import START

CLIENTS, EACH, VIALS, FLOOR = 12, 2, 16, 4


def test_approvals_at_once_never_share_a_vial_nor_touch_the_reserve(database: Database) -> None:
    with database.writing() as session:
        desk = Desk(session)
        desk.stock(VIALS, floor=FLOOR)
        ids = [desk.ask(EACH).id for _ in range(CLIENTS)]
        manager = desk.manager
    gate = threading.Barrier(CLIENTS)
    outcomes: Counter[str] = Counter()

    def approve(request_id: int) -> None:
        gate.wait()
        try:
            with database.writing() as session:
                service.approve(session, manager, session.get_one(Request, request_id), at=START)
            outcomes["approved"] += 1
        except Conflict as refused:
            outcomes[refused.refusal.code] += 1

    threads = [threading.Thread(target=approve, args=(request_id,)) for request_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    can_be_given = (VIALS - FLOOR) // EACH
    assert outcomes == {"approved": can_be_given, "reserve_touched": CLIENTS - can_be_given}
    with database.reading() as session:
        chosen = session.scalars(select(RequestVial.vial_id)).all()
        assert len(chosen) == len(set(chosen)) == can_be_given * EACH
        promised = (
            select(func.count()).select_from(Reservation).where(Reservation.ended_at.is_(None))
        )
        assert session.scalar(promised) == can_be_given * EACH
