"""The API of containers, their types and trees."""

from tests.http.storage.conftest import Bank


def call(
    bank: Bank, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict]:
    answer = bank.api.open(
        f"/api/v1{path}", method=method, json=body, headers={**bank.manager.bearer, **headers}
    )
    return answer.status_code, answer.get_json()


def test_a_type_is_added_read_and_used(bank: Bank) -> None:
    body = {
        "code": "MINI", "name": "Mini", "kind": "box", "word": "box",
        "shape": {"rows": 2, "columns": 2, "labels": "roman-number", "blocked": [4]},
    }  # fmt: skip
    assert call(bank, "POST", "/container-types", body)[0] == 201
    status, found = call(bank, "GET", "/container-types/MINI")
    assert (status, found["shape"]["capacity"], found["shape"]["last"]) == (200, 3, "II2")
    assert {"MINI", "BOX-9X9"} <= {
        one["code"] for one in call(bank, "GET", "/container-types")[1]["items"]
    }
    status, made = call(
        bank, "POST", "/containers", {"kind": "box", "code": "M1", "type": "MINI", "into": "R07"}
    )
    assert (status, made["type"], made["way"][-2]["code"]) == (201, "MINI", "R07")
    assert call(bank, "POST", "/containers", {"kind": "freezer", "code": "F"})[0] == 422


def test_shape_limits_measures_and_end_of_a_container(bank: Bank) -> None:
    _, found = call(bank, "GET", "/containers/D-044")
    assert (found["shape"]["first"], found["shape"]["last"], found["limits"]) == ("A1", "I9", [])
    status, refused = call(bank, "PUT", "/containers/D-044/shape", {"rows": 2, "columns": 9})
    assert (status, len(refused["errors"])) == (409, 2)
    shape = {"rows": 9, "columns": 9, "labels": "letter24-number"}
    assert call(bank, "PUT", "/containers/D-044/shape", shape)[1]["shape"]["last"] == "J9"
    stale = call(bank, "PUT", "/containers/D-044/shape", shape, **{"If-Match": '"1"'})
    assert stale[0] == 412
    limits = {"limits": {"tier": ["distribution", "master"]}}
    assert call(bank, "PUT", "/containers/LN2-03/limits", limits)[0] == 200
    inherited = call(bank, "GET", "/containers/D-044")[1]["limits"]
    assert inherited == [{"by": "LN2-03", "subject": "tier", "values": ["distribution", "master"]}]
    assert (
        call(bank, "PUT", "/containers/LN2-03/limits", {"limits": {"tier": ["master"]}})[0] == 409
    )
    assert call(bank, "PUT", "/containers/LN2-03/measures", {"heights_mm": [120]})[0] == 200
    assert call(bank, "GET", "/containers/R07")[1]["height_mm"] == 120
    assert call(bank, "PUT", "/containers/R07/measures", {"size_classes": {"x": "y"}})[0] == 422
    assert call(bank, "POST", "/containers/D-044/retire", {"reason": "worn"})[0] == 409
    assert call(bank, "POST", "/containers/D-045/retire", {"reason": "worn"})[1]["retired"] is True


def test_every_spelling_of_a_position_is_answered_or_refused(bank: Bank) -> None:
    for at in ("C7", "c07", "C:7", "25", "025"):
        status, found = call(bank, "GET", f"/containers/D-044/positions?at={at}")
        assert (status, found["ordinal"], found["position"]) == (200, 25, "C7")
    assert call(bank, "GET", "/containers/LN2-03/positions?at=1/1/C7")[1]["container"] == "D-044"
    status, refused = call(bank, "GET", "/containers/D-044/positions?at=J1")
    assert (status, refused["code"]) == (422, "no_such_position")


def test_a_tree_is_planned_made_and_taken_back(bank: Bank) -> None:
    levels = [{"type": "RACK-10", "pattern": "N{n:2}", "count": 3}]
    body = {"into": "LN2-03", "levels": levels}
    status, planned = call(bank, "POST", "/container-trees", {**body, "dry_run": True})
    assert (status, [one["code"] for one in planned["planned"]]) == (200, ["N01", "N02", "N03"])
    status, made = call(bank, "POST", "/container-trees", body)
    assert (status, made["state"], made["done"]) == (201, "made", 3)
    assert call(bank, "GET", f"/container-trees/{made['id']}")[1]["total"] == 3
    assert call(bank, "POST", f"/container-trees/{made['id']}/go-on")[0] == 200
    status, again = call(bank, "POST", "/container-trees", body)
    assert (status, len(again["errors"])) == (409, 3)
    back = call(bank, "POST", f"/container-trees/{made['id']}/take-back")
    assert back[1]["state"] == "taken_back"
    assert call(bank, "GET", "/containers/N01")[1]["retired"] is True
    assert call(bank, "GET", "/container-trees/999")[0] == 404


def test_a_vial_is_moved_by_a_full_path_from_the_freezer(bank: Bank) -> None:
    body = {"box": "LN2-03", "position": "1/1/C9"}
    status, moved = call(bank, "POST", "/vials/SH-1/move", body)
    assert (status, moved["box"], moved["position"]) == (200, "D-044", "C9")
    assert call(bank, "POST", "/vials/SH-1/move", {"box": "LN2-03", "position": "1/9/C9"})[0] == 422
    assert call(bank, "POST", "/vials/SH-1/move", {"box": "LN2-03", "position": "1"})[0] == 404
