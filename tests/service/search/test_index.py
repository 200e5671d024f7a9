"""The index follows every change in its own transaction, and can be made anew."""

from typing import cast

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server.catalogue.models import CellLine, CellLineName, Lot
from server.core.db import Database
from server.parties.models import Project
from server.search import making, queries, rules, service
from server.search.models import SearchState, SearchWord
from server.storage.models import FieldDefinition, FieldValue, Vial, VialAlias
from tests.support.shelves import START, Shelves

ALL = dict.fromkeys(("line", "lot", "container", "person", "site", "vial", "project", "organisation"))  # fmt: skip


def found(session: Session, query: str) -> set[tuple[str, int]]:
    session.flush()
    rows = queries.candidates(session, ALL, rules.terms_of(query))
    return {(row.kind, row.id) for row in rows}


def whole_index(session: Session) -> set[tuple[str, str, int]]:
    columns = (SearchWord.word, SearchWord.kind, SearchWord.thing_id)
    return {cast("tuple[str, str, int]", tuple(row)) for row in session.execute(select(*columns))}


def test_a_new_thing_is_found_at_once_and_by_its_new_name_from_then_on(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        line = shelves.line(shelves.org(), name="人胚肾细胞 HEK293T", code="SCB-0041")
        assert found(session, "胚肾 scb") == {("line", line.id)}

        line.name = "COS-7"
        assert found(session, "胚肾") == set()
        assert found(session, "cos7") == {("line", line.id)}

        line.names.append(CellLineName(name="Simian fibroblast"))
        assert found(session, "simian fibro") == {("line", line.id)}

        session.delete(line.names[0])
        assert found(session, "simian") == set()


def test_what_is_rolled_back_is_not_found(database: Database) -> None:
    with database.writer() as session:
        shelves = Shelves(session)
        line = shelves.line(shelves.org(), name="Neverland")
        assert found(session, "neverland") == {("line", line.id)}
        session.rollback()
    with database.reading() as session:
        assert found(session, "neverland") == set()


def test_a_lot_is_found_by_its_line_and_follows_it(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        line, other = shelves.line(org, name="Vero"), shelves.line(org, name="Jurkat")
        lot = shelves.lot(org, line=line, code="L-0412")
        assert found(session, "vero 0412") == {("lot", lot.id)}

        line.name = "Vero E6"
        assert found(session, "0412 e6") == {("lot", lot.id)}

        lot.line_id = other.id
        assert found(session, "jurkat 0412") == {("lot", lot.id)}
        assert found(session, "vero 0412") == set()


def test_a_freezer_is_found_by_its_room_and_its_site(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        site = shelves.site(org, "浦东")
        from server.storage import service as storage

        room = storage.add_room(session, shelves.actor, site, "B1.04", at=START)
        freezer = shelves.freezer(org, "LN2-03", room)
        assert found(session, "浦东 ln2-03 b1.04") == {("container", freezer.id)}

        site.name = "张江"
        room.code = "B2.07"
        assert found(session, "张江 b2.07") >= {("container", freezer.id), ("site", site.id)}


def test_a_vial_is_found_by_its_comment_its_other_codes_and_its_fields(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        vial = shelves.vial(shelves.lot(org), "SH-1")
        assert found(session, "sh-1") == set()  # its own code needs no word

        vial.comment = "cap cracked"
        session.add(
            VialAlias(vial_id=vial.id, code="OLD-77", kind="label", at=START, by_name="tests")
        )
        field = FieldDefinition(
            org_id=org.id, subject="vial", code="donor", name="Donor", kind="text", created_at=START
        )
        session.add(field)
        session.flush()
        value = FieldValue(definition_id=field.id, subject_id=vial.id, text="捐献者 D-118")
        session.add(value)
        assert found(session, "cracked old-77 捐献 d118") == {("vial", vial.id)}

        session.delete(value)
        vial.comment = ""
        assert found(session, "cracked") == set()
        assert found(session, "捐献") == set()
        assert found(session, "old77") == {("vial", vial.id)}


def test_a_moved_vial_writes_no_word(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        shelves.vial(shelves.lot(org), "SH-1", shelves.box(org), 3)
        session.flush()
        assert not [row for row in whole_index(session) if row[1] == "vial"]


def test_only_things_of_the_organisations_that_are_seen_are_found(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        mine, theirs = shelves.org(), shelves.org()
        own = shelves.line(mine, name="Vero")
        shelves.line(theirs, name="Vero")
        session.flush()
        terms = rules.terms_of("vero")
        seen = queries.candidates(session, {"line": frozenset({mine.id})}, terms)
        assert [row.id for row in seen] == [own.id]
        assert queries.candidates(session, {"line": frozenset()}, terms) == []
        assert queries.candidates(session, {}, terms) == []
        assert queries.candidates(session, ALL, []) == []


def test_many_words_that_many_bear_are_counted_to_a_cap(database: Database) -> None:
    with database.writing() as session:
        org = Shelves(session).org()
        service.put_many(
            session, "project",
            [service.Entry(n, org.id, rules.words_of(f"common even{n % 2} n{n}")) for n in range(1, 1501)],
        )  # fmt: skip
        assert len(queries.candidates(session, ALL, rules.terms_of("common even1"))) == 750
        assert len(queries.candidates(session, ALL, rules.terms_of("common e"))) == 1000
        assert len(queries.candidates(session, ALL, rules.terms_of("n"))) == 1000
        assert [
            c.id for c in queries.candidates(session, ALL, rules.terms_of("even0 n1500 com"))
        ] == [1500]


def test_the_index_is_made_anew_from_nothing_and_comes_out_the_same(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        org = shelves.org()
        for n in range(3):
            lot = shelves.lot(org, line=shelves.line(org, name=f"Line {n} 细胞"))
            vial = shelves.vial(lot, f"SH-{n}", shelves.box(org, into=shelves.rack(org)), 1)
            vial.comment = f"note {n}"
        session.add(Project(org_id=org.id, code="P1", name="Stroke", created_at=START))
    with database.writing() as session:
        before = whole_index(session)
        session.execute(delete(SearchWord))
        service.put(session, "line", 10_000, org.id, ["gone long ago"])

    assert making.make(database, slices=1) > 0
    assert making.make(database) > 0
    assert making.make(database) == 0
    with database.reading() as session:
        assert whole_index(session) - before == {
            (w, "line", 10_000) for w in ("gone", "long", "ago")
        }
        assert before <= whole_index(session)
        assert making.unmade(session) == []


def test_other_rules_of_words_make_every_kind_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.make(database)
    monkeypatch.setattr(rules, "VERSION", rules.VERSION + 1)
    with database.reading() as session:
        assert making.unmade(session)
    making.make(database)
    with database.reading() as session:
        assert making.unmade(session) == []
        assert set(session.scalars(select(SearchState.rules))) == {rules.VERSION}


def test_rows_written_past_the_session_are_read_when_asked(database: Database) -> None:
    with database.writing() as session:
        shelves = Shelves(session)
        line = shelves.line(shelves.org(), name="Vero")
        session.flush()
        session.execute(update(CellLine).values(name="Jurkat"))
        session.expire_all()
        assert found(session, "jurkat") == set()
        service.refresh(session, "line", [line.id])
        assert found(session, "jurkat") == {("line", line.id)}
        service.drop(session, "line", [line.id])
        assert session.scalar(select(func.count()).where(SearchWord.kind == "line")) == 0
        assert session.get(Lot, 1) is None
        assert session.get(Vial, 1) is None
