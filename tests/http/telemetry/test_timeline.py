"""A freezer's timeline, with levels by dipstick and notes: two times each, late ones marked, nothing overwritten."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.alarms import service
from server.alarms.models import Episode
from server.audit.models import AuditEntry
from server.core.actor import Actor
from server.core.clock import FixedClock
from server.telemetry.models import FreezerEntry
from tests.service.alarms.bank import NOON, add_rule, make_bank
from tests.support.signed_in import make_app, sign_in

PATH = "/freezers/LN2-03/timeline"


@pytest.fixture
def house(database, tmp_path):
    bank, other = make_bank(database), make_bank(database, "BJ")
    with database.writing() as session:
        people = {
            "technician": sign_in(session, bank.org_id, ("technician",)),
            "reader": sign_in(session, bank.org_id, ("read_only",)),
            "stranger": sign_in(session, other.org_id, ("technician",)),
        }
    return make_app(database, tmp_path, FixedClock(NOON)), people, bank


def post(house, who="technician", **fields):
    app, people, _bank = house
    return people[who].browser(app).post(PATH, data={"csrf": people[who].csrf, **fields})


def page(house, who="technician") -> str:
    app, people, _bank = house
    return people[who].browser(app).get(PATH).text


def kept(database) -> list[FreezerEntry]:
    with database.reading() as session:
        return list(session.scalars(select(FreezerEntry).order_by(FreezerEntry.id)))


def test_levels_that_were_back_dated_are_marked_late_and_never_overwrite(house, database):
    """As in the loss of 2018, where the levels of weeks were entered afterwards."""
    assert post(house, level_mm="212").status_code == 302
    day_before = f"{NOON - timedelta(days=1):%Y-%m-%dT%H:%M}"  # in Shanghai, eight hours ahead
    assert post(house, level_mm="240", measured_at=day_before).status_code == 302

    now, late = kept(database)
    assert (now.measured_at, now.entered_at) == (NOON, NOON)
    assert late.entered_at == NOON
    assert late.measured_at == NOON - timedelta(days=1, hours=8)
    shown = page(house)
    assert "entered late" in shown
    assert "240" in shown
    assert "212" in shown
    with database.reading() as session:
        facts = session.scalars(
            select(AuditEntry.facts).where(AuditEntry.action == "freezer.level_entered")
        ).all()
    assert any('"late_s": 115200' in one or '"late_s":115200' in one for one in facts)


def test_a_correction_is_an_entry_of_its_own(house, database):
    post(house, level_mm="212")
    (wrong,) = kept(database)

    assert post(house, level_mm="221", corrects=wrong.id, text="misread").status_code == 302
    assert [one.level_mm for one in kept(database)] == [212.0, 221.0]
    assert "<s>" in page(house)
    assert post(house, level_mm="230", corrects=wrong.id).status_code == 409
    assert post(house, level_mm="230", corrects=999).status_code == 409
    assert len(kept(database)) == 2


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "level_mm"),
        ({"level_mm": "-1"}, "level_mm"),
        ({"level_mm": "9999"}, "level_mm"),
        ({"level_mm": "full"}, "level_mm"),
        ({"text": "x", "measured_at": "yesterday"}, "measured_at"),
        ({"text": "x", "measured_at": "2026-03-15T08:00"}, "measured_at"),
        ({"text": "x", "measured_at": "2020-03-15T08:00"}, "measured_at"),
    ],
    ids=["nothing", "negative", "too high", "no number", "no moment", "future", "years ago"],
)
def test_what_cannot_be_is_said_beside_its_field_and_kept_as_typed(house, database, typed, field):
    answer = post(house, **typed)

    assert answer.status_code == 422
    assert f"{field}-error" in answer.text or 'class="errors"' in answer.text
    assert kept(database) == []


def test_who_only_reads_enters_nothing_and_another_bank_sees_nothing(house, database):
    post(house, text="Lid frost seen")

    assert post(house, "reader", text="x").status_code == 403
    assert "Lid frost seen" in page(house, "reader")
    assert "Lid frost seen" not in page(house, "stranger")


def test_alarms_and_answers_stand_among_what_happened(house, database):
    app, people, bank = house
    with database.writing() as session:
        rule = add_rule(session, bank)
        service.raise_episode(session, rule, raised_at=NOON, value=-140.0, now=NOON)
        episode = session.scalars(select(Episode)).one()
        service.acknowledge(session, Actor.system("Li Ran"), episode, "", at=NOON)

    shown = people["technician"].browser(app).get(PATH).text

    assert "Top probe too warm" in shown
    assert "acknowledged by" in shown


def test_a_program_enters_and_reads_them(house, database):
    app, people, _bank = house
    headers = {"Authorization": f"Bearer {people['technician'].token}"}
    wish = {"measured_at": NOON.isoformat(), "level_mm": 200}
    client = app.test_client()

    made = client.post("/api/v1/freezers/LN2-03/entries", json=wish, headers=headers)
    assert made.status_code == 201, made.text
    right = {**wish, "level_mm": 210, "corrects": made.json["id"]}
    assert (
        client.post("/api/v1/freezers/LN2-03/entries", json=right, headers=headers).status_code
        == 201
    )
    listed = client.get("/api/v1/freezers/LN2-03/entries", headers=headers).json["items"]
    assert {one["level_mm"]: one["corrected"] for one in listed} == {200: True, 210: False}
    naive = {**wish, "measured_at": "2026-03-14T10:00:00"}
    assert (
        client.post("/api/v1/freezers/LN2-03/entries", json=naive, headers=headers).status_code
        == 422
    )
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FreezerEntry)) == 2
