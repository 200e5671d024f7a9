"""The record: append-only, sealed after the commit, and what was tampered with is named."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from server.audit import keys, sealer, service, verify
from server.core.actor import Actor

AT = datetime(2026, 4, 17, 9, 12, tzinfo=UTC)
SYSTEM = Actor.system("tests")
TABLES = ("audit_entry", "audit_leaf", "audit_head")


@pytest.fixture
def sealed(database, tmp_path):
    """Twelve entries, sealed in two rounds."""
    for start in (0, 6):
        write(database, *range(start, start + 6))
        sealer.seal(database, tmp_path, AT + timedelta(seconds=start))
    return database


def write(database, *numbers, at=AT):
    with database.writing() as session:
        for number in numbers:
            service.record(
                session, SYSTEM, "vial.placed", "vial", f"V{number}", at=at, box="B1", 位置="C7"
            )


def tamper(database, *statements):
    """Change rows as somebody would who owns the database server, triggers and all."""
    with database.engine.begin() as connection:
        for table in TABLES:
            if database.dialect == "sqlite":
                for verb in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
            else:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        if database.dialect == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        for statement in statements:
            connection.execute(text(statement))


def findings(database, folder):
    return [(found.code, dict(found.facts)) for found in verify.verify(database, folder).findings]


def test_a_whole_record_is_said_to_be_whole(sealed, tmp_path):
    report = verify.verify(sealed, tmp_path)

    assert report.whole
    assert (report.sealed, report.heads, report.unsealed) == (12, 2, 0)
    assert "is whole" in report.text()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET {}={}"])
def test_the_database_itself_refuses_to_change_the_record(sealed, table, verb):
    column = {"audit_entry": "at", "audit_leaf": "entry_hash", "audit_head": "signature"}[table]
    with pytest.raises(DatabaseError, match="append-only"), sealed.engine.begin() as connection:
        connection.execute(text(verb.format(table, column, column)))


def test_a_changed_entry_is_named(sealed, tmp_path):
    tamper(sealed, "UPDATE audit_entry SET actor_name='somebody else' WHERE id=5")

    assert findings(sealed, tmp_path) == [("changed", {"entry": 5, "number": 5})]


@pytest.mark.parametrize(
    "column",
    [
        "at='2026-04-17 09:13:00'",
        "facts='{}'",
        "org_id=3",
        "door='page'",
        "stated_at='2026-04-17 09:13:00'",
    ],
)
def test_no_column_changes_unseen(sealed, tmp_path, column):
    tamper(sealed, f"UPDATE audit_entry SET {column} WHERE id=7")

    assert findings(sealed, tmp_path) == [("changed", {"entry": 7, "number": 7})]


def test_a_removed_entry_is_named_with_its_number(sealed, tmp_path):
    constraint = "fk_audit_leaf_entry_id_audit_entry"
    drop = (
        [f"ALTER TABLE audit_leaf DROP CONSTRAINT {constraint}"]
        if sealed.dialect != "sqlite"
        else []
    )
    if sealed.dialect == "sqlite":
        import sqlite3

        tamper(sealed)
        with sqlite3.connect(sealed.url.database) as raw:  # without foreign keys, as any tool would
            raw.execute("DELETE FROM audit_entry WHERE id=4")
        raw.close()
    else:
        tamper(sealed, *drop, "DELETE FROM audit_entry WHERE id=4")

    assert findings(sealed, tmp_path) == [("missing", {"entry": 4, "number": 4})]


def test_entries_that_changed_places_are_named(sealed, tmp_path):
    tamper(
        sealed,
        "UPDATE audit_leaf SET entry_id=-1 WHERE number=2" if sealed.dialect == "sqlite" else
        "ALTER TABLE audit_leaf DROP CONSTRAINT uq_audit_leaf_entry_id",
        "UPDATE audit_leaf SET entry_id=2 WHERE number=3",
        "UPDATE audit_leaf SET entry_id=3 WHERE number=2",
    )  # fmt: skip

    assert [code for code, _facts in findings(sealed, tmp_path)] == ["moved", "moved"]


def test_an_entry_removed_with_its_seal_leaves_a_gap(sealed, tmp_path):
    tamper(sealed, "DELETE FROM audit_leaf WHERE number=8", "DELETE FROM audit_entry WHERE id=8")

    assert ("leaf_gone", {"number": 8}) in findings(sealed, tmp_path)


def test_a_chain_made_anew_stands_under_no_true_head(sealed, tmp_path):
    """Whoever recomputes the whole chain still lacks the key."""
    tamper(
        sealed,
        "DELETE FROM audit_head",
        "DELETE FROM audit_leaf",
        "UPDATE audit_entry SET actor_name='x' WHERE id=5",
    )
    forged = tmp_path / "elsewhere"
    sealer.seal(sealed, forged, AT)

    assert [code for code, _facts in findings(sealed, tmp_path)] == ["head_false"]


def test_what_is_not_sealed_yet_is_counted_and_not_blamed(sealed, tmp_path):
    write(sealed, 20, 21, at=AT + timedelta(seconds=30))

    report = verify.verify(sealed, tmp_path)

    assert report.whole
    assert report.unsealed == 2


def test_an_entry_that_never_was_sealed_is_found(sealed, tmp_path):
    write(sealed, 20, at=AT - timedelta(hours=2))

    assert findings(sealed, tmp_path) == [("never_sealed", {"entry": 13})]


def test_a_commit_that_appears_late_is_sealed_after_those_with_higher_numbers(database, tmp_path):
    write(database, 1, 2)
    late, early = database.writer(), database.writer()
    if database.dialect == "postgresql":  # SQLite has one writer: numbers appear in order
        service.record(late, SYSTEM, "vial.moved", "vial", "LATE", at=AT)
        late.flush()
    service.record(early, SYSTEM, "vial.moved", "vial", "EARLY", at=AT)
    early.commit()
    sealer.seal(database, tmp_path, AT)
    if database.dialect == "sqlite":
        service.record(late, SYSTEM, "vial.moved", "vial", "LATE", at=AT)
    late.commit()
    sealer.seal(database, tmp_path, AT + timedelta(seconds=1))
    late.close()
    early.close()

    report = verify.verify(database, tmp_path)
    assert report.whole
    assert (report.sealed, report.unsealed) == (4, 0)


def test_the_key_is_readable_by_its_owner_only(tmp_path):
    keys.read_or_make(tmp_path)

    assert (tmp_path / keys.NAME).stat().st_mode & 0o777 == 0o600
