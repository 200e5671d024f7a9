"""Custom fields: defined, filled, found, and kept in the record."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.core.db import Database
from server.core.errors import AllRefused, Conflict, CryokeepError, Invalid
from server.search import queries as index
from server.search.rules import terms_of
from server.storage import service as storage
from server.storage.models import FieldDefinition
from server.storage.queries import vial_list
from server.storage.queries.fields import definition, definitions, fields_of, filled, plain_fields
from server.storage.rules.fields import Definition
from server.storage.rules.vial_filters import VialFilter
from server.storage.service import field_definitions as service
from server.storage.service import sample_types
from server.storage.service.entering import Entering, enter_vials
from server.storage.service.fields import set_fields, set_values
from tests.support.shelves import START, Shelves

VIABILITY = Definition("viability", "Viability", "number", "%", least=0, most=100)
MEDIUM = Definition("medium", "Medium", "choice", choices=("DMEM", "RPMI"))
NOTE = Definition("note", "Note", "text")
CLEAN = Definition("clean", "Mycoplasma free", "yes_no", required=True)


def _define(
    shelves: Shelves, org_id: int, *wanted: Definition, subject: str = "vial"
) -> list[FieldDefinition]:
    return [
        service.define_field(shelves.session, shelves.actor, org_id, subject, one, at=START)
        for one in wanted
    ]


def test_what_is_set_stands_there_is_found_and_is_in_the_record(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial, other = (shelves.vial(shelves.lot(org), code) for code in ("SH-1", "SH-2"))
        _define(shelves, org.id, VIABILITY, MEDIUM, NOTE)
        before = vial.version

        given = {"viability": "97.50", "medium": "dmem", "note": "白血病 donor"}
        set_fields(session, shelves.actor, vial, given, at=START)
        changed = set_fields(session, shelves.actor, vial, {"viability": 98, "note": ""}, at=START)

        assert changed == {"viability": ["97.5", "98"], "note": ["白血病 donor", ""]}
        assert plain_fields(session, "vial", vial.id) == {"viability": 98.0, "medium": "DMEM"}
        assert vial.version == before + 2
        told = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert told is not None
        assert (told.action, told.subject_code) == ("vial.fields_changed", "SH-1")
        assert json.loads(told.facts) == {"changed": changed}
        for words, ids in (("DMEM", [vial.id]), ("白血", []), ("RPMI", [])):
            found = index.candidates(session, {"vial": None}, terms_of(words))
            assert [one.id for one in found] == ids
        wanted = VialFilter(custom=(("medium", "DMEM"), ("viability", "98")))
        query = vial_list.base(shelves.actor, vial_list.narrowed(session, shelves.actor, wanted))
        assert [row.facts.code for row in vial_list.page(session, query, vial_list.Order())[0]] == [
            "SH-1"
        ]
        assert not plain_fields(session, "vial", other.id)


def _listed(shelves: Shelves, *custom: tuple[str, str]) -> list[str]:
    conditions = vial_list.narrowed(shelves.session, shelves.actor, VialFilter(custom=custom))
    query = vial_list.base(shelves.actor, conditions)
    rows, _ = vial_list.page(shelves.session, query, vial_list.Order())
    return [row.facts.code for row in rows]


def test_capitals_make_no_other_field(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1")
        _define(shelves, org.id, VIABILITY)
        with pytest.raises(Conflict) as refused:
            _define(shelves, org.id, replace(VIABILITY, code="VIABILITY"))
        assert "There is a field viability already" in refused.value.refusal.text()
        set_fields(session, shelves.actor, vial, {"Viability": 90}, at=START)
        assert plain_fields(session, "vial", vial.id) == {"viability": 90.0}
        found = definition(session, shelves.actor, "storage.read", "vial", "VIABILITY")
        assert found.code == "viability"
        assert _listed(shelves, ("VIABILITY", "90")) == ["SH-1"]


def test_a_text_is_found_by_words_within_it_and_a_choice_only_whole(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        one, other = (shelves.vial(lot, code) for code in ("SH-1", "SH-2"))
        _define(shelves, org.id, NOTE, MEDIUM)
        set_fields(session, shelves.actor, one, {"note": "from 100% Donor 12, 白血病"}, at=START)
        set_fields(session, shelves.actor, other, {"note": "donor 21", "medium": "DMEM"}, at=START)

        for asked, codes in (
            ("donor", ["SH-1", "SH-2"]),
            ("donor 12", ["SH-1"]),
            ("donor 2", ["SH-2"]),
            ("12 donor", []),
            ("onor", []),
            ("100%", ["SH-1"]),
            ("血病", ["SH-1"]),
            ("donor 21", ["SH-2"]),
        ):
            assert _listed(shelves, ("note", asked)) == codes, asked
        assert _listed(shelves, ("medium", "dm")) == []
        assert _listed(shelves, ("medium", "dmem"), ("note", "Donor")) == ["SH-2"]


@pytest.mark.parametrize("subject", ["vial", "lot", "line", "container"])
def test_every_subject_has_fields(database: Database, subject: str) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        thing = {
            "vial": shelves.vial(lot), "lot": lot, "line": lot.line, "container": shelves.box(org, "B-1"),
        }[subject]  # fmt: skip
        _define(shelves, org.id, NOTE, subject=subject)

        set_fields(session, shelves.actor, thing, {"note": "seldom"}, at=START)
        thing.comment = "a later change by the session does not meet an old version"
        session.flush()

        assert plain_fields(session, subject, thing.id) == {"note": "seldom"}
        found = index.candidates(session, {subject: None}, terms_of("seldom"))
        assert [one.id for one in found] == [thing.id]
        action = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first()
        kind = "box" if subject == "container" else subject
        assert action == f"{kind}.fields_changed"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"viability": "101"}, "field_outside"),
        ({"viability": True}, "field_not_number"),
        ({"medium": "IMDM"}, "field_not_choice"),
        ({"nothing": "x"}, "no_such_field"),
        ({"old": "x"}, "field_retired"),
        ({"strawy": "x"}, "other_type"),
    ],
)
def test_what_cannot_stand_there_is_refused(
    database: Database, given: dict[str, str | bool], code: str
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org))
        rows = _define(shelves, org.id, VIABILITY, MEDIUM, Definition("old", "Old", "text"))
        service.retire_field(session, shelves.actor, rows[2], at=START)
        straw = sample_types.chosen(session, org.id, "straw-0.5", at=START)
        service.define_field(
            session, shelves.actor, org.id, "vial", Definition("strawy", "Strawy", "text"), straw, at=START
        )  # fmt: skip

        with pytest.raises(CryokeepError) as refused:
            set_fields(session, shelves.actor, vial, given, at=START)

        assert refused.value.refusal.code == code
        assert refused.value.field == next(iter(given))
        assert not plain_fields(session, "vial", vial.id)


def test_many_things_are_set_at_once_or_none_with_every_reason(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        vials = [shelves.vial(lot) for _ in range(30)]
        _define(shelves, org.id, VIABILITY, MEDIUM)
        wanted = {one.id: {"viability": n, "medium": "RPMI"} for n, one in enumerate(vials)}

        bad = {vials[3].id: {"viability": -1}, vials[4].id: {"medium": "x"}}
        with pytest.raises(AllRefused) as refused:
            set_values(session, shelves.actor, "vial", {**wanted, **bad}, at=START)
        assert {one.code for one in refused.value.refusals} == {"field_outside", "field_not_choice"}
        assert not filled(session, definitions(session, org.id, "vial"))

        changed = set_values(session, shelves.actor, "vial", wanted, at=START)
        again = set_values(session, shelves.actor, "vial", wanted, at=START)

        assert len(changed) == 30
        assert not again
        counts = filled(session, definitions(session, org.id, "vial"))
        assert sorted(counts.values()) == [30, 30]


def test_a_needed_field_is_asked_of_new_samples_and_of_changed_ones(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        old = shelves.vial(lot)
        _define(shelves, org.id, CLEAN, NOTE)

        for given in ({}, {"clean": ""}, {"note": "x"}):
            with pytest.raises(Invalid) as refused:
                enter_vials(session, shelves.actor, lot, ["N-1"], Entering("", given), at=START)
            assert refused.value.refusal.code == "field_missing"
        with pytest.raises(Invalid):
            set_fields(session, shelves.actor, old, {"note": "x"}, at=START)
        (made,) = enter_vials(
            session, shelves.actor, lot, ["N-1"], Entering("", {"clean": True}), at=START
        )

        assert plain_fields(session, "vial", made.id) == {"clean": True}


def test_what_has_left_for_good_keeps_what_was_said_of_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 1)
        _define(shelves, org.id, NOTE)
        storage.take_out(session, shelves.actor, vial, at=START)
        storage.thaw_vial(session, shelves.actor, vial, at=START)

        with pytest.raises(Invalid) as refused:
            set_fields(session, shelves.actor, vial, {"note": "late"}, at=START)

        assert refused.value.refusal.code == "terminal_state"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (Definition("viability", "Viability", "text"), "field_filled"),
        (
            Definition("viability", "Viability", "number", "cells", least=0, most=100),
            "field_filled",
        ),
        (Definition("viability", "Viability", "number", "%", least=0, most=50), "field_outside"),
        (Definition("viability", "Viable", "number", "%", least=0), None),
    ],
)
def test_a_filled_field_changes_only_where_its_values_may_stay(
    database: Database, now: Definition, code: str | None
) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        (row,) = _define(shelves, org.id, VIABILITY)
        for value in (40, 60, 80):
            set_fields(session, shelves.actor, shelves.vial(lot), {"viability": value}, at=START)

        if code is None:
            service.change_field(session, shelves.actor, row, now, at=START)
            assert (row.name, row.most) == ("Viable", None)
            return
        with pytest.raises(Conflict) as refused:
            service.change_field(session, shelves.actor, row, now, at=START)

        assert refused.value.refusal.code == code
        assert refused.value.refusal.facts["count"] == 3


def test_a_field_that_is_filled_elsewhere_does_not_become_one_types_own(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        lot = shelves.lot(org)
        (row,) = _define(shelves, org.id, NOTE)
        set_fields(session, shelves.actor, shelves.vial(lot), {"note": "x"}, at=START)
        straw = sample_types.chosen(session, org.id, "straw-0.5", at=START)

        with pytest.raises(Conflict) as refused:
            service.change_field(session, shelves.actor, row, NOTE, straw, at=START)

        assert refused.value.refusal.facts["outside"] == 1


def test_fields_are_ordered_retired_and_brought_back(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org))
        rows = _define(shelves, org.id, VIABILITY, MEDIUM, NOTE)
        set_fields(session, shelves.actor, vial, {"note": "kept"}, at=START)

        order = ["note", "viability", "medium"]
        service.order_fields(session, shelves.actor, org.id, "vial", order, at=START)
        assert [row.code for row, _value in fields_of(session, vial)] == order
        service.retire_field(session, shelves.actor, rows[2], at=START)
        service.retire_field(session, shelves.actor, rows[1], at=START)
        session.flush()
        # what stands there is shown still; what is empty is asked no longer
        assert [row.code for row, _value in fields_of(session, vial)] == ["viability", "note"]
        service.bring_back_field(session, shelves.actor, rows[1], at=START)
        assert len(definitions(session, org.id, "vial")) == 2
        with pytest.raises(Invalid):
            service.order_fields(session, shelves.actor, org.id, "vial", ["note"], at=START)
        with pytest.raises(Conflict):
            _define(shelves, org.id, NOTE)
