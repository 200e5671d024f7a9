"""Who is on call: turns, clock changes, layers, overrides, holidays, absences, gaps."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notify.hours import Hours
from server.notify.rota import Cover, Layer, Rota, gaps, shifts, who_is_on

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
LEE, WANG, CHEN = 1, 2, 3
EIGHT = 8 * 60
OFFICE = Hours(frozenset(range(5)), 8 * 60, 18 * 60)
NIGHT = Hours(frozenset({0, 1, 2, 3}), 22 * 60, 7 * 60)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(hours: int = 24, begins: str = "2026-03-01", at: int = EIGHT, **more) -> Layer:
    turns = more.pop("turns", ((LEE,), (WANG,)))
    return Layer("days", turns, hours, date.fromisoformat(begins), at, **more)


def rota(*layers: Layer, zone: ZoneInfo = BERLIN, **more) -> Rota:
    return Rota(zone, layers or (layer(),), **more)


@pytest.mark.parametrize(
    ("zone", "made", "at", "person"),
    [
        # days of Berlin, handed over at 08:00; on 2026-03-29 clocks go from 02:00 to 03:00
        (BERLIN, layer(), "2026-03-01T06:59", None),
        (BERLIN, layer(), "2026-03-01T07:00", LEE),
        (BERLIN, layer(), "2026-03-02T06:59", LEE),
        (BERLIN, layer(), "2026-03-02T07:00", WANG),
        (BERLIN, layer(), "2026-03-29T05:59", WANG),  # 07:59 summer time
        (BERLIN, layer(), "2026-03-29T06:00", LEE),  # 08:00 summer time
        (BERLIN, layer(), "2026-03-30T05:59", LEE),
        (BERLIN, layer(), "2026-03-30T06:00", WANG),
        # a hand-over that the clock leaps over: 02:30 does not exist, so it is 03:30 summer time
        (BERLIN, layer(at=150), "2026-03-29T00:59", WANG),
        (BERLIN, layer(at=150), "2026-03-29T01:29", WANG),
        (BERLIN, layer(at=150), "2026-03-29T01:30", LEE),
        # one that the clock shows twice on 2026-10-25: the first of the two, and no turning back
        (BERLIN, layer(at=150, begins="2026-10-24"), "2026-10-25T00:29", LEE),
        (BERLIN, layer(at=150, begins="2026-10-24"), "2026-10-25T00:30", WANG),
        (BERLIN, layer(at=150, begins="2026-10-24"), "2026-10-25T01:00", WANG),
        (BERLIN, layer(at=150, begins="2026-10-24"), "2026-10-25T01:30", WANG),
        (BERLIN, layer(at=150, begins="2026-10-24"), "2026-10-26T01:29", WANG),
        (BERLIN, layer(at=150, begins="2026-10-24"), "2026-10-26T01:30", LEE),
        # weeks from Monday to Monday, and twelve hours that stay at 08:00 and 20:00 in autumn
        (BERLIN, layer(168, "2026-10-19"), "2026-10-26T06:59", LEE),
        (BERLIN, layer(168, "2026-10-19"), "2026-10-26T07:00", WANG),
        (BERLIN, layer(12, "2026-10-24"), "2026-10-25T06:59", WANG),
        (BERLIN, layer(12, "2026-10-24"), "2026-10-25T07:00", LEE),
        (BERLIN, layer(12, "2026-10-24"), "2026-10-25T18:59", LEE),
        (BERLIN, layer(12, "2026-10-24"), "2026-10-25T19:00", WANG),
        # Shanghai has one time all the year
        (SHANGHAI, layer(), "2026-03-29T00:00", LEE),
        (SHANGHAI, layer(), "2026-03-28T23:59", WANG),
        (SHANGHAI, layer(), "2026-10-26T00:00", WANG),
        # hours of the day, over midnight too: Thursday's night ends on Friday morning
        (BERLIN, layer(hours=24, turns=((LEE,),), at=0), "2026-03-06T03:00", LEE),
        (BERLIN, Layer("n", ((LEE,),), 168, date(2026, 3, 2), 0, NIGHT), "2026-03-06T05:59", LEE),
        (BERLIN, Layer("n", ((LEE,),), 168, date(2026, 3, 2), 0, NIGHT), "2026-03-06T06:00", None),
        (BERLIN, Layer("n", ((LEE,),), 168, date(2026, 3, 2), 0, NIGHT), "2026-03-06T22:00", None),
    ],
)  # fmt: skip
def test_whose_turn_it_is(zone, made, at, person) -> None:
    found = who_is_on(rota(made, zone=zone), utc(at))

    assert found.people == (() if person is None else (person,))
    assert found.why.kind == ("nobody" if person is None else "layer")


def test_a_turn_over_a_clock_change_is_an_hour_shorter_or_longer_and_no_other() -> None:
    for at, hours in (("2026-03-28T12:00", 23), ("2026-10-24T12:00", 25), ("2026-06-01T12:00", 24)):
        found = shifts(rota(), utc(at), utc(at) + timedelta(days=3))
        whole = found[0].until, found[1].until
        first_begins = rota().layers[0].hand_over(BERLIN, rota().layers[0].number(BERLIN, utc(at)))
        assert (whole[0] - first_begins) == timedelta(hours=hours)
        assert whole[1] - whole[0] == timedelta(hours=24)


def test_an_earlier_layer_wins_and_a_later_one_fills_its_holes() -> None:
    both = rota(
        Layer("office", ((LEE,),), 168, date(2026, 3, 2), 0, OFFICE),
        Layer("rest", ((WANG,), (CHEN,)), 168, date(2026, 3, 2), 0),
    )

    found = shifts(both, utc("2026-03-06T12:00"), utc("2026-03-09T12:00"))

    assert [(one.people[0], one.until.isoformat()[:16]) for one in found] == [
        (LEE, "2026-03-06T17:00"), (WANG, "2026-03-08T23:00"), (CHEN, "2026-03-09T07:00"),
        (LEE, "2026-03-09T12:00"),
    ]  # fmt: skip


def test_two_people_may_be_on_together() -> None:
    assert who_is_on(rota(layer(turns=((LEE, WANG),))), utc("2026-03-05T12:00")).people == (1, 2)


def test_the_latest_override_wins_while_it_lasts() -> None:
    week = Cover(utc("2026-03-02T00:00"), utc("2026-03-09T00:00"), CHEN)
    night = Cover(utc("2026-03-04T20:00"), utc("2026-03-05T06:00"), WANG)
    found = rota(layer(turns=((LEE,),)), overrides=(week, night))

    assert who_is_on(found, utc("2026-03-04T19:59")).people == (CHEN,)
    assert who_is_on(found, utc("2026-03-04T20:00")).people == (WANG,)
    assert who_is_on(found, utc("2026-03-05T06:00")).people == (CHEN,)
    assert who_is_on(found, utc("2026-03-09T00:00")).people == (LEE,)
    assert who_is_on(found, utc("2026-03-04T20:00")).why.kind == "override"


@pytest.mark.parametrize(
    ("on_holidays", "other", "people", "kind"),
    [
        ("as_always", None, (LEE,), "layer"),
        ("nobody", None, (), "nobody"),
        ("person", CHEN, (CHEN,), "holiday"),
    ],
)
def test_a_holiday_is_the_whole_day_of_the_zone(on_holidays, other, people, kind) -> None:
    made = layer(turns=((LEE,),), on_holidays=on_holidays, holiday_person=other)
    found = rota(made, holidays={date(2026, 10, 3): "Tag der Deutschen Einheit"})

    for at in ("2026-10-02T22:00", "2026-10-03T21:59"):
        assert who_is_on(found, utc(at)).people == people
        assert who_is_on(found, utc(at)).why.kind == kind
    for at in ("2026-10-02T21:59", "2026-10-03T22:00"):
        assert who_is_on(found, utc(at)).people == (LEE,)


@pytest.mark.parametrize(
    ("absences", "people", "kind"),
    [
        ([(LEE, CHEN)], (CHEN,), "cover"),
        ([(LEE, None)], (WANG,), "layer"),  # the next layer fills the hole
        ([(LEE, CHEN), (CHEN, None)], (WANG,), "layer"),  # who stands in is away too
        ([(LEE, None), (WANG, None)], (), "nobody"),
        ([(CHEN, WANG)], (LEE,), "layer"),
    ],
)
def test_who_is_away_is_replaced_or_left_out(absences, people, kind) -> None:
    day = utc("2026-03-05T00:00"), utc("2026-03-06T00:00")
    away = [Cover(*day, cover, person) for person, cover in absences]
    found = rota(layer(turns=((LEE,),)), layer(turns=((WANG,),)), absences=away)

    assert who_is_on(found, utc("2026-03-05T12:00")).people == people
    assert who_is_on(found, utc("2026-03-05T12:00")).why.kind == kind
    assert who_is_on(found, utc("2026-03-06T00:00")).people == (LEE,)


def test_gaps_are_what_no_layer_and_no_override_fills() -> None:
    made = rota(
        Layer("office", ((LEE,),), 168, date(2026, 3, 2), 0, OFFICE),
        overrides=(Cover(utc("2026-03-06T17:00"), utc("2026-03-08T00:00"), WANG),),
    )

    found = gaps(made, utc("2026-03-06T12:00"), utc("2026-03-09T12:00"))

    assert [(one.begins_at, one.until) for one in found] == [
        (utc("2026-03-08T00:00"), utc("2026-03-09T07:00"))
    ]
    nobody = Rota(BERLIN)
    assert len(gaps(nobody, utc("2026-03-06T12:00"), utc("2026-03-20T12:00"))) == 1


TIMES = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 5)).map(  # noqa: DTZ001  made aware below
    lambda at: at.replace(tzinfo=UTC, second=0, microsecond=0)
)


@given(
    begins=TIMES, days=st.integers(1, 10), hours=st.integers(1, 400), at=st.integers(0, 1439),
    window=st.tuples(st.sets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 1440)),
    minutes=st.integers(0, 14000), zone=st.sampled_from([BERLIN, SHANGHAI, ZoneInfo("Australia/Lord_Howe")]),
)  # fmt: skip
def test_a_strip_of_shifts_says_at_every_moment_what_one_would_be_told(
    begins, days, hours, at, window, minutes, zone
) -> None:
    first = begins.date() - timedelta(days=20)
    limited = Hours(frozenset(window[0]), window[1], window[2])
    made = Rota(
        zone,
        (
            Layer("a", ((LEE,), (WANG,)), hours, first, at, limited),
            Layer("b", ((CHEN,), (WANG,), (LEE,)), 24, first, at),
        ),
    )
    until = begins + timedelta(days=days)

    found = shifts(made, begins, until)

    assert [one.until for one in found[:-1]] == [one.begins_at for one in found[1:]]
    assert (found[0].begins_at, found[-1].until) == (begins, until)
    moment = begins + timedelta(minutes=minutes % (days * 1440))
    holding = next(one for one in found if one.begins_at <= moment < one.until)
    assert (holding.people, holding.why) == (
        who_is_on(made, moment).people, who_is_on(made, moment).why,
    )  # fmt: skip
