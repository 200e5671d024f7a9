"""The derivation graph, on both databases."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, Invalid
from server.genealogy import queries, service
from server.genealogy.models import Edge
from server.genealogy.rules import Ref
from tests.support.shelves import START, Shelves

ACTOR = Actor.system("tests")
SEED, MASTER, WORKING, OTHER = (Ref("lot", n, f"L-{n}") for n in (1, 2, 3, 4))
TUBE = Ref("vial", 1, "SH-1")


def derive(
    session: Session, org_id: int, *pairs: tuple[Ref, Ref], relation: str = "expansion"
) -> None:
    for parent, child in pairs:
        service.derive(session, ACTOR, [parent], child, relation, org_id=org_id, at=START)


def codes(kin: list[queries.Kin]) -> list[tuple[str, int]]:
    return [(each.ref.code, each.generation) for each in kin]


def test_ancestors_and_descendants_are_found_over_generations(database: Database) -> None:
    with database.writing() as session:
        org_id = Shelves(session).org().id
        derive(session, org_id, (SEED, MASTER), (MASTER, TUBE), (TUBE, WORKING), (MASTER, OTHER))

        assert codes(queries.ancestors(session, WORKING)) == [("SH-1", 1), ("L-2", 2), ("L-1", 3)]
        assert codes(queries.descendants(session, SEED)) == [
            ("L-2", 1),
            ("L-4", 2),
            ("SH-1", 2),
            ("L-3", 3),
        ]
        assert [edge.parent_code for edge in queries.parents(session, WORKING)] == ["SH-1"]
        assert {edge.child_code for edge in queries.children(session, MASTER)} == {"SH-1", "L-4"}


def test_a_lot_of_several_parents_names_each_once_however_many_ways_lead_there(
    database: Database,
) -> None:
    with database.writing() as session:
        org_id = Shelves(session).org().id
        derive(session, org_id, (SEED, MASTER), (SEED, OTHER))
        service.derive(session, ACTOR, [MASTER, OTHER], WORKING, "pool", org_id=org_id, at=START)

        assert codes(queries.ancestors(session, WORKING)) == [("L-2", 1), ("L-4", 1), ("L-1", 2)]


def test_a_circle_is_refused_over_any_number_of_generations(database: Database) -> None:
    with database.writing() as session:
        org_id = Shelves(session).org().id
        derive(session, org_id, (SEED, MASTER), (MASTER, TUBE), (TUBE, WORKING))

        with pytest.raises(Conflict, match="comes out of L-1 already"):
            derive(session, org_id, (WORKING, SEED))
        with pytest.raises(Conflict, match="circle"):
            derive(session, org_id, (SEED, SEED))


def test_an_edge_is_superseded_and_kept(database: Database) -> None:
    with database.writing() as session:
        org_id = Shelves(session).org().id
        derive(session, org_id, (SEED, MASTER))
        edge = session.scalars(select(Edge)).one()
        with pytest.raises(Conflict, match="recorded already"):
            derive(session, org_id, (SEED, MASTER))
        with pytest.raises(Invalid, match="Say why"):
            service.supersede_edge(session, ACTOR, edge, " ", at=START)
        service.supersede_edge(session, ACTOR, edge, "wrong tube", at=START)
        session.flush()

        assert queries.parents(session, MASTER) == []
        assert queries.ancestors(session, MASTER) == []
        derive(session, org_id, (MASTER, SEED))  # the other way round was the truth
        assert edge.superseded_because == "wrong tube"
        with pytest.raises(Conflict, match="already"):
            service.supersede_edge(session, ACTOR, edge, "again", at=START)
        session.flush()
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions == ["edge.derived", "edge.superseded", "edge.derived"]
