"""One act on many vials: what a place is for is asked, a project is of one's own, and every reason is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from server.core.db import Database
from server.core.errors import AllRefused, Conflict
from server.parties.models import Organisation, Project
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, Vial
from server.storage.positions import BoxShape
from server.storage.service.describing import describe_vial
from server.storage.service.many import give_to_project, move_into
from server.storage.service.space import reserve_space
from server.storage.service.upkeep import block
from tests.support.shelves import START, Shelves


def _project(session: Session, org: Organisation, code: str) -> Project:
    made = Project(org_id=org.id, code=code, name=code, created_at=START)
    session.add(made)
    session.flush()
    return made


def _give(shelves: Shelves, vials: list[Vial], project: Project | None) -> int:
    return give_to_project(shelves.session, shelves.actor, vials, project, at=START)


def _describe(shelves: Shelves, vial: Vial, project: Project | None) -> bool:
    return describe_vial(
        shelves.session, shelves.actor, vial, comment="", project=project, sample_type=None, at=START
    )  # fmt: skip


def _stored(shelves: Shelves, org: Organisation, project: Project) -> tuple[Container, list[Vial]]:
    box, lot = shelves.box(org), shelves.lot(org)
    vials = [shelves.vial(lot, "") for _ in range(2)]
    _give(shelves, vials, project)
    for place, vial in enumerate(vials, start=1):
        storage.place_vial(shelves.session, shelves.actor, vial, box, place, at=START)
    return box, vials


def test_a_project_is_asked_where_the_vials_stand(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        one, other = _project(session, org, "P1"), _project(session, org, "P2")
        box, vials = _stored(shelves, org, one)
        storage.limit(session, shelves.actor, box, {"project": ["P1"]}, at=START)

        with pytest.raises(AllRefused) as refused:
            _give(shelves, vials, other)
        with pytest.raises(Conflict, match="project_not_allowed"):
            _give(shelves, vials[:1], None)
        assert [refusal.code for refusal in refused.value.refusals] == ["project_not_allowed"] * 2
        assert {vial.project_id for vial in vials} == {one.id}
        with pytest.raises(Conflict, match="project_not_allowed"), session.begin_nested():
            _describe(shelves, vials[0], other)

        storage.take_out(session, shelves.actor, vials[0], at=START)
        assert _give(shelves, vials[:1], other) == 1, "on the bench it may belong to any"


def test_what_is_kept_for_a_project_stays_with_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        one, other = _project(session, org, "P1"), _project(session, org, "P2")
        box, vials = _stored(shelves, org, one)
        until = START + timedelta(days=30)
        reserve_space(session, shelves.actor, box, one, first=1, last=1, until=until, at=START)

        with pytest.raises(Conflict, match=r"A1 of .* is kept for project P1"):
            _give(shelves, vials, other)
        with pytest.raises(Conflict, match="space_kept"), session.begin_nested():
            _describe(shelves, vials[0], other)
        assert _give(shelves, vials[1:], other) == 1


def test_another_limit_that_was_broken_since_is_no_matter_of_the_project(
    database: Database,
) -> None:
    """A lot that was quarantined in its box may still be given to a project."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        one, other = _project(session, org, "P1"), _project(session, org, "P2")
        box, vials = _stored(shelves, org, one)
        storage.limit(session, shelves.actor, box, {"quarantine": ["never"]}, at=START)
        vials[0].lot.disposition = "quarantined"
        session.flush()

        assert _give(shelves, vials, other) == 2


def test_a_vial_goes_to_no_project_of_another_organisation(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org, stranger = shelves.org(), shelves.org()
        theirs = _project(session, stranger, "P9")
        vial = shelves.vial(shelves.lot(org))

        with pytest.raises(AllRefused, match="belongs to another organisation than"):
            _give(shelves, [vial], theirs)
        with pytest.raises(Conflict, match="other_organisation"):
            _describe(shelves, vial, theirs)
        assert vial.project_id is None


def test_many_go_where_a_box_is_filled_past_what_is_blocked_or_kept(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        shape = replace(BoxShape(2, 3), fill="down-right")
        into = shelves.box(org, shape=shape)
        block(session, shelves.actor, into, [1], at=START)
        other = _project(session, org, "P2")
        until = START + timedelta(days=30)
        reserve_space(session, shelves.actor, into, other, first=2, last=2, until=until, at=START)
        _box, vials = _stored(shelves, org, _project(session, org, "P1"))

        move_into(session, shelves.actor, vials, into, at=START + timedelta(hours=1))

        stays = [queries.live_custody(session, vial) for vial in vials]
        assert [into.shape.label(stay.ordinal) for stay in stays] == ["B1", "B2"]


def test_many_are_refused_by_a_box_that_keeps_the_rest_for_others(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        into = shelves.box(org, shape=BoxShape(1, 2))
        _box, vials = _stored(shelves, org, _project(session, org, "P1"))
        shelves.vial(shelves.lot(org), "", into, 1)

        with pytest.raises(Conflict, match=r"1 free position of 2, but 2 are needed"):
            move_into(session, shelves.actor, vials, into, at=START + timedelta(hours=1))
        assert list(queries.occupants(session, into)) == [1]
