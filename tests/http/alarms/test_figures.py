"""Responder figures: the page, the file and the API, through the app."""

from datetime import timedelta
from pathlib import Path

import pytest

from server.alarms import service
from server.alarms.models import AlarmRule, Episode
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from tests.http.alarms.test_pages import House
from tests.service.alarms.bank import add_rule, add_step, make_bank
from tests.support.signed_in import make_app, sign_in

PATH = "/alarms/figures"
API = "/api/v1/alarms/figures"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    bank, other = make_bank(database), make_bank(database, "BJ")
    now = SystemClock().now() - timedelta(hours=1)
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        rule = add_rule(session, bank)
        alarm_id = service.raise_episode(session, rule, raised_at=now, value=-149.0, now=now)
        lee = Actor(id=bank.people["lee"], name="Lee")
        at = now + timedelta(seconds=42)
        service.acknowledge(session, lee, session.get_one(Episode, alarm_id), "", at=at)
        manager = sign_in(session, bank.org_id, ("bank_manager",))
        reader = sign_in(session, bank.org_id, ("read_only",))
        stranger = sign_in(session, other.org_id, ("bank_manager",))
    return House(make_app(database, tmp_path), database, bank, manager, reader, stranger, alarm_id)


def answer(house: House, path: str, who: object) -> object:
    return who.browser(house.app).get(path)


def test_the_page_says_how_soon_who_answered(house: House) -> None:
    text = house.page(f"{PATH}?days=7", house.reader)

    assert "Responder figures" in text
    assert "42.0 s" in text
    assert "LN2-03, Top probe: too high" in text
    assert "Lee" in text
    assert PATH in house.page("/alarms")


def test_a_program_gets_the_same(house: House) -> None:
    got = house.app.test_client().get(f"{API}?days=7", headers=house.reader.bearer)

    assert got.status_code == 200, got.text
    said = got.json
    assert (said["organisation"], said["alarms"], said["never_answered"]) == ("SH", 1, 0)
    assert said["to_acknowledge"] == [{"of": "critical", "n": 1, "p50_s": 42.0, "p95_s": 42.0}]
    assert said["to_acknowledge_by_person"][0]["of"] == "Lee"
    assert [one["share"] for one in said["rules"]] == [1.0]
    assert said["drills_to_answer"] is None


def test_the_file_has_a_line_for_each_figure(house: House) -> None:
    got = answer(house, f"{PATH}.csv?days=7", house.manager)

    assert got.mimetype == "text/csv"
    lines = got.text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").split("\r\n")
    assert lines[0] == "figure,of,n,value,unit"
    assert "to acknowledge p95,critical,1,42.0,s" in lines
    assert "most in ten minutes,,,1," in lines


def test_another_bank_sees_its_own_only(house: House) -> None:
    assert "LN2-03, Top probe" not in house.page(PATH, house.stranger)
    assert answer(house, f"{PATH}?organisation=SH", house.stranger).status_code == 404
    got = house.app.test_client().get(API, headers=house.stranger.bearer)
    assert (got.json["organisation"], got.json["alarms"]) == ("BJ", 0)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("days=8", 422),
        ("days=92&freezer=ln2-03&site=pd", 200),
        ("freezer=LN2-99", 404),
        ("site=XX", 404),
        ("organisation=XX", 404),
    ],
)
def test_what_there_is_not_is_refused_with_a_sentence(
    house: House, asked: str, status: int
) -> None:
    for path, head in ((f"{PATH}?{asked}", None), (f"{API}?{asked}", house.reader.bearer)):
        client = house.app.test_client() if head else house.reader.browser(house.app)
        assert client.get(path, headers=head or {}).status_code == status


def test_who_may_not_read_alarms_gets_nothing(house: House) -> None:
    with house.database.writing() as session:
        nobody = sign_in(session, house.bank.org_id, ())
        assert session.get_one(AlarmRule, session.get_one(Episode, house.alarm_id).rule_id)

    assert answer(house, PATH, nobody).status_code == 403
    assert house.app.test_client().get(API, headers=nobody.bearer).status_code == 403
