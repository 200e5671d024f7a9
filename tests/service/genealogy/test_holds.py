"""Holds stack; who may lift them, on both databases."""

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Forbidden, Invalid, NotFound
from server.genealogy import queries, service
from server.genealogy.rules import Ref
from tests.support.shelves import START, Shelves

LOT = Ref("lot", 1, "L-1")
SYSTEM = Actor.system("tests")


def person(org_id: int, *may: str) -> Actor:
    return Actor(
        id=1, name="Chen Li", org_id=org_id, permissions={one: frozenset({org_id}) for one in may}
    )


def test_a_thing_is_free_only_when_every_hold_is_lifted(database: Database) -> None:
    """BR-25."""
    with database.writing() as session:
        org_id = Shelves(session).org().id
        warm = service.lay(session, SYSTEM, LOT, org_id, "excursion", at=START)
        doubt = service.lay(session, SYSTEM, LOT, org_id, "identity", "STR differs", at=START)

        service.lift(session, SYSTEM, warm, "assessed: no effect", at=START)
        session.flush()
        assert not queries.is_free(session, LOT)
        assert queries.open_holds(session, [LOT.key]) == {LOT.key: [doubt]}

        service.lift(session, SYSTEM, doubt, "STR matches after all", at=START)
        session.flush()
        assert queries.is_free(session, LOT)
        assert len(queries.holds_of(session, [LOT.key])) == 2
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions == ["hold.laid", "hold.laid", "hold.lifted", "hold.lifted"]


def test_only_holders_of_its_permission_lift_a_hold_and_only_once(database: Database) -> None:
    with database.writing() as session:
        org_id = Shelves(session).org().id
        hold = service.lay(
            session, person(org_id, "holds.manage"), LOT, org_id, "consent", at=START
        )

        with pytest.raises(Forbidden, match="may not lift"):
            service.lift(session, person(org_id, "holds.manage"), hold, "fine", at=START)
        with pytest.raises(Forbidden):
            service.lift(session, person(org_id + 1, "holds.lift"), hold, "fine", at=START)
        with pytest.raises(Invalid, match="Say why"):
            service.lift(session, person(org_id, "holds.lift"), hold, "  ", at=START)
        service.lift(session, person(org_id, "holds.lift"), hold, "asked the donor", at=START)
        session.flush()
        with pytest.raises(Conflict, match="already"):
            service.lift(session, SYSTEM, hold, "again", at=START)
        assert (hold.lifted_by_name, hold.lifted_because) == ("Chen Li", "asked the donor")


def test_holds_are_seen_by_their_organisation_alone(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        mine, theirs = shelves.org().id, shelves.org().id
        own = service.lay(session, SYSTEM, LOT, mine, "stock_check", at=START)
        other = service.lay(session, SYSTEM, LOT, theirs, "stock_check", at=START)
        reader = person(mine, "storage.read")

        assert list(session.scalars(queries.holds_seen_by(reader))) == [own]
        assert queries.hold(session, reader, own.id) is own
        with pytest.raises(NotFound):
            queries.hold(session, reader, other.id)
