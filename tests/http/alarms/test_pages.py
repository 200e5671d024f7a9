"""The alarm pages and their API, through the whole app."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from server.alarms import service
from server.alarms.models import AlarmRule, Episode
from server.core.clock import SystemClock
from server.core.db import Database
from server.notify.models import CallStep
from server.outbox.models import Letter, LetterTry
from server.telemetry.models import Channel
from tests.service.alarms.bank import Bank, add_rule, add_step, make_bank
from tests.support.signed_in import SignedIn, make_app, sign_in


@dataclass(frozen=True)
class House:
    app: Flask
    database: Database
    bank: Bank
    manager: SignedIn
    reader: SignedIn
    stranger: SignedIn
    alarm_id: int

    def page(self, path: str, who: SignedIn | None = None) -> str:
        answer = (who or self.manager).browser(self.app).get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, who: SignedIn | None = None, **fields: object) -> object:
        person = who or self.manager
        return person.browser(self.app).post(path, data={"csrf": person.csrf, **fields})


@pytest.fixture
def house(make_database_url: object, tmp_path: Path) -> Iterator[House]:
    database = Database(make_database_url("sqlite"))
    bank, other = make_bank(database), make_bank(database, "BJ")
    now = SystemClock().now()
    with database.writing() as session:
        add_step(session, bank, 1, name="lee")
        rule = add_rule(session, bank)
        alarm_id = service.raise_episode(
            session, rule, raised_at=now, value=-149.0, drill="", now=now
        )
        manager = sign_in(session, bank.org_id)
        reader = sign_in(session, bank.org_id, ("read_only",))
        stranger = sign_in(session, other.org_id)
    yield House(make_app(database, tmp_path), database, bank, manager, reader, stranger, alarm_id)
    database.close()


def test_the_board_shows_what_is_wrong_and_who_was_told(house: House) -> None:
    text = house.page("/alarms")

    assert "Top probe too warm" in text
    assert "LN2-03 · Pudong B1.04" in text
    assert f"/alarms/{house.alarm_id}/acknowledge" in text
    assert "Lee" in text
    assert "not acknowledged" in text  # the strip


def test_the_board_on_a_wall_is_the_same_live_board_with_a_clock(house: House) -> None:
    text = house.page("/alarms/wall", house.reader)

    assert 'class="wall"' in text
    assert 'data-clock data-zone="Asia/Shanghai"' in text
    assert "Top probe too warm" in text
    assert 'data-live-url="/alarms/stream"' in text
    assert "Top probe" not in house.page("/alarms/wall", house.stranger)
    assert "/alarms/wall" in house.page("/alarms")


def test_who_may_only_read_gets_no_button_and_another_bank_sees_nothing(house: House) -> None:
    assert "/acknowledge" not in house.page("/alarms", house.reader)
    assert house.post(f"/alarms/{house.alarm_id}/acknowledge", house.reader).status_code == 403
    assert "Top probe" not in house.page("/alarms", house.stranger)
    assert house.stranger.browser(house.app).get(f"/alarms/{house.alarm_id}").status_code == 404
    assert house.post(f"/alarms/{house.alarm_id}/acknowledge", house.stranger).status_code == 404


def test_an_alarm_is_acknowledged_once(house: House) -> None:
    first = house.post(f"/alarms/{house.alarm_id}/acknowledge", comment="on my way")
    second = house.post(f"/alarms/{house.alarm_id}/acknowledge")

    assert (first.status_code, second.status_code) == (302, 409)
    assert "has already acknowledged" in second.text
    assert "on my way" in house.page(f"/alarms/{house.alarm_id}")
    assert "not acknowledged" not in house.page("/alarms")


def test_the_stream_sends_board_and_strip_at_once_each_viewer_with_their_own_token(
    house: House,
) -> None:
    answer = house.manager.browser(house.app).get("/alarms/stream", buffered=False)
    first = next(iter(answer.response))
    answer.close()

    said = first.decode() if isinstance(first, bytes) else first
    assert answer.mimetype == "text/event-stream"
    assert "event: board\n" in said
    assert "event: strip\n" in said
    assert house.manager.csrf in said
    assert "@@csrf@@" not in said


def test_the_history_can_be_narrowed(house: House) -> None:
    assert "Top probe too warm" in house.page("/alarms/history?severity=critical&freezer=ln2-03")
    assert "There is no such alarm" in house.page("/alarms/history?state=over")


def test_nonsense_stays_as_typed_with_a_sentence_beside_it(house: House) -> None:
    path = "/freezers/LN2-03/alarms"
    channel = house.bank.channels["top_c"]

    refused = house.post(path, channel=channel, kind="high", severity="high", value="-400")
    taken = house.post(path, channel=channel, kind="high", severity="high", value="-155.5")

    assert refused.status_code == 422
    assert "cannot be" in refused.text
    assert 'value="-400"' in refused.text
    assert taken.status_code == 302
    assert "above −155.5\u2009°C" in house.page(path)


def test_a_rule_is_switched_off_only_with_a_reason(house: House) -> None:
    with house.database.reading() as session:
        rule_id = session.scalars(select(AlarmRule.id)).one()

    assert house.post(f"/alarms/rules/{rule_id}/off", reason=" ", hours="4").status_code == 422
    assert house.post(f"/alarms/rules/{rule_id}/off", reason="moved").status_code == 422
    too_long = house.post(f"/alarms/rules/{rule_id}/off", reason="moved", hours="169")
    assert "at most 168 h" in too_long.text
    assert house.post(f"/alarms/rules/{rule_id}/off", reason="moved", hours="4").status_code == 302
    assert "switched off: moved" in house.page("/freezers/LN2-03/alarms")
    with house.database.reading() as session:
        assert session.scalars(select(Episode.cleared_at)).one() is not None


def test_home_says_first_what_burns_and_the_freezer_shows_its_alarms(house: House) -> None:
    assert "LN2-03: Top probe too warm" in house.page("/")
    assert "What is watched" in house.page("/freezers/LN2-03")


def test_what_is_over_is_nowhere_told_as_present(house: House) -> None:
    with house.database.writing() as session:
        channel = session.get_one(Channel, house.bank.channels["top_c"])
        channel.latest_value, rule = -188.0, session.scalars(select(AlarmRule)).one()
        service.clear_episode(
            session, rule, at=SystemClock().now(), drill="", now=SystemClock().now()
        )

    board, home = house.page("/alarms"), house.page("/")
    freezer, one = house.page("/freezers/LN2-03"), house.page(f"/alarms/{house.alarm_id}")

    assert "−188\u2009°C" in board
    assert "worst −149\u2009°C, limit −150" in board
    assert "over after" in board
    for text in (home, freezer, one):
        assert "Top probe was up to 1\u2009K above its limit" in text
        assert "over, not acknowledged." in text
        assert "above its limit since" not in text
    assert "badge critical" not in home + freezer


def test_scripts_read_answer_and_configure(house: House) -> None:
    client, bearer = house.app.test_client(), house.manager.bearer
    channel = house.bank.channels["level_mm"]
    listed = client.get("/api/v1/alarms?state=open", headers=bearer).json
    assert [alarm["freezer"] for alarm in listed["items"]] == ["LN2-03"]

    answered = client.post(
        f"/api/v1/alarms/{house.alarm_id}/acknowledge", json={"comment": "seen"}, headers=bearer
    )
    assert answered.json["comment"] == "seen"
    wish = {"kind": "low", "severity": "high", "value": 150}
    made = client.post(f"/api/v1/channels/{channel}/alarm-rules", json=wish, headers=bearer)
    assert made.status_code == 201
    again = client.post(f"/api/v1/channels/{channel}/alarm-rules", json=wish, headers=bearer)
    assert (again.status_code, again.json["code"]) == (422, "same_rule")
    off = f"/api/v1/alarm-rules/{made.json['id']}/off"
    forever = client.post(off, json={"reason": "empty", "hours": 1e300}, headers=bearer)
    assert (forever.status_code, forever.json["code"]) == (422, "bad_duration")
    wish = {"reason": "empty", "hours": 24}
    assert client.post(off, json=wish, headers=bearer).json["enabled"] is False


def test_the_call_list_is_kept_by_page_and_hides_what_is_secret(house: House) -> None:
    added = house.post(
        "/notify",
        org="SH",
        webhook="https://pager.example/hook?key=k",
        secret="no-token-holds-this",
        wait_min="1",
    )
    refused = house.post(
        "/notify", org="SH", webhook="pager", secret="no-token-holds-this", wait_min="1"
    )

    text = house.page("/notify")
    assert added.status_code == 302
    assert "pager.example" in text
    assert "key=k" not in text
    assert refused.status_code == 422
    assert "no-token-holds-this" not in refused.text
    with house.database.reading() as session:
        step = session.scalars(select(CallStep.id).where(CallStep.webhook != "")).one()
    assert house.post(f"/notify/{step}/up", house.stranger).status_code == 404
    assert house.post(f"/notify/{step}/up").status_code == 302
    assert house.post(f"/notify/{step}/remove").status_code == 302


def test_a_letter_shows_each_try_but_not_its_text_which_may_hold_a_link(house: House) -> None:
    with house.database.writing() as session:
        letter = session.scalars(select(Letter)).one()
        session.add(
            LetterTry(
                letter_id=letter.id, at=letter.created_at, took_ms=17, sent=False, error="550 no"
            )
        )

    text = house.page(f"/letters/{letter.id}")

    assert "550 no" in text
    assert "17 ms" in text
    assert letter.body.splitlines()[0] not in text
    assert house.stranger.browser(house.app).get(f"/letters/{letter.id}").status_code == 404


def test_letters_that_were_given_up_are_shown_and_sent_again(house: House) -> None:
    with house.database.writing() as session:
        letter = session.scalars(select(Letter)).one()
        letter.state, letter.last_error = "given_up", "550 unknown"

    text = house.page("/letters?state=given_up")

    assert "550 unknown" in text
    assert "Mail is not configured" in text
    assert "550 unknown" not in house.page("/letters", house.stranger)
    assert house.post(f"/letters/{letter.id}/again", house.stranger).status_code == 404
    assert house.post(f"/letters/{letter.id}/again").status_code == 302
    assert house.post(f"/letters/{letter.id}/again").status_code == 302
    with house.database.reading() as session:
        assert session.scalars(select(Letter.state)).one() == "waiting"
