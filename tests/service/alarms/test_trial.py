"""A rule is tried against what is stored, before it is watched for, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select

from server.alarms import trial
from server.alarms.models import AlarmRule, Episode
from server.alarms.rules import Wish
from server.alarms.wishes import params_text
from server.core.clock import to_ms
from server.core.errors import Invalid
from server.telemetry.models import Channel, reading
from tests.service.alarms.bank import NOON, make_bank
from tests.support.signed_in import make_app, sign_in

NOW = NOON + timedelta(days=40)
HIGH = Wish("high", "warning", -160.0, 2.0)


@pytest.fixture
def bank(database):
    """Three warm hours, 35, 20 and 3 days ago, in readings of ten minutes."""
    bank = make_bank(database)
    warm = {35 * 144, 20 * 144, 3 * 144}
    rows = []
    for back in range(36 * 144, 0, -1):
        value = -150.0 if any(start - 6 < back <= start for start in warm) else -178.0
        at = to_ms(NOW - timedelta(minutes=10 * back))
        rows.append(
            {"channel_id": bank.channels["top_c"], "at_ms": at, "value": value, "quality": 0}
        )
    with database.writing() as session:
        session.execute(insert(reading), rows)
    return bank


def tried(database, bank, wish, **other):
    with database.reading() as session:
        channel = session.get_one(Channel, bank.channels["top_c"])
        return trial.try_out(session, channel, wish, now=NOW, **other)


def test_it_says_how_often_when_and_how_long(database, bank):
    found = tried(database, bank, HIGH)

    assert (found.times, found.hours) == (2, 2.0)
    assert found.since == NOW - timedelta(days=30)
    newest = found.latest[0]
    assert newest.from_ms == to_ms(NOW - timedelta(days=3))
    assert newest.worst == -150.0


@pytest.mark.parametrize(
    ("wish", "days", "times"),
    [
        (HIGH, 36, 3),
        (HIGH, 1, 0),
        (Wish("high", "critical", -140.0), 36, 0),
        (Wish("high", "warning", -160.0, 2.0, 2400.0), 36, 3),
        (Wish("high", "warning", -160.0, 2.0, 3600.0), 36, 0),
        (Wish("low", "warning", -170.0), 36, 4),
    ],
    ids=["all", "a day", "higher", "forty minutes", "an hour", "low"],
)
def test_delays_and_limits_count_as_they_would_have(database, bank, wish, days, times):
    assert tried(database, bank, wish, days=days).times == times


def rate(limit, direction="both", delay_s=0.0, window_s=1800):
    params = params_text(window_s=window_s, direction=direction)
    return Wish("rate", "warning", limit, 0.0, delay_s, params=params)


@pytest.mark.parametrize(
    ("wish", "times"),
    [
        (rate(0.5), 4),
        (rate(0.5, "up"), 2),
        (rate(0.5, "down"), 2),
        (rate(2.0), 0),
        (rate(0.5, "up", 3600.0), 0),
    ],
    ids=["both", "up", "down", "steeper", "an hour"],
)
def test_a_rate_is_tried_along_its_window(database, bank, wish, times):
    found = tried(database, bank, wish)

    assert found.times == times
    assert all(0.5 < one.worst < 2.0 for one in found.pasts)


@pytest.mark.parametrize(
    ("allowed_s", "delay_s", "times"),
    [(900.0, 0.0, 2), (599.0, 0.0, 30 * 144 - 12), (900.0, 3600.0, 1), (2e5, 0.0, 0)],
    ids=["two gaps", "every reading", "delay", "long"],
)
def test_silences_are_tried_by_the_time_between_readings(database, bank, allowed_s, delay_s, times):
    """Two hours without readings ten days ago, and an hour before now."""
    gaps = [(10 * 144, 10 * 144 - 12), (6, 0)]
    with database.writing() as session:
        for begin, end in gaps:
            came = reading.c.at_ms.between(
                to_ms(NOW - timedelta(minutes=10 * begin - 5)),
                to_ms(NOW - timedelta(minutes=10 * end - 5)),
            )
            session.execute(delete(reading).where(came))

    found = tried(database, bank, Wish("stale", "high", allowed_s, 0.0, delay_s))

    assert found.times == pytest.approx(times, abs=8 if times > 2 else 0)
    if times == 2:
        past, going_on = found.pasts
        assert past.to_ms - past.from_ms == (130 - 15) * 60_000
        assert going_on.to_ms is None


@pytest.mark.parametrize(
    ("wish", "days", "field"),
    [
        (Wish("boiloff", "high", 30.0), 30, "kind"),
        (Wish("high", "high", -999.0), 30, "value"),
        (HIGH, 93, "days"),
        (HIGH, 0, "days"),
    ],
)
def test_what_cannot_be_tried_is_refused_at_its_field(database, bank, wish, days, field):
    with pytest.raises(Invalid) as refused:
        tried(database, bank, wish, days=days)
    assert refused.value.field == field


def test_the_page_and_the_program_try_and_change_nothing(database, bank, tmp_path):
    from server.core.clock import FixedClock

    with database.writing() as session:
        manager = sign_in(session, bank.org_id)
        reader = sign_in(session, bank.org_id, ("read_only",))
    app = make_app(database, tmp_path, FixedClock(NOW))
    form = {"csrf": manager.csrf, "channel": bank.channels["top_c"], "kind": "high",
            "severity": "warning", "value": "-160", "hysteresis": "2"}  # fmt: skip

    shown = manager.browser(app).post("/freezers/LN2-03/alarms/try", data=form)
    assert shown.status_code == 200
    assert "would have raised 2 alarms" in shown.text
    bad = manager.browser(app).post("/freezers/LN2-03/alarms/try", data={**form, "value": "warm"})
    assert bad.status_code == 422
    denied = reader.browser(app).post(
        "/freezers/LN2-03/alarms/try", data={**form, "csrf": reader.csrf}
    )
    assert denied.status_code == 403
    path = f"/api/v1/channels/{bank.channels['top_c']}/alarm-trial"
    wish = {"kind": "high", "severity": "warning", "value": -160, "days": 36}
    headers = {"Authorization": f"Bearer {manager.token}"}
    answer = app.test_client().post(path, json=wish, headers=headers)
    assert answer.json["times"] == 3
    with database.reading() as session:
        for table in (AlarmRule, Episode):
            assert session.scalar(select(func.count()).select_from(table)) == 0
