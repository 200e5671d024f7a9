"""BR-01: a code is one tube's for ever; a new label is an alias."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.db import Database
from server.core.errors import Conflict, NotFound
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Vial, VialAlias
from server.storage.positions import BoxShape
from server.storage.queries.aliases import aliases_of, as_recorded
from server.storage.queries.moves import named
from server.storage.reconcile import Change
from server.storage.rules.aliases import why_not_alias
from server.storage.service.aliases import add_alias
from server.storage.service.scans import File
from tests.support.shelves import START, Shelves


@pytest.mark.parametrize(
    ("code", "kind", "state", "expected"),
    [
        ("NEW-1", "label", "in_storage", None),
        ("NEW-1", "external", "shipped", None),
        ("NEW-1", "label", "shipped", "terminal_state"),
        ("NEW-1", "nickname", "in_storage", "bad_alias"),
        ("SH-1", "label", "in_storage", "own_code"),
        ("sh-1", "label", "in_storage", "own_code"),
        ("", "label", "in_storage", "no_code"),
        ("a b", "label", "in_storage", "bad_code"),
        ("x" * 65, "label", "in_storage", "long_code"),
    ],
)
def test_what_may_be_another_code(code: str, kind: str, state: str, expected: str | None) -> None:
    refusal = why_not_alias("SH-1", state, code, kind)

    assert (refusal and refusal.code) == expected


def test_an_alias_leads_to_its_vial_wherever_a_code_is_taken(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        vial = shelves.vial(shelves.lot(shelves.org()), "SH-1")
        before = vial.version
        add_alias(session, shelves.actor, vial, "NEW-1", "label", at=START)

        for typed in ("NEW-1", "new-1", "SH-1"):
            assert queries.vial(session, shelves.actor, "storage.read", typed) is vial
        found = queries.find(session, shelves.actor, "new-1")
        assert [(hit.kind, hit.code, hit.name) for hit in found.hits] == [("vial", "SH-1", "NEW-1")]
        assert as_recorded(session, ["X", "new-1", "SH-1"]) == ["X", "SH-1", "SH-1"]
        given = ["NEW-1", "new-1", "SH-1", "none"]
        ids, _boxes = named(session, shelves.actor, "storage.read", given, [])
        assert ids == {"NEW-1": vial.id, "new-1": vial.id, "SH-1": vial.id}
        assert [alias.code for alias in aliases_of(session, vial)] == ["NEW-1"]
        assert vial.version > before
        told = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert told is not None
        assert told.action == "vial.alias_added"
        assert json.loads(told.facts)["alias"] == "NEW-1"


def test_nobody_finds_the_vial_of_others_by_its_alias(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        mine, theirs = shelves.org(), shelves.org()
        add_alias(
            session,
            shelves.actor,
            shelves.vial(shelves.lot(theirs), "SH-1"),
            "NEW-1",
            "label",
            at=START,
        )
        me = Actor(1, "I", "person", "page", "en", {"storage.read": frozenset({mine.id})})

        assert not queries.find(session, me, "NEW-1").hits
        with pytest.raises(NotFound):
            queries.vial(session, me, "storage.read", "NEW-1")


@pytest.mark.parametrize("code", ["SH-2", "sh-2", "ALIAS", "alias"])
def test_a_code_that_is_or_was_a_tubes_becomes_nobodys_alias(database: Database, code: str) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.lot(shelves.org())
        one, other = shelves.vial(lot, "SH-1"), shelves.vial(lot, "SH-2")
        add_alias(session, shelves.actor, other, "ALIAS", "external", at=START)

        with pytest.raises(Conflict) as refused:
            add_alias(session, shelves.actor, one, code, "label", at=START)

        assert refused.value.refusal.code == "code_taken"


@pytest.mark.parametrize("code", ["ALIAS", "alias"])
def test_no_new_tube_gets_the_code_of_an_alias(database: Database, code: str) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        lot = shelves.lot(shelves.org())
        add_alias(session, shelves.actor, shelves.vial(lot, "SH-1"), "ALIAS", "label", at=START)

        with pytest.raises(Conflict) as refused:
            storage.add_vials(session, shelves.actor, lot, ["SH-2", code], at=START)

        assert refused.value.refusal.code == "code_taken"


def test_a_rack_scan_reads_a_tube_by_its_new_label(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        box = shelves.box(org, shape=BoxShape(8, 12))
        vial = shelves.vial(shelves.lot(org), "SH-1", box, 1)
        add_alias(session, shelves.actor, vial, "NEW-1", "label", at=START)
        rows = ["A1,No Tube", "A2,NEW-1", *(f"A{n},No Tube" for n in range(3, 13))]
        file = File("scan.csv", "\r\n".join(rows).encode())
        staged = storage.stage_scan(session, shelves.actor, box, file, at=START)

        plan = storage.plan_of(session, staged)

        assert [entry.scanned for entry in plan.of(Change.MOVED)] == ["SH-1"]
        assert not plan.of(Change.UNKNOWN, Change.MISSING)


def test_of_a_new_tube_and_an_alias_with_one_code_only_one_comes_to_be(database: Database) -> None:
    """Both doors at the same moment, round after round; each transaction stays open a while."""
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot_id = shelves.lot(org).id
        vial_id = shelves.vial(shelves.lot(org), "SH-1").id
    rounds, together = 12, Barrier(2)

    def enter(code: str) -> bool:
        from server.catalogue.models import Lot

        together.wait()
        try:
            with database.writing() as session:
                lot = session.get_one(Lot, lot_id)
                storage.add_vial(session, Actor.system("tests"), lot, code, at=START)
        except Conflict:
            return False
        return True

    def rename(code: str) -> bool:
        together.wait()
        try:
            with database.writing() as session:
                vial = session.get_one(Vial, vial_id)
                add_alias(session, Actor.system("tests"), vial, code, "label", at=START)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for number in range(rounds):
            asked = [pool.submit(verb, f"RACE-{number}") for verb in (enter, rename)]
            assert sorted(one.result() for one in asked) == [False, True]

    with database.reading() as session:
        both = select(func.count()).select_from(Vial).join(VialAlias, VialAlias.code == Vial.code)
        assert session.scalar(both) == 0
