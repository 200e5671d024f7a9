"""Pages of container types, of whole trees, and on which a container is edited, limited, retired."""

import re

import pytest

from server.core.clock import FixedClock
from server.storage import jobs
from server.storage.container_types import BUILT_IN
from tests.http.storage.conftest import Bank
from tests.support.shelves import START

SHAPE = {"rows": "9", "columns": "9", "labels": "letter-number"}
TREE = {
    "into": "LN2-03",
    "type_1": "RACK-10",
    "pattern_1": "N{n:2}",
    "count_1": "11",
    "type_2": "BOX-9X9",
    "pattern_2": "{parent}-B{n:2}",
}


@pytest.mark.parametrize(
    "path",
    [
        "/container-types",
        "/container-types/new",
        "/container-types/new?like=BOX-ROUND-33",
        *(f"/container-types/{code}" for code in BUILT_IN),
        "/trees/new?into=LN2-03",
        "/containers/LN2-03/edit",
        "/containers/R07/edit",
        "/containers/D-044/edit",
        "/containers/D-044/retire",
        "/boxes/new?type=BOX-10X10",
    ],
)
def test_every_page_opens(bank: Bank, path: str) -> None:
    assert bank.page.get(path).status_code == 200


def test_who_only_reads_changes_nothing(bank: Bank) -> None:
    reader = bank.reader.browser(bank.app)

    assert reader.get("/container-types").status_code == 200
    for path in ("/container-types/new", "/trees/new", "/containers/D-044/edit"):
        assert reader.get(path).status_code == 403
    assert bank.stranger.browser(bank.app).get("/containers/D-044/edit").status_code == 404


def test_an_own_type_is_added_used_changed_and_retired(bank: Bank) -> None:
    own = {"code": "ROUND-5", "name": "Round", "kind": "box", "word": "box"}
    drawn = {"rows": "3", "columns": "3", "labels": "number", "layout": ".o.\nooo\n.x."}
    wrong = bank.post("/container-types/new", **own, **drawn | {"layout": "oo"})
    assert wrong.status_code == 422
    assert "9 are expected" in wrong.text
    assert bank.post("/container-types/new", **own, **drawn).location == "/container-types/ROUND-5"
    assert bank.post("/boxes/new", code="RB1", type="ROUND-5").location == "/boxes/RB1"
    page = bank.page.get("/boxes/RB1").text
    assert page.count('class="place none"') == 4
    assert 'aria-label="5, blocked"' in page
    assert "ROUND-5 · box" in page
    changed = {**own, **drawn, "name": "Rounder", "version": "1"}
    assert bank.post("/container-types/ROUND-5/edit", **changed).status_code == 302
    assert (
        "version" in bank.post("/container-types/ROUND-5/edit", **changed).text
    )  # seen too long ago
    assert bank.post("/container-types/ROUND-5/retire").status_code == 302
    assert "no longer offered" in bank.page.get("/container-types/ROUND-5").text
    assert "ROUND-5" not in bank.page.get("/boxes/new").text
    assert bank.post("/container-types/BOX-9X9/retire").status_code == 409


def test_a_tree_is_shown_then_made(bank: Bank) -> None:
    shown = bank.post("/trees/new", **TREE, act="preview")
    assert shown.status_code == 200
    assert "N01, N02, N03, N04" in shown.text
    assert "N11-B10" in shown.text
    assert bank.page.get("/racks/N01").status_code == 404
    made = bank.post("/trees/new", **TREE, act="make")
    page = bank.page.get(made.location).text
    assert "100" in page
    assert "121" in page
    assert bank.post(made.location + "/go-on").status_code == 302
    assert "All of them are made" in bank.page.get(made.location).text
    assert "N11-B10" in bank.page.get("/racks/N11").text
    for _ in range(2):
        assert bank.post(made.location + "/take-back").status_code == 302
    assert jobs.go_on_with_trees(bank.database, FixedClock(START)) == 0
    assert "taken back" in bank.page.get(made.location).text
    assert "N11" not in bank.page.get("/freezers/LN2-03").text


def test_a_tree_that_cannot_be_says_every_reason(bank: Bank) -> None:
    refused = bank.post("/trees/new", **TREE | {"pattern_1": "R{n:2}", "count_1": "11"}, act="make")
    assert refused.status_code == 422
    assert "R07 is taken already" in refused.text
    bad = bank.post("/trees/new", **TREE | {"pattern_2": "BOX"}, act="preview")
    assert "no pattern of codes" in bad.text
    many = bank.post("/trees/new", **TREE | {"type_2": "NOPE"}, act="preview")
    assert "No container type has the code NOPE" in many.text


def test_a_shape_that_cuts_what_is_inside_is_refused_with_each_occupant(bank: Bank) -> None:
    refused = bank.post("/containers/D-044/shape", **SHAPE | {"rows": "2"})
    assert refused.status_code == 422
    for vial in ("SH-1", "SH-2"):
        assert vial in refused.text
    assert "SH-9; it cannot be cut off" not in refused.text
    taken = bank.post("/containers/D-044/shape", **SHAPE, blocked="C7, A2")
    assert "move it before you block it" in taken.text
    assert bank.post("/containers/D-044/shape", **SHAPE, blocked="A2、B01").status_code == 302
    assert 'aria-label="B1, blocked"' in bank.page.get("/boxes/D-044").text
    other = bank.post(
        "/containers/D-044/shape", **SHAPE | {"labels": "letter24-number"}, blocked="A2"
    )
    assert other.status_code == 302
    assert "SH-1" in bank.page.get("/find?q=SH-1").text


def test_limits_are_kept_and_refused_against_what_is_inside(bank: Bank) -> None:
    refused = bank.post("/containers/LN2-03/limits", tier="master")
    assert refused.status_code == 422
    assert "things in LN2-03 are not allowed" in refused.text
    assert "SH-1 is distribution" in refused.text
    assert (
        bank.post("/containers/D-045/limits", tier="master", quarantine="never").status_code == 302
    )
    page = bank.page.get("/boxes/D-045").text
    assert "master bank, by D-045" in page
    put = bank.post("/vials/SH-3/move", box="D-045", position="A1")
    assert "takes only the tiers master bank" in put.text
    assert "no project" in bank.post("/containers/D-045/limits", project="P9").text
    bank.post("/language", language="zh_Hans", next="/")
    put = bank.post("/vials/SH-3/move", box="D-045", position="A1")
    assert "D-045 只接收库级 主细胞库；SH-3 是 分发库存。" in put.text
    told = bank.api.post(
        "/api/v1/moves",
        json={"moves": [{"vial": "SH-1", "box": "D-045", "position": "A1"}]},
        headers=bank.manager.bearer,
    ).get_json()
    assert "SH-1 是 分发库存" in told["detail"]


def test_heights_and_sizes_are_typed_as_people_write_them(bank: Bank) -> None:
    assert bank.post("/containers/LN2-03/measures", heights="120").status_code == 302
    ten = ", ".join(str(60 * level) for level in range(9, -1, -1))
    assert (
        bank.post("/containers/R07/measures", heights=ten, sizes="tall: 9, 10").status_code == 302
    )
    assert "660 mm above the floor" in bank.page.get("/boxes/D-044").text
    for wrong in (
        {"heights": "1, 2"},
        {"heights": "high"},
        {"sizes": "tall"},
        {"sizes": "tall: 99"},
    ):
        assert bank.post("/containers/R07/measures", **wrong).status_code == 422
    assert "tall: 10" in bank.page.get("/containers/R07/edit").text.replace("9, 10", "10")


def test_a_freezer_gets_another_room_and_other_names(bank: Bank) -> None:
    assert bank.post("/places/Pudong/new", kind="room", code="B2").status_code == 302
    page = bank.page.get("/containers/LN2-03/edit").text
    room = page.split("Pudong · B2")[0].rsplit('value="', 1)[1].split('"')[0]
    for typed, said in (
        ("yesterday", "“yesterday” is not a time"),
        ("2999-01-01 08:00", "has not come yet"),
    ):
        refused = bank.post("/containers/LN2-03/stand", room=room, happened_at=typed)
        assert refused.status_code == 422
        assert said in refused.text
    stand = {"room": room, "happened_at": "2026-05-01 08:00"}
    assert bank.post("/containers/LN2-03/stand", **stand).status_code == 302
    assert "2026-05-01 08:00" in bank.page.get("/history/freezer/LN2-03").text
    assert bank.post("/containers/LN2-03/describe", name="The big one").status_code == 302
    page = bank.page.get("/freezers/LN2-03").text
    assert "B2" in page
    assert "The big one" in page
    assert bank.post("/containers/D-044/stand", room=room).status_code == 404


def test_only_what_is_empty_is_retired_and_says_why(bank: Bank) -> None:
    assert bank.post("/containers/D-044/retire", reason="worn").status_code == 422
    assert bank.post("/containers/D-045/retire").status_code == 422
    assert bank.post("/containers/D-045/retire", reason="worn").location == "/boxes/D-045"
    assert "retired" in bank.page.get("/boxes/D-045").text
    assert "D-045" not in bank.page.get("/racks/R07").text


def boxes_ticked(page: str) -> list[str]:
    return re.findall(r'name="blocked" value="([0-9]+)" checked', page)


def test_positions_are_blocked_in_the_picture(bank: Bank) -> None:
    page = bank.page.get("/containers/D-044/edit").text
    assert 'name="blocked" value="81"' in page
    assert 'name="blocked" value="25"' not in page  # SH-1 is there
    assert "C7 holds SH-1" in page

    form = {"csrf": bank.manager.csrf, "blocked": ["80", "81"]}
    assert bank.page.post("/containers/D-044/blocked", data=form).status_code == 302
    page = bank.page.get("/containers/D-044/edit").text
    assert boxes_ticked(page) == ["80", "81"]
    bank.post("/containers/D-044/shape", **SHAPE | {"labels": "roman-number", "blocked": "I8, I9"})
    assert boxes_ticked(bank.page.get("/containers/D-044/edit").text) == ["80", "81"]

    for one, why in (("25", "holds SH-1; move it before"), ("x", "is not a position")):
        refused = bank.post("/containers/D-044/blocked", blocked=one)
        assert (refused.status_code, why in refused.text) == (422, True), one
    assert bank.post("/containers/D-044/blocked").status_code == 302
    assert boxes_ticked(bank.page.get("/containers/D-044/edit").text) == []
    data = {"csrf": bank.reader.csrf}
    assert (
        bank.reader.browser(bank.app).post("/containers/D-044/blocked", data=data).status_code
        == 403
    )


def test_positions_of_an_own_type_are_blocked_in_the_picture(bank: Bank) -> None:
    bank.post(
        "/container-types/new", code="B3", name="B", kind="box", word="box", rows="3", columns="3"
    )
    form = {"csrf": bank.manager.csrf, "blocked": ["5", "9"]}
    assert bank.page.post("/container-types/B3/blocked", data=form).status_code == 302
    assert boxes_ticked(bank.page.get("/container-types/B3").text) == ["5", "9"]
    assert 'name="blocked"' not in bank.page.get("/container-types/BOX-9X9").text
    assert bank.post("/container-types/BOX-9X9/blocked").status_code == 409


def test_a_tree_of_many_levels_passes_nothing_over(bank: Bank) -> None:
    rack = {"type_1": "RACK-10", "pattern_1": "DEEP-{n}", "count_1": "1"}
    deep = {f"type_{n}": "RACK-10" for n in (2, 3)} | {"type_4": "BOX-9X9"}
    deep |= {f"pattern_{n}": "{parent}-{n}" for n in (2, 3, 4)} | {"count_2": "1", "count_3": "1"}
    shown = bank.post("/trees/new", into="LN2-03", act="preview", **rack, **deep)
    assert "DEEP-1-1-1-10" in shown.text, shown.text
    gap = bank.post("/trees/new", into="LN2-03", act="make", **rack, type_3="BOX-9X9")
    assert gap.status_code == 422
    assert "Choose what goes in here" in gap.text


def test_a_retired_box_offers_nothing_that_it_refuses(bank: Bank) -> None:
    bank.post("/containers/D-045/retire", reason="worn")
    page = bank.page.get("/boxes/D-045").text

    assert "/boxes/D-045/move" not in page
    assert "free positions" not in page
    refused = bank.post("/containers/D-045/limits", tier="master")
    assert (refused.status_code, "it stays as it was" in refused.text) == (422, True)
