"""A number that no column can hold is told in words, not as our own fault."""

import pytest

from tests.support.signed_in import make_app, sign_in

HUGE = "9" * 23


@pytest.mark.parametrize(
    "path",
    [
        f"/alarms/{HUGE}",
        f"/people/{HUGE}",
        f"/alarms/history?page={HUGE}",
        f"/channels/{HUGE}",
        f"/letters?page={HUGE}",
    ],
)
def test_a_number_too_large_is_no_fault_of_ours(database, tmp_path, path):
    app = make_app(database, tmp_path)
    with database.writing() as session:
        person = sign_in(session, roles=("administrator",), everywhere=True)
    answer = person.browser(app).get(path)

    assert answer.status_code in {200, 404, 422}
