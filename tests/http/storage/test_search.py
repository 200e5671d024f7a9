"""Find anything, the list of vials, what is done with many of them, and the history of each record."""

import csv
import io
import re

import openpyxl
import pytest
from sqlalchemy import select

from server.genealogy.models import Hold
from server.parties.models import Project
from server.storage.models import SavedFilter, Vial
from server.storage.views import acting
from tests.support.shelves import START
from tests.support.signed_in import sign_in


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("hek293 0412", ["HEK293T", "L-0412"]),
        ("hek293t d-044", ["SH-1", "SH-2"]),
        ("ln2-03 r07 d-044", ["SH-1", "SH-9"]),
        ("pudong ln2", ["LN2-03", "Pudong"]),
        ("L-04", ["L-0412", "L-0411"]),
    ],
)
def test_words_lead_to_what_bears_them(bank, asked, shown):
    answer = bank.page.get("/find", query_string={"q": asked})

    assert answer.status_code == 200, text(answer)
    assert [one for one in shown if one not in text(answer)] == []


def test_people_are_found_by_those_who_manage_them_only(bank):
    with bank.database.writing() as session:
        org_id = session.scalars(select(Vial.org_id)).first()
        admin = sign_in(session, org_id, ("administrator",), name="Anna Nováková")
    found = admin.browser(bank.app).get("/find?q=novakova+anna")

    assert "Anna Nováková" in text(found)
    assert f"/people/{admin.person_id}" in found.text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', found.text)]
    (did,) = [link for link in links if link.startswith("/audit?who=Anna")]
    assert admin.browser(bank.app).get(did).status_code == 200
    assert [link for link in links if link.endswith("&kind=request")]
    assert bank.page.get("/find?q=Nov%C3%A1k").status_code == 404


def test_a_box_and_a_position_answer_with_what_is_there(bank):
    assert "SH-1" in text(bank.page.get("/find?q=D-044+C7"))
    assert bank.page.get("/find?q=D-044+A9").status_code == 404


def test_a_stranger_finds_nothing(bank):
    answer = bank.stranger.browser(bank.app).get("/find?q=hek293+0412")

    assert answer.status_code == 404
    assert "L-0412" not in text(answer)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["SH-1", "SH-2", "SH-3", "SH-9"]),
        ("q=hek293t", ["SH-1", "SH-2", "SH-3", "SH-9"]),
        ("q=sh", ["SH-1", "SH-2", "SH-3", "SH-9"]),
        ("lot=l-0412", ["SH-1", "SH-2", "SH-3"]),
        ("line=hek293t&tier=master", ["SH-9"]),
        ("state=labelled", ["SH-3"]),
        ("box=D-044&lot=L-0412", ["SH-1", "SH-2"]),
        ("freezer=LN2-03", ["SH-1", "SH-2", "SH-9"]),
        ("freezer=LN2-03&box=D-045", []),
        ("placed_after=2026-04-17&placed_before=2026-04-17", ["SH-1", "SH-2", "SH-9"]),
        ("placed_before=2026-04-16", []),
        ("held=yes", []),
        ("held=no&reserved=no", ["SH-1", "SH-2", "SH-3", "SH-9"]),
        ("project=P1", []),
        ("field.donor=x", []),
        ("sort=lot&dir=desc", ["SH-3", "SH-2", "SH-1", "SH-9"]),
    ],
)
def test_the_list_shows_what_fits_in_its_order(bank, query, codes):
    page = bank.page.get("/vials?" + query).get_data(as_text=True)

    assert re.findall(r'name="vial" value="([^"]+)"', page) == codes


def test_a_filter_that_cannot_be_read_is_refused_with_a_sentence(bank):
    answer = bank.page.get("/vials?placed_after=yesterday")

    assert answer.status_code == 422
    assert "“yesterday” is not a date" in text(answer)
    assert bank.page.get("/vials?cursor=nonsense").status_code == 422


def test_pages_follow_each_other_without_gap_or_repetition(bank, monkeypatch):
    from server.storage.queries import vial_list

    monkeypatch.setattr(vial_list.page, "__defaults__", (2,))
    for sort in ("code", "lot", "line", "state", "entered"):
        path, seen = f"/vials?sort={sort}", []
        while path:
            page = bank.page.get(path).get_data(as_text=True)
            seen += re.findall(r'name="vial" value="([^"]+)"', page)
            onward = re.search(r'rel="next" href="([^"]+)"', page)
            path = onward[1].replace("&amp;", "&") if onward else ""
        assert sorted(seen) == ["SH-1", "SH-2", "SH-3", "SH-9"], sort


def test_a_filter_is_saved_shared_and_forgotten_by_its_owner_only(bank):
    saved = bank.post("/vials/filters", wanted="lot=L-0412", name="Ours", shared="yes")
    assert saved.status_code == 302
    assert "lot=L-0412" in saved.headers["Location"]
    reader = bank.reader.browser(bank.app)
    assert "Ours" in text(reader.get("/vials"))
    assert "Ours" not in text(bank.stranger.browser(bank.app).get("/vials"))
    with bank.database.reading() as session:
        number = session.scalars(select(SavedFilter.id)).one()

    refused = reader.post(f"/vials/filters/{number}/forget", data={"csrf": bank.reader.csrf})
    assert refused.status_code == 403
    assert bank.post(f"/vials/filters/{number}/forget").status_code == 302
    assert bank.post("/vials/filters", wanted="lot=L-0412", name=" ").status_code == 422


def test_a_sheet_keeps_codes_as_text_and_begins_no_formula(bank):
    with bank.database.writing() as session:
        vials = {vial.code: vial for vial in session.scalars(select(Vial))}
        vials["SH-1"].comment = '=HYPERLINK("http://x")'
        vials["SH-2"].code = "000123"
    answer = bank.page.get("/vials.csv?lot=L-0412")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row["code"] for row in rows] == ["000123", "SH-1", "SH-3"]
    assert rows[1]["comment"] == '\'=HYPERLINK("http://x")'
    assert (rows[1]["box"], rows[1]["position"]) == ("D-044", "C7")

    book = openpyxl.load_workbook(io.BytesIO(bank.page.get("/vials.xlsx").get_data()))
    cells = [row[0] for row in book["vials"].iter_rows(min_row=2)]
    assert (cells[0].value, cells[0].data_type) == ("000123", "s")
    assert bank.page.get("/vials.pdf").status_code == 404


def test_what_was_ticked_is_given_to_a_project(bank):
    with bank.database.writing() as session:
        org_id = session.scalars(select(Vial.org_id)).first()
        session.add(Project(org_id=org_id, code="P1", name="Stroke", created_at=START))
    asked = bank.post("/vials/act", act="project", vial="SH-1", wanted="lot=L-0412")
    assert "1 vial is chosen." in text(asked)

    done = bank.post("/vials/act/project", vial="SH-1", wanted="lot=L-0412", project="P1")
    assert done.status_code == 302, text(done)
    codes = re.findall(r'name="vial" value="([^"]+)"', bank.page.get("/vials?project=P1").text)
    assert codes == ["SH-1"]
    assert "P1" in text(bank.page.get("/history/vial/SH-1"))


def test_all_that_fit_are_held(bank):
    fields = {"every": "yes", "wanted": "box=D-044", "cause": "stock_check", "note": "spring"}
    assert bank.post("/vials/act/hold", **fields).status_code == 302
    with bank.database.reading() as session:
        held = session.scalars(select(Hold.target_code).order_by(Hold.target_code)).all()
    assert held == ["SH-1", "SH-2", "SH-9"]
    page = bank.page.get("/vials?held=yes").text
    assert re.findall(r'name="vial" value="([^"]+)"', page) == held


def test_many_are_moved_all_or_none_with_every_reason(bank):
    fields = {"every": "yes", "wanted": "lot=L-0412", "box": "FX12345678"}
    refused = bank.post("/vials/act/move", **fields)
    assert refused.status_code == 422
    assert "SH-3" in text(refused)

    moved = bank.post("/vials/act/move", wanted="", every="", vial="SH-1", box="FX12345678")
    assert moved.status_code == 302, text(moved)
    assert "FX12345678" in text(bank.page.get("/vials/SH-1"))
    full = bank.post("/vials/act/move", every="yes", wanted="box=D-044", box="D-045")
    assert "D-045 has 1 free position of" in text(full)


def test_nothing_is_done_with_none_nor_by_one_who_may_not(bank):
    assert "No vial is chosen" in text(bank.post("/vials/act", act="move"))
    assert bank.post("/vials/act/move", box="D-045").status_code == 422
    reader = bank.reader.browser(bank.app)
    data = {"csrf": bank.reader.csrf, "vial": "SH-1", "box": "D-045"}
    assert reader.post("/vials/act/move", data=data).status_code == 404
    assert "Move into a box" not in text(reader.get("/vials"))


def test_the_history_says_who_when_from_where_to_where_and_by_which_door(bank):
    bank.post("/vials/SH-1/move", box="D-045", position="1")
    page = text(bank.page.get("/history/vial/SH-1"))

    assert "vial moved" in page
    assert page.count("D-044") >= 2  # where it came from: in the record and among its stays
    assert "technician 4" in page
    for kind, code in (
        ("box", "D-044"),
        ("freezer", "LN2-03"),
        ("lot", "L-0412"),
        ("line", "SCB-0041"),
    ):
        assert bank.page.get(f"/history/{kind}/{code}").status_code == 200
    assert "box added" in text(bank.page.get("/history/box/D-044"))


def test_a_stranger_reads_no_history(bank):
    stranger = bank.stranger.browser(bank.app)
    page = text(stranger.get("/history/box/D-044"))

    assert "Nothing is recorded of it that you may see." in page
    assert "box added" not in page
    assert "LN2-03" not in page


def test_every_record_page_leads_to_its_history(bank):
    for path, history in (
        ("/vials/SH-1", "/history/vial/SH-1"),
        ("/find?q=sh-1", "/history/vial/SH-1"),
        ("/boxes/D-044", "/history/box/D-044"),
        ("/freezers/LN2-03", "/history/freezer/LN2-03"),
        ("/lots/L-0412", "/history/lot/L-0412"),
        ("/lines/SCB-0041", "/history/line/SCB-0041"),
    ):
        assert f'href="{history}"' in bank.page.get(path).text, path
    assert "history" not in bank.page.get("/stock").text
    assert "box added" in text(bank.page.get("/history/box/d-044"))


def test_what_was_chosen_becomes_a_pick_list(bank):
    made = bank.post("/vials/act/pick", every="yes", wanted="box=D-044&lot=L-0412", title="Monday")
    assert made.status_code == 302, text(made)
    page = text(bank.page.get(made.headers["Location"]))
    assert "Monday" in page
    assert "SH-1" in page
    assert "SH-2" in page
    assert "SH-9" not in page


def test_more_than_a_step_takes_are_acted_on_step_by_step(bank, monkeypatch):
    monkeypatch.setattr(acting, "MOST_AT_ONCE", 2)
    asked = bank.post("/vials/act", act="hold", every="yes", wanted="lot=L-0412")
    assert "3 vials are chosen." in text(asked)
    assert "Lay a hold: the first 2" in text(asked)
    said = {"every": "yes", "wanted": "lot=L-0412", "cause": "stock_check", "note": "spring"}

    first = bank.post("/vials/act/hold", count="3", **said)
    assert (first.status_code, "Done with 2; 1 are left." in text(first)) == (200, True)
    hidden = dict(
        re.findall(r'type="hidden" name="(after|done|count)" value="([^"]*)"', first.text)
    )
    assert hidden == {"after": "SH-2", "done": "2", "count": "1"}
    last = bank.post("/vials/act/hold", **hidden, **said)
    assert last.status_code == 302
    with bank.database.reading() as session:
        held = session.scalars(select(Hold.target_code).order_by(Hold.target_code)).all()
    assert held == ["SH-1", "SH-2", "SH-3"]


def test_a_second_press_lays_no_second_hold(bank):
    said = {"every": "yes", "wanted": "box=D-044", "cause": "stock_check", "note": "spring"}
    for _press in range(2):
        assert bank.post("/vials/act/hold", **said).status_code == 302
    bank.post("/vials/act/hold", **{**said, "cause": "identity"})
    with bank.database.reading() as session:
        causes = session.scalars(select(Hold.cause)).all()
    assert sorted(causes) == ["identity"] * 3 + ["stock_check"] * 3


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"every": "yes", "wanted": "lot=L-0412", "count": "9"}, "3 vials fit now; 9 did when"),
        ({"every": "yes", "wanted": "placed_after=soon"}, "“soon” is not a date"),
        ({"every": "yes", "wanted": "q=" + "x" * 3000}, "This filter is too long"),
        ({"vial": "SH-77"}, "No vial has the code SH-77."),
    ],
)
def test_an_act_never_falls_on_others_than_were_meant(bank, sent, sentence):
    answer = bank.post("/vials/act/hold", cause="stock_check", note="", **sent)

    assert answer.status_code == 422
    assert sentence in text(answer)
    with bank.database.reading() as session:
        assert session.scalars(select(Hold)).first() is None
