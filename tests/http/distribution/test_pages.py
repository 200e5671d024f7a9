"""Distribution through its pages and its API: who sees what, and what a refusal looks like."""

import re

import pytest

from server.core.db import Database
from server.parties.models import DeliverySite
from server.storage.models import Reservation
from tests.support.shelves import Shelves
from tests.support.signed_in import make_app, sign_in

PURPOSE = "Production of reporter particles for the cell biology group."


class Place:
    """A bank with eight vials of HEK293T, its people, and two requesters of two institutes."""

    def __init__(self, database, home):
        self.app = make_app(database, home)
        with database.writing() as session:
            shelves = Shelves(session)
            bank = shelves.org("BANK", last_of_line=2)
            line = shelves.line(bank, code="SH0041", listed=True)
            lot = shelves.lot(bank, line=line, code="L-1")
            box = shelves.box(
                bank, "D-101", into=shelves.rack(bank, into=shelves.freezer(bank, "LN2-03"))
            )
            for ordinal in range(1, 9):
                shelves.vial(lot, f"V-{ordinal}", box, ordinal)
            institutes = [shelves.org("INST"), shelves.org("OTHER")]
            session.add_all(
                DeliverySite(org_id=org.id, name=f"{org.code} door", address="Road 1")
                for org in institutes
            )
            self.people = {
                "manager": sign_in(session, bank.id, ("bank_manager",), name="Gu Min"),
                "technician": sign_in(session, bank.id, ("technician",), name="Li Ran"),
                "asker": sign_in(session, institutes[0].id, ("requester",), name="Zhao Lin"),
                "stranger": sign_in(session, institutes[1].id, ("requester",), name="Xu Jia"),
                "reader": sign_in(session, bank.id, ("read_only",), name="Sun Bo"),
            }

    def get(self, who, path):
        return self.people[who].browser(self.app).get(path)

    def post(self, who, path, **form):
        person = self.people[who]
        return person.browser(self.app).post(path, data={"csrf": person.csrf, **form})

    def api(self, who, method, path, body=None):
        client = self.app.test_client()
        return client.open(
            f"/api/v1{path}", method=method, json=body, headers=self.people[who].bearer
        )

    def ask(self, quantity=2):
        answer = self.post("asker", "/window/SH0041", quantity=quantity, purpose=PURPOSE)
        assert answer.status_code == 303, answer.text
        return answer.location.rsplit("/", 1)[1]


@pytest.fixture
def place(database: Database, tmp_path):
    return Place(database, tmp_path)


def test_the_window_says_how_much_can_be_given(place):
    assert "6 vials" in place.get("asker", "/window").text  # the last two of the line stay
    assert "No line has “nothing”" in place.get("asker", "/window?q=nothing").text
    assert place.get("reader", "/window").status_code == 403
    [offer] = place.api("asker", "GET", "/window").json["items"]
    assert (offer["code"], offer["available"]) == ("SH0041", 6)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"quantity": "7", "purpose": PURPOSE}, "at most 6 can be given from one lot"),
        ({"quantity": "11", "purpose": PURPOSE}, "11 is outside what is expected: 1 to 10"),
        ({"quantity": "two", "purpose": PURPOSE}, "“two” is not a number"),
        ({"quantity": "2", "purpose": "cells"}, "Say in a sentence what the cells are for"),
        ({"quantity": "2", "purpose": ""}, "This is empty"),
    ],
)
def test_a_refused_question_keeps_what_was_typed(place, form, said):
    answer = place.post("asker", "/window/SH0041", **form)

    assert answer.status_code == 422
    assert said in answer.text
    assert form["purpose"] in answer.text
    assert place.api("asker", "GET", "/requests").json["items"] == []


def test_the_field_at_the_top_searches_where_the_person_may(place):
    code = place.ask()
    page = place.get("asker", "/").text

    assert 'action="/window"' in page
    assert "Search cells" in page
    assert place.get("asker", f"/window?q={code.lower()}").location == f"/requests/{code}"
    assert place.get("stranger", f"/window?q={code}").status_code == 200
    assert 'action="/find"' in place.get("technician", "/").text


def test_a_form_that_is_sent_twice_asks_once(place):
    page = place.get("asker", "/window/SH0041").text
    number = re.search(r'name="form_number" value="([^"]+)"', page)[1]
    sent = {"quantity": 1, "purpose": PURPOSE, "form_number": number}

    short = place.post("asker", "/window/SH0041", **(sent | {"purpose": "cells"}))
    first = place.post("asker", "/window/SH0041", **sent)
    second = place.post("asker", "/window/SH0041", **(sent | {"quantity": 2}))

    assert (short.status_code, first.status_code, second.status_code) == (422, 303, 303)
    assert second.location == first.location
    assert len(place.api("asker", "GET", "/requests").json["items"]) == 1
    again = {"quantity": 1, "purpose": PURPOSE, "form_number": "another"}
    assert place.post("asker", "/window/SH0041", **again).location != first.location


def test_the_whole_way_by_pages(place):
    code = place.ask()
    assert "Approve, reserve 2 vials" in place.get("manager", f"/requests/{code}").text
    assert place.post("manager", f"/requests/{code}/approve").status_code == 303
    page = place.get("technician", f"/requests/{code}/pick").text
    assert "Tube 1 of 2" in page
    assert "V-1" in page
    wrong = place.post("technician", f"/requests/{code}/pick", code="V-8", expected="V-1")
    assert wrong.status_code == 422
    assert "This is V-8; expected is V-1. Put it back." in wrong.text
    place.post("technician", f"/requests/{code}/pick", code="V-2", expected="V-1")
    assert "Tube 2 of 2" in place.get("technician", f"/requests/{code}/pick").text
    place.post("technician", f"/requests/{code}/pick", code="v-1")
    assert "2 vials go to INST" in place.get("technician", f"/requests/{code}/ship").text
    assert place.post("technician", f"/requests/{code}/ship", carrier="").status_code == 422
    place.post("technician", f"/requests/{code}/ship", carrier="Courier", tracking="C 1")
    assert "Courier, number C 1" in place.get("asker", f"/requests/{code}").text
    place.post("asker", f"/requests/{code}/receive")
    assert place.api("asker", "GET", f"/requests/{code}").json["state"] == "received"


def test_the_whole_way_by_the_api(place):
    asked = place.api(
        "asker", "POST", "/requests", {"line": "SH0041", "quantity": 1, "purpose": PURPOSE}
    )
    assert asked.status_code == 201
    path = f"/requests/{asked.json['code']}"
    approved = place.api("manager", "POST", f"{path}/approve").json
    assert [vial["code"] for vial in approved["vials"]] == ["V-1"]
    wrong = place.api("technician", "POST", f"{path}/pick", {"code": "V-5"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_tube")
    missing = place.api("technician", "POST", f"{path}/not-there", {"code": "V-1"}).json
    assert missing["instead"] == "V-2"
    place.api("technician", "POST", f"{path}/pick", {"code": "V-2"})
    shipped = place.api("technician", "POST", f"{path}/ship", {"carrier": "Courier"})
    assert shipped.json["state"] == "shipped"
    assert (
        place.api("technician", "POST", f"{path}/ship", {"carrier": "Courier"}).status_code == 409
    )
    assert place.api("asker", "POST", f"{path}/receive").json["state"] == "received"


def test_a_requester_sees_only_their_own(place):
    code = place.ask()

    assert place.get("stranger", f"/requests/{code}").status_code == 404
    assert place.get("stranger", f"/requests/{code}/cancel").status_code == 404
    assert code not in place.get("stranger", "/requests").text
    assert code not in place.get("stranger", "/").text
    assert place.api("stranger", "GET", "/requests").json["items"] == []
    for verb in ("cancel", "receive"):
        answer = place.api("stranger", "POST", f"/requests/{code}/{verb}", {"reason": "mine"})
        assert answer.status_code == 404, verb
    assert code in place.get("asker", "/").text


@pytest.mark.parametrize(
    ("who", "verb", "status"),
    [
        ("asker", "approve", 403), ("technician", "approve", 403), ("reader", "approve", 403),
        ("asker", "refuse", 403), ("reader", "pick", 403), ("asker", "pick", 403), ("reader", "ship", 403),
        ("reader", "cancel", 404), ("technician", "cancel", 404),
    ],
)  # fmt: skip
def test_each_step_is_for_those_whose_role_allows_it(place, who, verb, status):
    code = place.ask()

    assert (
        place.api(who, "POST", f"/requests/{code}/{verb}", {"reason": "because"}).status_code
        == status
    )


def test_a_refusal_names_its_reason_to_the_requester(place):
    code = place.ask()
    assert place.post("manager", f"/requests/{code}/refuse", reason="").status_code == 422
    place.post("manager", f"/requests/{code}/refuse", reason="Not for resale.")

    assert "Refused by Gu Min: Not for resale." in place.get("asker", f"/requests/{code}").text
    late = place.post("manager", f"/requests/{code}/approve")
    assert late.status_code == 422
    assert "was refused; ask again" in late.text


def test_cancelling_names_what_it_ends_and_frees_the_vials(place, database):
    code = place.ask()
    place.post("manager", f"/requests/{code}/approve")
    assert "the reservation of V-1" in place.get("asker", f"/requests/{code}/cancel").text
    place.post("asker", f"/requests/{code}/cancel", reason="No longer needed.")

    with database.reading() as session:
        assert session.query(Reservation).where(Reservation.ended_at.is_(None)).count() == 0


def test_the_page_that_cancels_opens_only_where_one_can_cancel(place):
    code = place.ask()
    assert place.get("technician", f"/requests/{code}/cancel").status_code == 404
    place.post("manager", f"/requests/{code}/approve")
    place.post("technician", f"/requests/{code}/pick", code="V-1")

    began = place.get("asker", f"/requests/{code}/cancel")
    assert began.status_code == 409
    assert "ask the bank to cancel it" in began.text
    assert place.get("manager", f"/requests/{code}/cancel").status_code == 200


def test_where_to_is_asked_for_where_there_are_several(place, database):
    with database.writing() as session:
        first = session.query(DeliverySite).order_by(DeliverySite.id).first()
        session.add(DeliverySite(org_id=first.org_id, name="Back door", address="Road 2"))

    answer = place.post("asker", "/window/SH0041", quantity=1, purpose=PURPOSE)

    assert answer.status_code == 422
    assert "Choose where to send the vials." in answer.text


def test_tasks_wait_on_the_home_page_of_those_who_can_do_them(place):
    code = place.ask()
    assert f"{code} waits for a decision" in place.get("manager", "/").text
    assert code not in place.get("technician", "/").text
    place.post("manager", f"/requests/{code}/approve")
    assert f"Pick for {code}" in place.get("technician", "/").text
    assert "LN2-03" in place.get("technician", "/").text


def test_the_pick_list_walks_in_order(place):
    code = place.ask(3)
    place.post("manager", f"/requests/{code}/approve")
    text = place.get("technician", f"/requests/{code}/pick-list").text

    assert text.index("V-1") < text.index("V-2") < text.index("V-3")
    assert "D-101" in text
