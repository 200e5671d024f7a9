"""Sample types, custom fields and other codes, as a browser and the API ask for them."""

import pytest

from tests.http.storage.conftest import Bank

PAGES = [
    "/sample-types",
    "/sample-types/new",
    "/custom-fields",
    "/custom-fields/vial/new",
    "/fields/vial/SH-1",
    "/fields/lot/L-0412",
    "/fields/line/SCB-0041",
    "/fields/container/D-044",
    "/vials/SH-1/codes",
]


def call(
    bank: Bank, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict]:
    answer = bank.api.open(
        f"/api/v1{path}", method=method, json=body, headers={**bank.manager.bearer, **headers}
    )
    return answer.status_code, answer.get_json()


def _define(bank: Bank, subject: str = "vial", **more: str) -> None:
    wanted = {
        "code": "viability",
        "name": "Viability",
        "kind": "number",
        "unit": "%",
        "least": "0",
        "most": "100",
    }
    answer = bank.post(f"/custom-fields/{subject}/new", **{**wanted, **more})
    assert answer.status_code == 302, answer.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_who_may_edit_only(bank: Bank, path: str) -> None:
    assert bank.page.get(path).status_code == 200
    assert bank.reader.browser(bank.app).get(path).status_code == 403


def test_a_type_is_added_chosen_shown_and_retired(bank: Bank) -> None:
    facts = {"name": "Small bag", "vessel": "bag", "size_class": "bag-20", "largest_ul": "20000"}
    assert bank.post("/sample-types/new", code="my-bag", **facts).status_code == 302
    assert bank.post("/sample-types/new", code="bag-50", **facts).status_code == 422
    entered = bank.post(
        "/boxes/D-044/vials", lot="L-0412", codes="BAG-1\nBAG-2", sample_type="my-bag"
    )
    assert entered.status_code == 302
    assert "Small bag" in bank.page.get("/vials/BAG-1").text
    assert "my-bag" in bank.page.get("/vials").text
    assert ">2<" in bank.page.get("/sample-types").text
    smaller = {**facts, "largest_ul": "10000", "name": "Bag"}
    assert bank.post("/sample-types/my-bag/edit", **smaller).status_code == 302
    assert bank.post("/sample-types/my-bag/edit", version="1", **smaller).status_code == 422
    bank.post("/sample-types/my-bag/retire")
    again = bank.post("/boxes/D-044/vials", lot="L-0412", codes="BAG-3", sample_type="my-bag")
    assert again.status_code == 422
    assert "offered no longer" in again.text
    assert bank.post("/sample-types/bag-50/retire").status_code == 409


@pytest.mark.parametrize(
    ("subject", "code", "page"),
    [
        ("vial", "SH-1", "/vials/SH-1"),
        ("lot", "L-0412", "/lots/L-0412"),
        ("line", "SCB-0041", "/lines/SCB-0041"),
        ("container", "D-044", "/boxes/D-044"),
        ("container", "R07", "/racks/R07"),
        ("container", "LN2-03", "/freezers/LN2-03"),
    ],
)
def test_a_field_is_filled_on_a_form_and_shown_on_the_page(
    bank: Bank, subject: str, code: str, page: str
) -> None:
    _define(bank, subject)

    wrong = bank.post(f"/fields/{subject}/{code}", **{"field.viability": "120"})
    right = bank.post(f"/fields/{subject}/{code}", **{"field.viability": "97.5"})

    assert wrong.status_code == 422
    assert "Viability: 120 was typed; a number of 0 … 100 % is expected." in wrong.text
    assert 'value="120"' in wrong.text
    assert right.status_code == 302
    assert "97.5 %" in bank.page.get(page).text


def test_a_filled_field_is_found_keeps_its_kind_and_is_retired(bank: Bank) -> None:
    _define(bank)
    _define(bank, code="note", name="Note", kind="text", unit="", least="", most="")
    bank.post("/fields/vial/SH-1", **{"field.viability": "97.5", "field.note": "rare"})

    listed = bank.page.get("/vials?field.viability=97.5").text
    assert "SH-1" in listed
    assert "SH-2" not in listed
    kind = {"name": "Viability", "kind": "text"}
    changed = bank.post("/custom-fields/vial/viability/edit", **kind)
    assert changed.status_code == 422
    assert "filled in once" in changed.text
    bank.post("/custom-fields/vial/note/up")
    page = bank.page.get("/fields/vial/SH-1").text
    assert page.index("field.note") < page.index("field.viability")
    bank.post("/custom-fields/vial/note/retire")
    assert "field.note" not in bank.page.get("/fields/vial/SH-1").text
    assert "rare" in bank.page.get("/vials/SH-1").text


def test_the_api_tells_and_takes_fields_with_the_version_that_was_seen(bank: Bank) -> None:
    _define(bank)
    _define(bank, code="clean", name="Clean", kind="yes_no", unit="", least="", most="")
    _, before = call(bank, "GET", "/vials/SH-1")
    seen = {"If-Match": f'"{before["version"]}"'}

    status, now = call(
        bank, "PATCH", "/vials/SH-1", {"fields": {"viability": 97, "clean": True}}, **seen
    )
    assert (status, now["fields"]) == (200, {"viability": 97.0, "clean": True})
    assert now["version"] == before["version"] + 1
    assert call(bank, "PATCH", "/vials/SH-1", {"fields": {"viability": 1}}, **seen)[0] in (409, 412)
    status, refused = call(bank, "PATCH", "/vials/SH-1/fields", {"fields": {"viability": "x"}})
    assert (status, refused["field"]) == (422, "viability")
    status, emptied = call(bank, "PATCH", "/vials/SH-1/fields", {"fields": {"viability": None}})
    assert (status, emptied["fields"]) == (200, {"clean": True})
    _define(bank, "lot")
    assert call(bank, "PATCH", "/lots/L-0412/fields", {"fields": {"viability": 5}})[0] == 200
    assert call(bank, "GET", "/lots/L-0412/fields")[1]["fields"] == {"viability": 5.0}
    assert [one["code"] for one in call(bank, "GET", "/custom-fields")[1]["items"]] == [
        "viability", "clean", "viability",
    ]  # fmt: skip


def test_the_api_defines_changes_orders_and_retires_fields(bank: Bank) -> None:
    wanted = {"code": "viability", "name": "Viability", "kind": "number", "least": 0, "most": 100}
    status, made = call(bank, "POST", "/custom-fields/vial", wanted)
    assert (status, made["offered"], made["most"]) == (201, True, 100.0)
    assert call(bank, "POST", "/custom-fields/vial", wanted)[0] == 409
    assert call(bank, "POST", "/custom-fields/vial", {**wanted, "code": "clean", "kind": "yes_no", "least": None, "most": None})[0] == 201  # fmt: skip
    assert call(bank, "PATCH", "/vials/SH-1/fields", {"fields": {"viability": 97}})[0] == 200

    here = "/custom-fields/vial/viability"
    seen = {"If-Match": f'"{made["version"]}"'}
    assert call(bank, "PUT", here, {**wanted, "most": 90})[0] == 409  # 97 stands in it
    status, now = call(bank, "PUT", here, {**wanted, "name": "Alive"}, **seen)
    assert (status, now.get("name")) == (200, "Alive"), now
    assert call(bank, "PUT", here, wanted, **seen)[0] in (409, 412)
    assert call(bank, "PUT", here, {**wanted, "code": "other"})[0] == 409

    assert call(bank, "PUT", "/custom-fields/vial", {"codes": ["clean"]})[0] == 422
    assert call(bank, "PUT", "/custom-fields/vial", {"codes": ["clean", "viability"]})[0] == 200
    assert call(bank, "GET", here)[1]["place"] == 2
    assert call(bank, "PUT", f"{here}/offered", {"offered": False})[1]["offered"] is False
    assert call(bank, "PUT", f"{here}/offered", {"offered": True})[1]["offered"] is True
    reader = bank.api.put(f"/api/v1{here}", json=wanted, headers=bank.reader.bearer)
    assert reader.status_code == 403


def test_the_api_adds_a_sample_type_of_the_own(bank: Bank) -> None:
    wanted = {"code": "my-bag", "name": "Small bag", "vessel": "bag", "largest_ul": 20000}
    status, made = call(bank, "POST", "/sample-types", wanted)
    assert (status, made["offered"], made["largest_ul"]) == (201, True, 20000)
    assert call(bank, "POST", "/sample-types", wanted)[0] == 409
    field = {"code": "seal", "name": "Seal", "kind": "text", "sample_type": "my-bag"}
    assert call(bank, "POST", "/custom-fields/vial", field)[1]["sample_type"] == "my-bag"
    assert call(bank, "POST", "/custom-fields/vial", {**field, "code": "s2", "sample_type": "none"})[0] == 404  # fmt: skip


def test_the_api_enters_samples_of_a_type_with_their_fields(bank: Bank) -> None:
    _define(bank, required="yes")
    body = {"lot": "L-0412", "codes": ["ST-1", "ST-2"], "sample_type": "straw-0.5"}

    assert call(bank, "POST", "/vials", body)[0] == 422
    status, made = call(bank, "POST", "/vials", {**body, "fields": {"viability": 90}})

    assert status == 201
    assert [(one["sample_type"], one["fields"]) for one in made["items"]] == [
        ("straw-0.5", {"viability": 90.0})
    ] * 2
    assert (
        call(bank, "PATCH", "/vials/ST-1", {"sample_type": "cryovial"})[1]["sample_type"]
        == "cryovial"
    )
    assert call(bank, "PATCH", "/vials/ST-1", {"sample_type": "jar"})[0] == 422
    codes = [one["code"] for one in call(bank, "GET", "/sample-types")[1]["items"]]
    assert {"cryovial", "bag-50", "plate-96"} <= set(codes)


def test_a_tube_with_a_new_label_is_found_by_it_and_that_is_said(bank: Bank) -> None:
    assert bank.post("/vials/SH-1/codes", alias="NEW-1", kind="label").status_code == 302
    taken = bank.post("/vials/SH-2/codes", alias="new-1", kind="label")

    assert taken.status_code == 422
    assert "every code is given once" in taken.text
    for path in ("/find?q=NEW-1", "/vials/NEW-1"):
        page = bank.page.get(path)
        assert page.status_code == 200
        assert "Found by its other code" in page.text
    assert "Found by its other code" not in bank.page.get("/find?q=SH-1").text
    moved = bank.post("/move", vial="NEW-1", box="D-044", position="A2")
    assert moved.status_code == 302
    status, found = call(bank, "GET", "/vials/NEW-1")
    assert (status, found["code"], found["aliases"], found["position"]) == (
        200, "SH-1", ["NEW-1"], "A2",
    )  # fmt: skip
    _, hits = call(bank, "GET", "/find?q=NEW-1")
    assert hits["hits"] == [{"kind": "vial", "code": "SH-1", "name": "NEW-1"}]
    entered = bank.post("/boxes/D-044/vials", lot="L-0412", codes="NEW-1")
    assert entered.status_code == 422
    assert (
        call(bank, "POST", "/vials/SH-2/aliases", {"code": "THEIRS", "kind": "external"})[0] == 200
    )
    assert call(bank, "POST", "/vials/SH-2/aliases", {"code": "SH-1"})[0] == 409
