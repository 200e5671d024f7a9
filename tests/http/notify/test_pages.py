"""The pages of who is called, through the whole app, and the API of schedules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select

from server.accounts.models import Person
from server.core.db import Database
from server.notify.models import CallChain, CallStep, Contact, QuietHours, Schedule
from server.outbox.models import Letter
from tests.service.alarms.bank import Bank, add_person, make_bank
from tests.support.signed_in import SignedIn, make_app, sign_in


@dataclass(frozen=True)
class House:
    app: Flask
    database: Database
    bank: Bank
    manager: SignedIn
    reader: SignedIn
    stranger: SignedIn

    def page(self, path: str, who: SignedIn | None = None, status: int = 200) -> str:
        answer = (who or self.manager).browser(self.app).get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, who: SignedIn | None = None, **fields: object) -> object:
        person = who or self.manager
        return person.browser(self.app).post(path, data={"csrf": person.csrf, **fields})

    def api(
        self, method: str, path: str, body: object = None, who: SignedIn | None = None
    ) -> object:
        headers = (who or self.manager).bearer
        return self.app.test_client().open(
            f"/api/v1{path}", method=method, json=body, headers=headers
        )

    def one(self, query: object) -> object:
        with self.database.reading() as session:
            return session.scalars(query).one()


@pytest.fixture
def house(make_database_url: object, tmp_path: Path) -> Iterator[House]:
    database = Database(make_database_url("sqlite"))
    bank, other = make_bank(database), make_bank(database, "BJ")
    with database.writing() as session:
        add_person(session, bank, "lee")
        add_person(session, bank, "wang")
        manager = sign_in(session, bank.org_id)
        reader = sign_in(session, bank.org_id, ("read_only",))
        stranger = sign_in(session, other.org_id)
    yield House(make_app(database, tmp_path), database, bank, manager, reader, stranger)
    database.close()


LAYER = {
    "layer_name": "weeks", "turns": "lee@example.org\nWang", "every": "1", "unit": "weeks",
    "begins_on": "2026-01-05", "hand_over": "08:00", "weekdays": list("0123456"),
    "from_time": "00:00", "until_time": "24:00", "on_holidays": "as_always",
}  # fmt: skip


def make_schedule(house: House) -> int:
    assert (
        house.post("/on-call", org="SH", name="Nights", time_zone="Asia/Shanghai").status_code
        == 302
    )
    return house.one(select(Schedule.id))


def test_a_schedule_is_made_and_shown_with_who_is_on_and_its_gaps(house: House) -> None:
    number = make_schedule(house)
    assert "In the next two weeks nobody is on call" in house.page("/on-call", house.reader)

    assert house.post(f"/on-call/{number}/layers/1", **LAYER).status_code == 302

    text = house.page(f"/on-call/{number}", house.reader)
    assert "Somebody is on call at every moment" in text
    assert "Lee" in text
    assert "Wang" in text
    assert "a turn lasts" in text
    assert 'name="begins_at"' not in text  # a reader changes nothing
    assert house.post(f"/on-call/{number}/layers/1", house.reader, **LAYER).status_code == 403
    assert house.post(f"/on-call/{number}/layers/1", house.stranger, **LAYER).status_code == 404
    house.page(f"/on-call/{number}", house.stranger, 404)
    assert "lee@example.org" in house.page(f"/on-call/{number}/layers/1")
    assert house.post(f"/on-call/{number}/layers/1", remove="yes").status_code == 302
    assert "No layer yet" in house.page(f"/on-call/{number}")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"turns": "nobody@example.org"}, "does not belong to the organisation"),
        ({"turns": "person4@example.org"}, "does not belong to the organisation"),  # the stranger
        ({"hand_over": "25:00"}, "is no time of day"),
        ({"weekdays": []}, "at least one day"),
        ({"on_holidays": "perhaps"}, "on holidays"),
        ({"every": "1344", "unit": "weeks"}, "lasts"),
    ],
)
def test_a_layer_that_cannot_be_is_refused_with_what_was_typed(house: House, wrong, said) -> None:
    number = make_schedule(house)

    answer = house.post(f"/on-call/{number}/layers/1", **{**LAYER, **wrong})

    assert answer.status_code == 422
    assert said in answer.text
    assert "weeks" in answer.text


def test_an_override_a_holiday_and_a_calendar_file(house: House) -> None:
    number = make_schedule(house)
    with house.database.reading() as session:
        lee = session.scalars(select(Person.id).where(Person.name == "Lee")).one()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()

    made = house.post(
        f"/on-call/{number}/overrides", person=lee, begins_at=f"{tomorrow}T08:00",
        until=f"{tomorrow}T20:00", because="asked for it",
    )  # fmt: skip
    backwards = house.post(
        f"/on-call/{number}/overrides", person=lee, begins_at=f"{tomorrow}T20:00",
        until=f"{tomorrow}T08:00",
    )  # fmt: skip
    assert (made.status_code, backwards.status_code) == (302, 422)
    assert "asked for it" in house.page(f"/on-call/{number}")
    assert house.post(f"/on-call/{number}/overrides/1/end").status_code == 302
    assert "asked for it" not in house.page(f"/on-call/{number}")

    assert (
        house.post(f"/on-call/{number}/holidays", holidays="2099-10-01 Golden Week\n").status_code
        == 302
    )
    assert house.post(f"/on-call/{number}/holidays", holidays="some day").status_code == 422
    data = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Wang\nDTSTART;VALUE=DATE:{tomorrow:%Y%m%d}\nEND:VEVENT\nEND:VCALENDAR\n"
    for what, file, status in (
        ("holidays", data.encode(), 302), ("turns", data.encode(), 302), ("turns", data.encode(), 302),
        ("turns", b"no calendar", 422), ("turns", data.replace("Wang", "Zhao").encode(), 422),
    ):  # fmt: skip
        sent = house.post(f"/on-call/{number}/calendar", what=what, file=(BytesIO(file), "a.ics"))
        assert sent.status_code == status
    text = house.page(f"/on-call/{number}")
    assert "2099-10-01 Golden Week" in text
    assert f"{tomorrow} Wang" in text
    assert text.count("Take it back") == 1  # the second file replaced what the first one brought


def test_a_calendar_reads_a_secret_address_until_it_is_revoked(house: House) -> None:
    number = make_schedule(house)
    house.post(f"/on-call/{number}/layers/1", **LAYER)

    shown = house.post(f"/on-call/{number}/feeds", whose="").text
    path = shown.split('<span class="code">http://localhost')[1].split("<")[0]

    client = house.app.test_client()
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} == {"Lee", "Wang"}
    assert path not in house.page(f"/on-call/{number}")
    assert house.post(f"/on-call/{number}/feeds/1/revoke").status_code == 302
    assert client.get(path).status_code == 404
    assert client.get("/on-call/calendars/guessed.ics").status_code == 404


def test_a_program_arranges_a_schedule(house: House) -> None:
    made = house.api("POST", "/on-call-schedules", {"name": "Days", "time_zone": "Europe/Berlin"})
    assert made.status_code == 201
    path = f"/on-call-schedules/{made.json['id']}"
    layer = {
        "name": "weeks", "turns": [["lee@example.org", "wang@example.org"]], "turn_hours": 168,
        "begins_on": "2026-01-05", "hand_over": "08:00",
    }  # fmt: skip

    arranged = house.api(
        "PUT", path, {"name": "Days", "time_zone": "Europe/Berlin", "layers": [layer]}
    )

    assert arranged.status_code == 200, arranged.text
    assert arranged.json["layers"][0]["turns"] == [["lee@example.org", "wang@example.org"]]
    assert arranged.json["coming"][0]["people"] == ["lee@example.org", "wang@example.org"]
    span = {"begins_at": "2099-01-01T00:00:00Z", "until": "2099-01-02T00:00:00Z"}
    over = house.api("POST", f"{path}/overrides", {"person": "wang@example.org", **span})
    assert over.status_code == 201
    assert house.api("POST", f"{path}/overrides/{over.json['id']}/end").status_code == 204
    assert house.api("POST", f"{path}/overrides/{over.json['id']}/end").status_code == 409
    days = house.api("PUT", f"{path}/holidays", {"days": {"2099-05-01": "May Day"}})
    assert days.json["holidays"] == {"2099-05-01": "May Day"}
    file = {"what": "turns", "calendar": "nothing"}
    assert house.api("POST", f"{path}/calendar", file).status_code == 422
    assert house.api("GET", path, who=house.stranger).status_code == 404
    assert house.api("PUT", path, {}, who=house.reader).status_code == 403
    assert [one["name"] for one in house.api("GET", "/on-call-schedules").json["items"]] == ["Days"]
    assert house.api("POST", f"{path}/end", {"because": "no more"}).status_code == 204
    assert house.api("GET", path).status_code == 404


def test_groups_and_chains_are_made_and_a_step_tells_them(house: House) -> None:
    with house.database.reading() as session:
        people = list(session.scalars(select(Person.id).where(Person.name.in_(["Lee", "Wang"]))))
    assert house.post("/call-lists/groups", org="SH", name="Team", people=people).status_code == 302
    assert house.post("/call-lists/groups", org="SH", name="Nobody").status_code == 422
    assert house.post("/call-lists/chains", org="SH", name="All").status_code == 422
    assert house.post(
        "/call-lists/chains", org="SH", name="Gas", classes=["safety"], freezers="LN2-03\n"
    ).status_code == 302  # fmt: skip
    chain = house.one(select(CallChain.id))

    added = house.post(
        "/notify", org="SH", chain=chain, whom="group:1", wait_min="2", from_round="1"
    )
    late = house.post("/notify", org="SH", whom="role:quality", wait_min="2", from_round="3")
    wrong = house.post("/notify", org="SH", whom="group:99", wait_min="2", from_round="1")

    assert (added.status_code, late.status_code) == (302, 302)
    assert wrong.status_code in {404, 422}
    text = house.page(f"/call-lists?org=SH&chain={chain}")
    assert "Group: Team" in text
    assert "life safety" in text
    assert "last resort" in house.page("/call-lists")
    assert house.post("/call-lists/groups/1/end", because="x").status_code == 422  # a step tells it
    with house.database.reading() as session:
        step = session.scalars(select(CallStep.id).where(CallStep.group_id == 1)).one()
    assert house.post(f"/notify/{step}/remove").location.endswith(f"chain={chain}")
    assert house.post("/call-lists/groups/1/end", because="x").status_code == 302
    assert (
        house.post(f"/call-lists/chains/{chain}/end", house.stranger, because="x").status_code
        == 404
    )
    assert house.post(f"/call-lists/chains/{chain}/end", because="x").status_code == 302
    house.page("/call-lists", house.reader, 403)


def told_after(house: House, path: str, **fields: str) -> str:
    """Return the page that a browser shows after posting this."""
    browser = house.manager.browser(house.app)
    sent = {"csrf": house.manager.csrf, **fields}
    return browser.post(path, data=sent, follow_redirects=True).text


def test_an_address_is_used_when_its_code_was_typed_and_never_before(house: House) -> None:
    sent = house.post(
        "/me/reached/contacts", channel="smtp", address="pager@example.org", min_severity="high"
    )
    assert sent.status_code == 303
    code = house.one(select(Letter).where(Letter.address == "pager@example.org")).subject.split()[0]
    contact = house.one(select(Contact))
    path = f"/me/reached/contacts/{contact.id}"
    wrong = "000000" if code != "000000" else "111111"
    assert "not the code" in told_after(house, f"{path}/code", code=wrong)
    assert house.one(select(Contact.wrong_codes)) == 1
    assert not house.one(select(Contact.verified))

    assert house.post(f"{path}/code", house.reader, code=code).status_code == 404
    assert house.post(f"{path}/code", code=code).status_code == 303

    assert house.one(select(Contact.verified))
    assert house.post(f"{path}/remove").status_code == 303
    assert house.one(select(Contact.removed_at)) is not None
    bad = house.post("/me/reached/contacts", channel="smtp", address="x", min_severity="high")
    assert bad.status_code == 422


def test_codes_cannot_be_guessed(house: House) -> None:
    house.post("/me/reached/contacts", channel="smtp", address="p@example.org", min_severity="high")
    code = house.one(select(Letter).where(Letter.address == "p@example.org")).subject.split()[0]
    for number in range(5):
        assert "not the code" in told_after(house, "/me/reached/contacts/1/code", code=f"x{number}")

    answer = house.post("/me/reached/contacts/1/code", code=code)

    assert "Too many wrong codes" in answer.text
    assert not house.one(select(Contact.verified))


def test_quiet_hours_limit_and_absence_are_ones_own(house: House) -> None:
    hours = {"weekdays": list("01234"), "from_time": "22:00", "until_time": "07:00",
             "time_zone": "Asia/Shanghai", "most_severe": "high"}  # fmt: skip
    assert house.post("/me/reached/quiet", **hours).status_code == 303
    for wrong in ({"most_severe": "critical"}, {"time_zone": "Mars"}, {"from_time": "late"}):
        assert house.post("/me/reached/quiet", **{**hours, **wrong}).status_code == 422
    assert "22:00 – 07:00" in house.page("/me/reached")
    assert house.post("/me/reached/quiet/1/remove", house.reader).status_code == 404
    assert house.post("/me/reached/quiet/1/remove").status_code == 303
    with house.database.reading() as session:
        assert session.scalars(select(QuietHours)).all() == []

    assert house.post("/me/reached/limit", most="0").status_code == 422
    assert house.post("/me/reached/limit", most="3").status_code == 303
    assert 'value="3"' in house.page("/me/reached")

    with house.database.reading() as session:
        lee = session.scalars(select(Person.id).where(Person.name == "Lee")).one()
    away = {"away_from": "2099-01-01T08:00", "away_until": "2099-01-08T08:00", "cover": lee}
    assert house.post("/me/reached/away", **away).status_code == 303
    assert (
        house.post("/me/reached/away", **{**away, "cover": house.manager.person_id}).status_code
        == 422
    )
    assert "Lee stands in" in house.page("/me/reached")
    assert house.post("/me/reached/away/1/end").status_code == 303
    assert "Lee stands in" not in house.page("/me/reached")
    assert "How you are reached" in house.page("/me")
