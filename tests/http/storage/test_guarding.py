"""The pages of holds, second persons, stock rules and lineage."""

import re

import pytest
from sqlalchemy import select

from server.accounts.models import Person
from server.genealogy.models import Edge, Hold
from server.storage.models import Clearance, Destruction, TierPolicy, Vial
from tests.support.signed_in import PASSWORD, sign_in


@pytest.fixture
def people(bank):
    """Give a technician and two persons of quality of the bank's organisation."""
    with bank.database.writing() as session:
        org_id = session.scalars(select(Vial.org_id)).first()
        return {
            "technician": sign_in(session, org_id, ("technician",)),
            "wu": sign_in(session, org_id, ("quality",)),
            "lin": sign_in(session, org_id, ("quality",)),
        }


def post(bank, who, path, **fields):
    return who.browser(bank.app).post(
        path, data={"csrf": who.csrf, **fields}, follow_redirects=True
    )


def get(bank, who, path):
    return who.browser(bank.app).get(path)


def one(bank, model):
    with bank.database.reading() as session:
        return session.scalars(select(model).order_by(model.id.desc())).first()


def master_policy(session):
    org_id = session.scalars(select(Vial.org_id)).first()
    wanted = select(TierPolicy).where(TierPolicy.tier == "master", TierPolicy.org_id == org_id)
    return session.scalars(wanted).one()


def email(bank, who):
    with bank.database.reading() as session:
        return session.get_one(Person, who.person_id).email


def state(bank, code):
    with bank.database.reading() as session:
        return session.scalars(select(Vial.state).where(Vial.code == code)).one()


@pytest.mark.parametrize(
    ("kind", "code", "page"),
    [
        ("vial", "SH-1", "/vials/SH-1"),
        ("lot", "L-0412", "/lots/L-0412"),
        ("line", "SCB-0041", "/lines/SCB-0041"),
    ],
)
def test_a_hold_is_laid_shown_everywhere_and_lifted_by_who_may(bank, people, kind, code, page):
    technician = people["technician"]
    laid = post(
        bank,
        technician,
        f"/hold/{kind}/{code}",
        cause="contamination",
        severity="hold",
        note="flask 3",
    )
    assert laid.status_code == 200
    assert "contamination is suspected or found" in laid.text
    for where in (page, "/vials/SH-1", "/holds"):
        shown = get(bank, technician, where).text
        assert "flask 3" in shown
        assert "contamination is suspected or found" in shown
    box = get(bank, technician, "/boxes/D-044").text
    assert re.search(r'SH-1[^"]*on hold: contamination', box)
    refused = post(bank, technician, "/vials/SH-1/take-out", reason="x")
    assert refused.status_code == 422
    assert "contamination is suspected" in refused.text

    number = one(bank, Hold).id
    assert "You may not lift it" in get(bank, technician, f"/holds/{number}/lift").text
    assert post(bank, technician, f"/holds/{number}/lift", reason="fine").status_code == 403
    assert post(bank, people["wu"], f"/holds/{number}/lift", reason="").status_code == 422
    assert post(bank, people["wu"], f"/holds/{number}/lift", reason="retested").status_code == 200
    assert "retested" in get(bank, technician, "/holds?show=lifted").text
    post(bank, technician, "/vials/SH-1/take-out", reason="x")
    assert state(bank, "SH-1") == "checked_out"


def test_a_reader_lays_no_hold_and_a_stranger_sees_none(bank, people):
    post(bank, people["technician"], "/hold/vial/SH-1", cause="consent", severity="quarantine")
    number = one(bank, Hold).id

    assert get(bank, bank.reader, "/hold/vial/SH-2").status_code == 403
    assert get(bank, bank.stranger, f"/holds/{number}/lift").status_code == 404
    assert "SH-1" not in get(bank, bank.stranger, "/holds").text
    assert get(bank, people["technician"], "/hold/box/D-044").status_code == 404


def test_a_destruction_waits_for_its_witness_on_the_page_to_sign(bank, people):
    technician, wu = people["technician"], people["wu"]
    asked = post(
        bank, technician, "/vials/SH-2/discard", reason="broken", meaning="destroyed", password=PASSWORD
    )  # fmt: skip
    assert "waits for the witness" in asked.text
    assert state(bank, "SH-2") == "in_storage"
    number = one(bank, Destruction).id
    assert "SH-2" in get(bank, wu, "/to-sign").text
    own = get(bank, technician, f"/destructions/{number}").text
    assert "You have signed that it is destroyed" in own
    assert post(bank, technician, f"/destructions/{number}", password=PASSWORD).status_code == 422
    assert post(bank, wu, f"/destructions/{number}", password="not it").status_code == 422
    assert state(bank, "SH-2") == "in_storage"
    post(bank, wu, f"/destructions/{number}", password=PASSWORD)
    assert state(bank, "SH-2") == "destroyed"
    assert "No destruction waits" in get(bank, wu, "/to-sign").text


def test_a_witness_who_is_there_signs_on_the_same_form(bank, people):
    technician, wu = people["technician"], people["wu"]
    fields = {"reason": "broken", "meaning": "destroyed", "password": PASSWORD}
    half = post(bank, technician, "/vials/SH-2/discard", **fields, witness_email=email(bank, wu))
    assert half.status_code == 422
    wrong = post(
        bank, technician, "/vials/SH-2/discard", **fields, witness_email=email(bank, wu), witness_password="not it"
    )  # fmt: skip
    assert wrong.status_code == 422
    own = post(
        bank, technician, "/vials/SH-2/discard", **fields,
        witness_email=email(bank, technician), witness_password=PASSWORD,
    )  # fmt: skip
    assert own.status_code == 422
    assert "is not its witness" in own.text
    assert state(bank, "SH-2") == "in_storage"
    assert one(bank, Destruction) is None
    post(
        bank, technician, "/vials/SH-2/discard", **fields, witness_email=email(bank, wu), witness_password=PASSWORD
    )  # fmt: skip
    assert state(bank, "SH-2") == "destroyed"


def test_a_destruction_is_taken_back_with_a_reason(bank, people):
    technician = people["technician"]
    post(
        bank,
        technician,
        "/vials/SH-2/discard",
        reason="broken",
        meaning="destroyed",
        password=PASSWORD,
    )
    number = one(bank, Destruction).id
    assert post(bank, technician, f"/destructions/{number}/end", note="").status_code == 422
    post(bank, technician, f"/destructions/{number}/end", note="it is whole")
    assert one(bank, Destruction).ended_because == "withdrawn"


def test_quality_reverses_an_ending_and_the_page_shows_both(bank, people):
    technician, wu = people["technician"], people["wu"]
    post(bank, technician, "/vials/SH-1/take-out", reason="x")
    post(bank, technician, "/vials/SH-1/acts/thaw", note="for the class")
    assert state(bank, "SH-1") == "thawed"
    assert get(bank, technician, "/vials/SH-1/reverse").status_code == 403
    assert "Reverse the ending" in get(bank, wu, "/vials/SH-1").text
    assert post(bank, wu, "/vials/SH-1/reverse", note="", password=PASSWORD).status_code == 422
    shown = post(bank, wu, "/vials/SH-1/reverse", note="another tube", password=PASSWORD).text
    assert state(bank, "SH-1") == "checked_out"
    assert "ending reversed" in shown


def test_a_protected_vial_is_asked_for_and_cleared_by_quality(bank, people):
    technician, wu = people["technician"], people["wu"]
    with bank.database.writing() as session:
        session.delete(
            session.scalars(select(TierPolicy).where(TierPolicy.tier == "master")).first()
        )
    refused = post(bank, technician, "/vials/SH-9/take-out", reason="x", use="make_bank")
    assert refused.status_code == 422
    assert "Ask quality" in refused.text
    assert post(bank, technician, "/vials/SH-9/clearance", use="gift").status_code == 422
    post(bank, technician, "/vials/SH-9/clearance", use="make_bank", note="bank 2027")
    number = one(bank, Clearance).id
    assert "bank 2027" in get(bank, wu, "/to-sign").text
    assert post(bank, technician, f"/clearances/{number}", password=PASSWORD).status_code == 403
    assert post(bank, wu, f"/clearances/{number}", password="not it").status_code == 422
    post(bank, wu, f"/clearances/{number}", password=PASSWORD)
    assert "cleared by quality" in get(bank, technician, "/vials/SH-9").text
    post(bank, technician, "/vials/SH-9/take-out", reason="x")
    assert state(bank, "SH-9") == "checked_out"
    assert "SH-9" in get(bank, technician, "/out").text


def test_who_asked_withdraws_and_quality_refuses(bank, people):
    technician, lin = people["technician"], people["lin"]
    with bank.database.writing() as session:
        session.delete(
            session.scalars(select(TierPolicy).where(TierPolicy.tier == "master")).first()
        )
    post(bank, technician, "/vials/SH-9/clearance", use="qc")
    post(bank, technician, f"/clearances/{one(bank, Clearance).id}/end", note="not needed")
    assert one(bank, Clearance).ended_because == "withdrawn"
    post(bank, technician, "/vials/SH-9/clearance", use="qc")
    post(bank, lin, f"/clearances/{one(bank, Clearance).id}/end", note="use another")
    assert one(bank, Clearance).ended_because == "refused"


def test_by_the_api_only_who_asked_withdraws(bank, people):
    technician, wu = people["technician"], people["wu"]
    with bank.database.writing() as session:
        session.delete(master_policy(session))

    def ask(who, path, **body):
        return bank.api.post(f"/api/v1{path}", json=body, headers=who.bearer)

    assert ask(technician, "/vials/SH-9/clearance", use="qc").status_code == 201
    here = f"/clearances/{one(bank, Clearance).id}/withdraw"
    assert ask(wu, here).status_code == 403
    assert ask(technician, here, note="not needed").json["ended"] == "withdrawn"
    assert one(bank, Clearance).ended_note == "not needed"

    post(bank, technician, "/vials/SH-2/discard", reason="broken", meaning="destroyed", password=PASSWORD)  # fmt: skip
    here = f"/destructions/{one(bank, Destruction).id}/withdraw"
    assert ask(wu, here, reason="no").status_code == 403
    assert ask(technician, here, reason="").status_code == 422
    assert ask(technician, here, reason="it is whole").status_code == 200
    assert one(bank, Destruction).ended_because == "withdrawn"
    assert state(bank, "SH-2") != "destroyed"


def test_the_rules_of_stock_are_shown_to_all_and_set_by_few(bank, people):
    assert "Rules of stock" in get(bank, bank.reader, "/stock-rules").text
    assert get(bank, people["technician"], "/stock-rules/master").status_code == 403
    wu = people["wu"]
    fields = {
        "least_vials": "7",
        "least_percent": "20",
        "signed": "yes",
        "uses": ["qc", "make_bank"],
        "longest_out_min": "15",
    }
    assert (
        post(bank, wu, "/stock-rules/master", **{**fields, "least_percent": "120"}).status_code
        == 422
    )
    shown = post(bank, wu, "/stock-rules/master", **fields).text
    assert "7, or 20 % of all filled" in shown
    with bank.database.reading() as session:
        row = master_policy(session)
        assert (row.least_vials, row.longest_out_s, row.uses) == (7, 900, "make_bank qc")
    assert get(bank, wu, "/stock-rules/nothing").status_code == 404
    assert "3" in post(bank, wu, "/stock-rules/line", least_vials="3").text


def test_tubes_are_made_out_of_a_vial_and_the_page_shows_the_lineage(bank, people):
    technician = people["technician"]
    post(bank, technician, "/vials/SH-1/take-out", reason="x")
    assert (
        post(bank, technician, "/vials/SH-1/make/aliquot", codes="A-1", each_ul="100").status_code
        == 422
    )
    post(bank, technician, "/vials/SH-1/acts/measure", found_ul="1000", note="weighed")
    made = post(
        bank, technician, "/vials/SH-1/make/aliquot", codes="A-1\nA-2", each_ul="200", box="D-044", position="E1"
    )  # fmt: skip
    assert made.status_code == 200
    assert "600 µl now" in made.text
    assert 'href="/vials/A-1"' in made.text
    assert 'href="/vials/SH-1"' in get(bank, technician, "/vials/A-1").text
    post(bank, technician, "/vials/SH-1/make/split", codes="A-3 A-4")
    assert state(bank, "SH-1") == "thawed"
    pooled = post(bank, technician, "/vials/A-3/make/pool", parents="A-4", codes="P-1")
    assert pooled.status_code == 200
    assert state(bank, "P-1") == "filled"
    assert get(bank, technician, "/vials/SH-2/make/melt").status_code == 404


def test_a_lot_is_entered_from_its_parent_vials_and_a_wrong_line_is_taken_back(bank, people):
    manager, technician = bank.manager, people["technician"]
    post(bank, technician, "/vials/SH-9/take-out", reason="x")
    wrong = post(
        bank, manager, "/new-lot", parents="SH-9", relation="expansion", code="W-1", tier="master"
    )
    assert wrong.status_code == 422
    shown = post(
        bank, manager, "/new-lot", parents="SH-9", relation="expansion", code="W-1", tier="working",
        passage="3", codes="W-1-1", box="D-044", position="F1",
    )  # fmt: skip
    assert shown.status_code == 200
    assert 'href="/vials/SH-9"' in shown.text
    assert state(bank, "SH-9") == "thawed"
    number = one(bank, Edge).id
    assert post(bank, manager, f"/lineage/{number}", note="").status_code == 422
    assert (
        "no parent vial recorded"
        in post(bank, manager, f"/lineage/{number}", note="wrong tube").text
    )
    again = post(bank, manager, "/lots/W-1/parents", parents="SH-9", relation="expansion")
    assert 'href="/vials/SH-9"' in again.text


def test_a_missing_vial_is_given_up_and_a_damaged_one_marked(bank, people):
    technician = people["technician"]
    assert "damaged" in post(bank, technician, "/vials/SH-1/acts/damage", note="cracked").text
    assert post(bank, technician, "/vials/SH-1/acts/damage", note="again").status_code == 422
    post(bank, technician, "/vials/SH-1/acts/whole", note="only frost")
    assert post(bank, technician, "/vials/SH-1/acts/lose", note="?").status_code == 422
    with bank.database.writing() as session:
        session.scalars(select(Vial).where(Vial.code == "SH-3")).one().state = "missing"
    post(bank, technician, "/vials/SH-3/acts/lose", note="looked twice")
    assert state(bank, "SH-3") == "lost"
    assert get(bank, technician, "/vials/SH-1/acts/melt").status_code == 404


def test_what_is_found_and_what_is_in_stock_say_what_is_held(bank, people):
    technician = people["technician"]
    post(bank, technician, "/hold/lot/L-0412", cause="consent", severity="hold")
    found = get(bank, technician, "/find?q=HEK").text
    assert "on hold: the donor" in found
    stock = get(bank, technician, "/stock").text
    assert re.search(r'data-label="On hold"><span class="state hold">.*2</span>', stock)
    held = get(bank, technician, "/vials/SH-1").text
    assert "in storage, on hold" in held
    assert ">Take out" not in held


def test_what_waits_for_a_signature_stands_on_the_home_page_of_those_who_can_give_it(bank, people):
    technician, wu = people["technician"], people["wu"]
    post(
        bank,
        technician,
        "/vials/SH-2/discard",
        reason="broken",
        meaning="destroyed",
        password=PASSWORD,
    )
    with bank.database.writing() as session:
        session.delete(master_policy(session))
    post(bank, technician, "/vials/SH-9/clearance", use="qc")
    home = get(bank, wu, "/").text
    assert "Witness the destruction of SH-2" in home
    assert "Clear the use of SH-9" in home
    own = get(bank, technician, "/").text
    assert "Witness the destruction" not in own
    assert "Clear the use" not in own
    assert "Witness the destruction" not in get(bank, bank.stranger, "/").text
